"""Who would not be reached if a message went out now: the question to ask before the crisis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from services.domain.states import State


@dataclass(frozen=True, slots=True)
class AudienceCoverage:
    """How many contacts an audience has, and how many of them cannot be reached."""

    audience: str
    contacts: int
    without_mail: int
    without_number: int
    without_both: int


@dataclass(frozen=True, slots=True)
class MunicipalityCoverage:
    """How many contacts of a municipality there are, and how many have an address."""

    municipality: str
    contacts: int
    with_mail: int
    with_number: int


async def audience_coverage(connection: AsyncConnection[Any], audiences: Sequence[str]) -> list[AudienceCoverage]:
    """One for each of the audiences, in their order, also for those without contacts."""
    cursor = connection.cursor(row_factory=class_row(AudienceCoverage))
    await cursor.execute(
        """SELECT wanted.audience, count(c.id) AS contacts,
               count(c.id) FILTER (WHERE mail.id IS NULL) AS without_mail,
               count(c.id) FILTER (WHERE sms.id IS NULL) AS without_number,
               count(c.id) FILTER (WHERE mail.id IS NULL AND sms.id IS NULL) AS without_both
           FROM unnest(%s::text[]) WITH ORDINALITY AS wanted (audience, place)
           LEFT JOIN contact_audience member USING (audience)
           LEFT JOIN contact c ON c.id = member.contact AND c.removed_at IS NULL
           LEFT JOIN address mail ON mail.contact = c.id AND mail.channel = 'mail' AND mail.current
           LEFT JOIN address sms ON sms.contact = c.id AND sms.channel = 'sms' AND sms.current
           GROUP BY wanted.audience, wanted.place ORDER BY wanted.place""",
        (list(audiences),),
    )
    return await cursor.fetchall()


async def municipality_coverage(
    connection: AsyncConnection[Any], municipalities: Sequence[str], *, audience: str
) -> list[MunicipalityCoverage]:
    """One for each of the municipalities, in their order: its contacts in this audience, for only they are told."""
    cursor = connection.cursor(row_factory=class_row(MunicipalityCoverage))
    await cursor.execute(
        """SELECT wanted.municipality, count(c.id) AS contacts,
               count(mail.id) AS with_mail, count(sms.id) AS with_number
           FROM unnest(%s::text[]) WITH ORDINALITY AS wanted (municipality, place)
           LEFT JOIN (contact c JOIN contact_audience member ON member.contact = c.id AND member.audience = %s)
               ON c.municipality = wanted.municipality AND c.removed_at IS NULL
           LEFT JOIN address mail ON mail.contact = c.id AND mail.channel = 'mail' AND mail.current
           LEFT JOIN address sms ON sms.contact = c.id AND sms.channel = 'sms' AND sms.current
           GROUP BY wanted.municipality, wanted.place ORDER BY wanted.place""",
        (list(municipalities), audience),
    )
    return await cursor.fetchall()


async def members(connection: AsyncConnection[Any]) -> dict[str, int]:
    """How many contacts each audience has, of those that have any."""
    rows = await connection.execute(
        """SELECT m.audience, count(*) FROM contact_audience m
           JOIN contact c ON c.id = m.contact AND c.removed_at IS NULL GROUP BY m.audience"""
    )
    return dict(await rows.fetchall())


@dataclass(frozen=True, slots=True)
class DeputyCoverage:
    """How many contacts of an audience nobody stands in for."""

    audience: str
    contacts: int
    without_deputy: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one contact of a municipality can be had. `mail_since`, `number_since`: since when it does not work; None:
    it does. Without an address it never worked, or not since its last one went; a mail that came back does not work,
    nor does a number that wants no more SMS."""

    municipality: str
    role: str
    mail_since: datetime | None
    number_since: datetime | None
    has_deputy: bool


async def deputy_coverage(connection: AsyncConnection[Any], audiences: Sequence[str]) -> list[DeputyCoverage]:
    """One for each of the audiences, in their order."""
    cursor = connection.cursor(row_factory=class_row(DeputyCoverage))
    await cursor.execute(
        """SELECT wanted.audience, count(c.id) AS contacts, count(c.id) FILTER (WHERE NOT EXISTS (
                   SELECT FROM contact_deputy y JOIN contact d ON d.id = y.deputy AND d.removed_at IS NULL
                   WHERE y.contact = c.id)) AS without_deputy
           FROM unnest(%s::text[]) WITH ORDINALITY AS wanted (audience, place)
           LEFT JOIN contact_audience member USING (audience)
           LEFT JOIN contact c ON c.id = member.contact AND c.removed_at IS NULL
           GROUP BY wanted.audience, wanted.place ORDER BY wanted.place""",
        (list(audiences),),
    )
    return await cursor.fetchall()


async def standings(connection: AsyncConnection[Any], *, audience: str) -> list[Standing]:
    """Every contact of a municipality in this audience."""
    cursor = connection.cursor(row_factory=class_row(Standing))
    await cursor.execute(_STANDINGS.encode(), {"audience": audience, "bounced": int(State.BOUNCED)})
    return await cursor.fetchall()


_SINCE: Final = """CASE
    WHEN {address}.value IS NULL THEN coalesce(gone.{channel}, c.created_at)
    ELSE {broken} END AS {name}"""

# The last copy to this version of the address decides.
_BOUNCED: Final = """(SELECT CASE WHEN d.state = %(bounced)s THEN coalesce(d.accepted_at, m.released_at) END
    FROM delivery d JOIN message m ON m.number = d.message WHERE d.address = mail.id
    ORDER BY d.message DESC LIMIT 1)"""

_STANDINGS: Final = f"""
SELECT c.municipality, btrim(regexp_replace(lower(c.role), '\\s+', ' ', 'g')) AS role,
    {_SINCE.format(address="mail", channel="mail", broken=_BOUNCED, name="mail_since")},
    {_SINCE.format(address="sms", channel="sms", broken="o.at", name="number_since")},
    EXISTS (SELECT FROM contact_deputy y JOIN contact d ON d.id = y.deputy AND d.removed_at IS NULL
        WHERE y.contact = c.id) AS has_deputy
FROM contact c JOIN contact_audience member ON member.contact = c.id AND member.audience = %(audience)s
LEFT JOIN address mail ON mail.contact = c.id AND mail.channel = 'mail' AND mail.current
LEFT JOIN address sms ON sms.contact = c.id AND sms.channel = 'sms' AND sms.current
LEFT JOIN opt_out o ON o.number = sms.value
LEFT JOIN (
    SELECT contact, max(ended_at) FILTER (WHERE channel = 'mail') AS mail,
        max(ended_at) FILTER (WHERE channel = 'sms') AS sms
    FROM address WHERE NOT current GROUP BY contact
) gone ON gone.contact = c.id
WHERE c.removed_at IS NULL AND c.user_id IS NULL AND c.municipality IS NOT NULL
"""
