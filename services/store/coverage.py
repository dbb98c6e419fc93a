"""Who would not be reached if a message went out now: the question to ask before the crisis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row


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
