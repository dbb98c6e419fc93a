"""Whom a message would reach if it went out now: the same people as its plan would have, without writing one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.domain.states import REACHED, State
from services.runtime.postgres import Connection
from services.store.participants import TAKES_PART
from services.store.selecting import EVERYONE, Selected


@dataclass(frozen=True, slots=True)
class Whom:
    """The same as in `plan.PlanFor`: `order` is that of all audiences, `people` are those that the message names.

    `told` are the numbers of messages whose recipients in `told_states` are recipients of this one too, on the channels
    on which they were reached, or with `widely` on all. `exercise_in` is the incident of an exercise, which goes to its
    participants alone if it has a list of them. `newsletter`: whoever unsubscribed from it is left out. `selection`
    narrows `people`.
    """

    order: Sequence[str]
    people: Sequence[str]
    told: Sequence[int] = ()
    told_states: Collection[State] = REACHED
    widely: bool = False
    exercise_in: str | None = None
    newsletter: int | None = None
    selection: Selected = EVERYONE


async def count(connection: Connection, whom: Whom) -> int:
    """How many contacts these are."""
    query = f"{planned(whom)} SELECT count(*) FROM planned"
    row = await (await connection.execute(query.encode(), values_of(whom))).fetchone()
    return int(row[0]) if row else 0


def planned(whom: Whom) -> str:
    """CTEs up to `planned (contact, rank, channels)`, with the parameters `values_of`; more may follow."""
    return _PLANNED.replace(_NARROWED, whom.selection.narrows("contact"))


def values_of(whom: Whom) -> dict[str, Any]:
    """The parameters of `planned`."""
    return {
        "order": list(whom.order),
        "people": list(whom.people),
        "told": list(whom.told),
        "told_states": [int(state) for state in whom.told_states],
        "widely": whom.widely,
        "exercise_in": whom.exercise_in,
        "newsletter": whom.newsletter,
        **whom.selection.values,
    }


_NARROWED: Final = "/* narrowed */"

# The rules of services.store.plan: named, or reached by what was told before; the first audience in the order.
_PLANNED: Final = f"""
WITH ranked AS (SELECT audience, rank FROM unnest(%(order)s::text[]) WITH ORDINALITY o (audience, rank)),
reached AS (
    SELECT d.message, d.sequence, d.contact, v.audience, CASE WHEN NOT %(widely)s THEN v.channel END AS channel
    FROM delivery d
    JOIN variant v ON v.message = d.message AND v.number = d.variant
    WHERE d.message = ANY (%(told)s::bigint[]) AND d.contact IS NOT NULL
      AND (d.state = ANY (%(told_states)s::smallint[]) OR d.doubts > 0)
      AND (d.step = 0 OR d.step <= (SELECT o.open_step FROM message o WHERE o.number = d.message))
), named AS (
    SELECT contact, audience, NULL AS channel FROM contact_audience
    WHERE audience = ANY (%(people)s::text[])/* narrowed */
    UNION SELECT contact, audience, channel FROM reached
    UNION SELECT s.contact, r.audience, r.channel FROM shared_delivery s JOIN reached r USING (message, sequence)
), planned AS (
    SELECT n.contact, min(r.rank) AS rank, array_agg(n.channel) FILTER (WHERE n.channel IS NOT NULL) AS channels
    FROM named n JOIN ranked r USING (audience)
    JOIN contact c ON c.id = n.contact AND c.removed_at IS NULL
    WHERE {TAKES_PART.format(incident="%(exercise_in)s::text", contact="c.id")}
        AND (%(newsletter)s::bigint IS NULL OR NOT EXISTS (
            SELECT FROM unsubscription u WHERE u.newsletter = %(newsletter)s AND u.contact = c.id))
    GROUP BY n.contact
)"""

WHERE_TO: Final = """JOIN ranked o USING (rank)
    LEFT JOIN address mail
        ON mail.contact = p.contact AND mail.channel = 'mail' AND mail.current AND mail.value IS NOT NULL
    LEFT JOIN address sms
        ON sms.contact = p.contact AND sms.channel = 'sms' AND sms.current AND sms.value IS NOT NULL"""
