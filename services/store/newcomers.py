"""Who came into the audiences of a released message after its proof, and sending it to them too.

They get batches of their own, with their origin; who shares an address with somebody in the plan stands behind that
copy, as at the proof, and is told nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row

from services.domain.lanes import CHANNELS
from services.domain.release_order import step_of
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import plan, plan_sql
from services.store.giving_way import giving_way
from services.store.ledger_sql import COUNTED, COUNTED_BATCH, COUNTS, ROWS, TOLD
from services.store.plan import PlanFor
from services.store.selecting import EVERYONE, Selected

ORIGIN: Final = "newcomers"
MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A contact who is in one of the message's audiences now, and not in its plan."""

    contact: int
    external_id: str
    name: str
    audience: str


async def found(
    connection: Connection, message: int, audiences: Sequence[str], selection: Selected = EVERYONE
) -> list[Newcomer]:
    """Those in these audiences of people (in the configured order) who are not in the plan; at most `MOST`.

    In an exercise with a list of participants only those on it; of a newsletter nobody who unsubscribed. `selection` is
    that of the message: who does not fit it did not come in.
    """
    since = await _since(connection, message) if selection == EVERYONE else None
    values = {"message": message, "people": list(audiences), "most": MOST, "since": since, **selection.values}
    query = _FOUND.replace(_NARROWED, selection.narrows("c.id") + (_CHANGED if since else ""))
    async with connection.cursor(row_factory=class_row(Newcomer)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


async def _since(connection: Connection, message: int) -> datetime | None:
    """Who was not changed since then did not come in; None where one may come in otherwise: a list, a subscription.

    Long before the proof: a contact bears the time at which its import began.
    """
    row = await (await connection.execute(_SINCE, (message,))).fetchone()
    return row[0] if row else None


async def append(connection: Connection, planned: PlanFor, contacts: Sequence[int], *, source: str) -> int:
    """Plan the message for these newcomers too; returns how many. Call with the message's row locked; announce after.

    `planned` is what its plan was made from.
    """
    values: dict[str, Any] = {
        "message": planned.message, "language": planned.language, "order": list(planned.audience_order),
        "people": list(planned.people), "contacts": list(contacts), "source": source, "epoch": -1,
        "named": list(planned.named or planned.channels), "segments": list(planned.segments),
        "planned": int(State.PLANNED), "suppressed": int(State.SUPPRESSED),
    }  # fmt: skip
    await connection.execute("DROP TABLE IF EXISTS planned_recipient, planned_delivery")
    count = (await connection.execute(_RECIPIENTS, values)).rowcount
    for channel in (c for c in CHANNELS if c in planned.channels and c != "newsfeed"):
        steps = [step_of(planned.release_order, audience, channel) for audience in planned.audience_order]
        await _append(connection, planned, values | {"channel": channel, "steps": steps})
    await connection.execute("UPDATE message SET recipients = recipients + %s WHERE number = %s",
                             (count, planned.message))  # fmt: skip
    await connection.execute("DROP TABLE planned_recipient")
    return count


async def _append(connection: Connection, planned: PlanFor, values: dict[str, Any]) -> None:
    row = await (await connection.execute(LAST, values)).fetchone()
    values = values | {"after": row[0] if row else 0}
    await connection.execute(plan_sql.candidates(in_steps=True, in_segments=bool(planned.segments)), values)
    await connection.execute(MET, values)
    await stand_behind(connection, values)
    await connection.execute(RENUMBER)
    await connection.execute(plan_sql.DELIVERIES, values)
    await connection.execute(plan_sql.SHARED, values)
    in_steps = await (await connection.execute(plan_sql.IN_STEPS)).fetchall()
    await connection.execute("DROP TABLE planned_delivery")
    await plan.write_steps(connection, planned, values["channel"], values["after"], in_steps, origin=ORIGIN)


async def stand_behind(connection: Connection, values: dict[str, Any]) -> None:
    """Whoever has an address to which a copy goes already stands behind that one; its batch is counted anew.

    Of `planned_delivery`, by the table `met`: which of its copies (`stands`) meets which delivery (`sequence`). Drops
    that table; `values` have message, source and epoch -1.
    """
    shared = (await connection.execute(_BEHIND, values)).rowcount
    if shared:
        await connection.execute(_MORE, values)
        async with giving_way(connection):
            await connection.execute(_RECOUNT.encode(), values)
    await connection.execute("DELETE FROM planned_delivery p USING met WHERE met.stands = p.stands")
    await connection.execute("DROP TABLE met")


_NARROWED: Final = "/* narrowed */"
_CHANGED: Final = " AND c.updated_at > %(since)s::timestamptz"

_SINCE: Final = """
SELECT proofed_at - interval '1 hour' FROM message WHERE number = %s AND NOT exercise AND kind <> 'edition'
"""

# Sets: each is read once, whatever a planner believes of a plan this young. Without a candidate the plan is not read.
_FOUND: Final = """
WITH candidate AS MATERIALIZED (
    SELECT DISTINCT c.id AS contact FROM contact_audience a JOIN contact c ON c.id = a.contact
    WHERE a.audience = ANY(%(people)s::text[]) AND c.removed_at IS NULL/* narrowed */
), came AS MATERIALIZED (
    SELECT contact FROM candidate EXCEPT (
        SELECT contact FROM delivery
        WHERE message = %(message)s AND contact IS NOT NULL AND EXISTS (SELECT FROM candidate)
        UNION ALL SELECT contact FROM shared_delivery WHERE message = %(message)s)
)
SELECT c.id AS contact, c.external_id, c.name,
    (%(people)s::text[])[min(array_position(%(people)s::text[], a.audience))] AS audience
FROM came JOIN contact c ON c.id = came.contact
JOIN contact_audience a ON a.contact = c.id AND a.audience = ANY(%(people)s::text[])
JOIN message m ON m.number = %(message)s
WHERE (NOT m.exercise OR NOT EXISTS (SELECT FROM incident_participant p WHERE p.incident = m.incident)
    OR EXISTS (SELECT FROM incident_participant p WHERE p.incident = m.incident AND p.contact = c.id))
AND NOT EXISTS (
    SELECT FROM unsubscription u JOIN newsletter n ON n.id = u.newsletter
    WHERE n.incident = m.incident AND u.contact = c.id
)
GROUP BY c.id ORDER BY c.id LIMIT %(most)s
"""

_RECIPIENTS: Final = """
CREATE TEMP TABLE planned_recipient AS
SELECT c.id AS contact, coalesce(c.chosen_language, c.language) AS language,
    CASE WHEN c.province = ANY(%(segments)s::text[]) THEN c.province ELSE '' END AS segment,
    min(array_position(%(order)s::text[], a.audience)) AS rank,
    NULL::text[] AS channels
FROM contact_audience a JOIN contact c ON c.id = a.contact AND c.removed_at IS NULL
WHERE c.id = ANY(%(contacts)s::bigint[]) AND a.audience = ANY(%(people)s::text[]) GROUP BY c.id
"""

LAST: Final = "SELECT coalesce(max(sequence), 0) FROM delivery WHERE message = %(message)s"

# From each newcomer to what lies at their address, as in `services.store.additions`.
MET: Final = """
CREATE TEMP TABLE met AS
SELECT p.stands, there.sequence FROM planned_delivery p JOIN address own ON own.id = p.address
CROSS JOIN LATERAL (
    SELECT d.sequence FROM address theirs JOIN delivery d ON d.address = theirs.id AND d.message + 0 = %(message)s
    WHERE theirs.channel = %(channel)s AND lower(theirs.value) = lower(own.value) ORDER BY d.sequence LIMIT 1
) there WHERE p.contact = p.stands
"""
"""Which copy of `planned_delivery` (`stands`) would go to an address to which a delivery (`sequence`) goes already."""

_BEHIND: Final = """
INSERT INTO shared_delivery (message, contact, sequence)
SELECT %(message)s, p.contact, met.sequence FROM planned_delivery p JOIN met USING (stands)
"""

_MORE: Final = """
UPDATE delivery d SET contacts = d.contacts + n.more
FROM (SELECT met.sequence, count(*) AS more FROM planned_delivery p JOIN met USING (stands) GROUP BY 1) n
WHERE d.message = %(message)s AND d.sequence = n.sequence
"""

_RECOUNT: Final = f"""
WITH locked AS MATERIALIZED (
    SELECT b.ctid AS place, b.message, b.number, b.first_sequence, b.last_sequence FROM batch b
    WHERE b.message = %(message)s AND EXISTS (
        SELECT FROM met WHERE met.sequence BETWEEN b.first_sequence AND b.last_sequence
    ) ORDER BY b.number FOR UPDATE
), {ROWS.format(more="")}, judged AS MATERIALIZED (
    SELECT place, message, number, contacts, epoch, again, accepted_at, state FROM rows
), {COUNTED}, settled AS (
    UPDATE batch b SET {COUNTS} FROM counted n WHERE {COUNTED_BATCH} RETURNING b.*
), {TOLD}
SELECT count(*) FROM settled
"""

# Those who stand behind another's copy left gaps in the numbering.
RENUMBER: Final = """
UPDATE planned_delivery p SET sequence = n.sequence
FROM (
    SELECT contact, row_number() OVER (ORDER BY sequence) AS sequence FROM planned_delivery WHERE sequence IS NOT NULL
) n WHERE p.contact = n.contact AND p.sequence IS NOT NULL
"""
