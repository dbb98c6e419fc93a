"""Taking work: the next batch for a worker, or one that a dead worker held. One statement each.

Batches of several messages lie in the index of what may be claimed, some of them paused or not yet due by the
thousand. So a claim first goes from message to message, one look-up each, and then straight to the first batch.
"""

from collections.abc import Sequence
from typing import Any, Final

from services.domain.batches import BatchRef
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store.ledger_sql import COUNTED, COUNTED_BATCH, COUNTS, ROWS
from services.store.ledger_types import Claim, Delivery
from services.store.messages import RELEASED, SENDABLE


async def claim(connection: Connection, *, epoch: int, channel: str, lanes: Sequence[str]) -> Claim | None:
    """Claim the first announced batch of these lanes in which there is work; None when there is none.

    First is: correction, all-clear, alert, update; then the older message; then what is due again; then the order of
    the plan. One statement: on a connection in autocommit it is a transaction, else the caller commits.
    """
    return await _take(connection, _CLAIM, {"channel": channel, "lanes": list(lanes), "epoch": epoch})


async def inherit(connection: Connection, *, epoch: int, channel: str) -> Claim | None:
    """Take over one batch that a dead worker of this channel held; None when there is none. Commits like `claim`.

    What it had claimed is in doubt: it may have been sent. The claim passes on, so that a message that was stopped
    meanwhile can still be cleared up, and nothing new is claimed.
    """
    return await _take(connection, _INHERIT, {"channel": channel, "epoch": epoch})


async def with_work(connection: Connection, refs: Sequence[BatchRef], channel: str) -> set[BatchRef]:
    """Those of these batches that exist on this channel and may be claimed now."""
    rows = await connection.execute(
        _WITH_WORK.encode(),
        {"messages": [ref.message for ref in refs], "numbers": [ref.number for ref in refs], "channel": channel},
    )
    return {BatchRef(message, number) for message, number in await rows.fetchall()}


async def _take(connection: Connection, query: str, values: dict[str, Any]) -> Claim | None:
    while True:
        cursor = connection.cursor(binary=True)
        await cursor.execute(query.encode(), values)
        found = await cursor.fetchone()
        if found is None:
            return None
        message, number, message_id, channel, lane, released_at, expires_at, corrects, taken, *columns = found
        if taken:  # else the batch changed while the statement began
            deliveries = tuple(map(Delivery, *columns)) if columns[0] else ()
            ref = BatchRef(message, number)
            epoch: int = values["epoch"]
            return Claim(ref, message_id, channel, lane, epoch, released_at, expires_at, deliveries, corrects)


_ANNOUNCED: Final = "b.epoch IS NULL AND b.announced_at IS NOT NULL AND b.planned + b.deferred > 0"
"""The predicate of index `batch_claimable`."""

_BATCH: Final = f"""b.ctid AS place, b.message, b.number, b.first_sequence, b.last_sequence, b.epoch AS dead,
    b.channel, b.lane, coalesce(b.due <= statement_timestamp(), false) AS due, m.id,
    {RELEASED} AS released_at, m.expires_at,
    m.corrects"""

_FIRST: Final = f"""
SELECT * FROM (
    SELECT {_BATCH} FROM batch b JOIN message m ON m.number = b.message
    WHERE b.message = road.message AND b.channel = %(channel)s AND b.lane = ANY(%(lanes)s) AND b.step <= m.open_step
    AND {_ANNOUNCED} AND {SENDABLE} AND {{ready}} LIMIT 1 FOR UPDATE OF b SKIP LOCKED FOR SHARE OF m
) {{name}}"""

# A row a message, in the order of claiming: the next one is looked up behind the last.
_ROADS: Final = f"""
RECURSIVE roads (priority, message) AS (
    (SELECT b.priority, b.message FROM batch b WHERE b.channel = %(channel)s AND {_ANNOUNCED}
        ORDER BY b.priority, b.message LIMIT 1)
    UNION ALL
    SELECT following.* FROM roads CROSS JOIN LATERAL (
        SELECT b.priority, b.message FROM batch b WHERE b.channel = %(channel)s AND {_ANNOUNCED}
        AND (b.priority, b.message) > (roads.priority, roads.message) ORDER BY b.priority, b.message LIMIT 1
    ) following
)"""

