"""Whom a message would reach if it went out now: the same people as its plan would have, without writing one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from services.domain.states import REACHED, State
from services.store.participants import TAKES_PART

MOST_NAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class Whom:
    """The same as in `plan.PlanFor`: `order` is that of all audiences, `people` are those that the message names.

    `told` are the numbers of messages whose recipients in `told_states` are recipients of this one too. `exercise_in`
    is the incident of an exercise, which goes to its participants alone if it has a list of them.
    """

    order: Sequence[str]
    people: Sequence[str]
    told: Sequence[int] = ()
    told_states: Collection[State] = REACHED
    exercise_in: str | None = None


@dataclass(frozen=True, slots=True)
class AudienceReach:
    """The contacts who would get this audience's version, and how many of them have no address on a channel."""

    audience: str
    contacts: int
    without_mail: int
    without_number: int


@dataclass(frozen=True, slots=True)
class NotReached:
    """A contact who would not be reached on a channel, for want of an address there."""

    external_id: str
    name: str
    audience: str
    channel: str


async def reach(connection: AsyncConnection[Any], whom: Whom) -> list[AudienceReach]:
    """For each audience that somebody is planned in, in the configured order. Someone in several counts once."""
    cursor = connection.cursor(row_factory=class_row(AudienceReach))
    await cursor.execute(
        f"""{PLANNED} SELECT o.audience, count(*) AS contacts,
                count(*) FILTER (WHERE mail.id IS NULL) AS without_mail,
                count(*) FILTER (WHERE sms.id IS NULL) AS without_number
            FROM planned p {WHERE_TO} GROUP BY o.audience, o.rank ORDER BY o.rank""".encode(),
        _values(whom),
    )
    return await cursor.fetchall()


async def not_reached(connection: AsyncConnection[Any], whom: Whom, channels: Sequence[str]) -> list[NotReached]:
    """Those without an address on one of the channels, audience by audience; at most `MOST_NAMES`."""
    cursor = connection.cursor(row_factory=class_row(NotReached))
    await cursor.execute(
        f"""{PLANNED} SELECT c.external_id, c.name, o.audience, lacking.channel
            FROM planned p {WHERE_TO} JOIN contact c ON c.id = p.contact
            JOIN LATERAL (VALUES ('mail', mail.id IS NULL), ('sms', sms.id IS NULL)) lacking (channel, yes)
                ON lacking.yes AND lacking.channel = ANY (%(channels)s)
            ORDER BY o.rank, c.id, lacking.channel LIMIT %(most)s""".encode(),
        {**_values(whom), "channels": list(channels), "most": MOST_NAMES},
    )
    return await cursor.fetchall()


def _values(whom: Whom) -> dict[str, Any]:
    return {
        "order": list(whom.order),
        "people": list(whom.people),
        "told": list(whom.told),
        "told_states": [int(state) for state in whom.told_states],
        "exercise_in": whom.exercise_in,
    }


# The rules of services.store.plan: named, or reached by what was told before; the first audience in the order.
PLANNED: Final = f"""
WITH ranked AS (SELECT audience, rank FROM unnest(%(order)s::text[]) WITH ORDINALITY o (audience, rank)),
reached AS (
    SELECT d.message, d.sequence, d.contact, v.audience FROM delivery d
    JOIN variant v ON v.message = d.message AND v.number = d.variant
    WHERE d.message = ANY (%(told)s::bigint[]) AND d.contact IS NOT NULL
      AND (d.state = ANY (%(told_states)s::smallint[]) OR d.doubts > 0)
), named AS (
    SELECT contact, audience FROM contact_audience WHERE audience = ANY (%(people)s::text[])
    UNION SELECT contact, audience FROM reached
    UNION SELECT s.contact, r.audience FROM shared_delivery s JOIN reached r USING (message, sequence)
), planned AS (
    SELECT n.contact, min(r.rank) AS rank FROM named n JOIN ranked r USING (audience)
    JOIN contact c ON c.id = n.contact AND c.removed_at IS NULL
    WHERE {TAKES_PART.format(incident="%(exercise_in)s::text", contact="c.id")} GROUP BY n.contact
)"""

WHERE_TO: Final = """JOIN ranked o USING (rank)
    LEFT JOIN address mail
        ON mail.contact = p.contact AND mail.channel = 'mail' AND mail.current AND mail.value IS NOT NULL
    LEFT JOIN address sms
        ON sms.contact = p.contact AND sms.channel = 'sms' AND sms.current AND sms.value IS NOT NULL"""