_LOCKED: Final = f"""{_ROADS}, locked AS MATERIALIZED (
    SELECT first.* FROM (
        SELECT r.message FROM roads r JOIN message m ON m.number = r.message WHERE {SENDABLE}
        ORDER BY r.priority, r.message
    ) road CROSS JOIN LATERAL (
        {_FIRST.format(name="due_again", ready="b.deferred > 0 AND b.due <= statement_timestamp() ORDER BY b.due")}
        UNION ALL
        {_FIRST.format(name="planned", ready="b.planned > 0 ORDER BY b.number")}
    ) first LIMIT 1
)"""

_ORPHAN: Final = f"""locked AS MATERIALIZED (
    SELECT {_BATCH} FROM batch b JOIN message m ON m.number = b.message JOIN worker w ON w.epoch = b.epoch
    WHERE w.ended_at IS NOT NULL AND b.channel = %(channel)s
    ORDER BY b.priority, b.message, b.number LIMIT 1 FOR UPDATE OF b SKIP LOCKED FOR SHARE OF m
)"""

_TAKE: Final = f"""
WITH {{locked}}, {ROWS.format(more="l.due, l.dead,")}, judged AS MATERIALIZED (
    SELECT r.place, r.message, r.number, r.contacts, r.epoch, r.accepted_at, {{ours}} AS ours,
        r.again OR {{twice}} AS again, {{twice}} AS twice,
        CASE WHEN {{ours}} THEN {State.CLAIMED:d} ELSE r.state END AS state
    FROM rows r
), written AS (
    UPDATE delivery d SET state = {State.CLAIMED:d}, epoch = %(epoch)s, attempt = d.attempt + 1,
        doubts = d.doubts + {{doubt}}, again = d.again OR {{again}}
    WHERE d.ctid = ANY(ARRAY(SELECT place FROM judged WHERE ours))
    RETURNING d.sequence, d.attempt, d.variant, d.doubts, d.contact, d.address, d.attempt - d.given_back AS tries
), {{merged}}{COUNTED}, settled AS (
    UPDATE batch b SET epoch = %(epoch)s, claimed_at = clock_timestamp(), {COUNTS}
    FROM counted n WHERE {COUNTED_BATCH} RETURNING true
), people AS (
    SELECT w.sequence, w.attempt, w.variant, w.doubts, w.contact, a.value, coalesce(c.name, '') AS name,
        coalesce(c.organisation, '') AS organisation, coalesce(c.municipality, '') AS municipality,
        coalesce(c.role, '') AS role, w.tries
    FROM written w LEFT JOIN contact c ON c.id = w.contact LEFT JOIN address a ON a.id = w.address ORDER BY w.sequence
)
SELECT l.message, l.number, l.id, l.channel, l.lane, l.released_at, l.expires_at, l.corrects,
    (SELECT true FROM settled), p.*
FROM locked l CROSS JOIN (
    SELECT array_agg(sequence), array_agg(attempt), array_agg(variant), array_agg(doubts), array_agg(contact),
        array_agg(value), array_agg(name), array_agg(organisation), array_agg(municipality), array_agg(role),
        array_agg(tries)
    FROM people
) p"""

_CLAIM: Final = _TAKE.format(
    locked=_LOCKED,
    ours=f"(r.state = {State.PLANNED:d} OR (r.state = {State.DEFERRED:d} AND r.due))",
    doubt=0,
    again="false",
    twice="false",
    merged="",
)

# In doubt for a second time: two copies may be out, whether or not anybody ever reports the second. So too of what
# somebody else reported while the dead one held it: that one may have sent it all the same.
_INHERIT: Final = _TAKE.format(
    locked=_ORPHAN,
    ours=f"(r.state = {State.CLAIMED:d} AND coalesce(r.epoch = r.dead, false))",
    doubt=1,
    again="d.doubts > 0",
    twice="(coalesce(r.epoch = r.dead, false) AND r.doubts > 0)",
    merged="""merged AS (
    UPDATE delivery SET again = true, epoch = NULL
    WHERE ctid = ANY(ARRAY(SELECT place FROM judged WHERE twice AND NOT ours))
), """,
)

_WITH_WORK: Final = f"""
SELECT b.message, b.number FROM batch b JOIN message m ON m.number = b.message
JOIN unnest(%(messages)s::bigint[], %(numbers)s::int[]) wanted (message, number)
    ON wanted.message = b.message AND wanted.number = b.number
WHERE b.channel = %(channel)s AND {_ANNOUNCED} AND (b.planned > 0 OR b.due <= clock_timestamp())
AND b.step <= m.open_step AND {SENDABLE}
"""
