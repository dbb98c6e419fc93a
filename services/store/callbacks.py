"""A flood of callbacks, kept in a table of its own until it is merged into the ledger.

A provider that reports a blast in any order touches every batch, and each touch counts its 200 rows anew: recorded one
round after the other that is most of what PostgreSQL does. Kept first, they are answered at the price of one INSERT,
and a batch is touched once for all that was said of it meanwhile (decision 0036).
"""

from collections.abc import Sequence
from typing import Final

from services.domain.sms_failures import OPTED_OUT
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import ledger, opt_outs
from services.store.ledger import Result

BATCHES: Final = 20
"""Merged in one transaction: 4,000 deliveries, so that a worker that holds one of them waits for a moment only."""


async def record(connection: Connection, message: int, results: Sequence[Result], *, source: str) -> set[int]:
    """Merge these into the ledger now, and heed who opted out. The caller commits.

    Returns the sequence numbers that there are.
    """
    known = await ledger.report(connection, message, results, source=source)
    if gone := sorted({each.sequence for each in results if each.reason == OPTED_OUT} & known):
        await opt_outs.add_of(connection, message, gone)
    return known


async def keep(connection: Connection, message: int, results: Sequence[Result]) -> set[int]:
    """Keep these until they are merged. The caller commits, and may answer then: nothing kept is ever lost.

    Returns the sequence numbers that there are.
    """
    columns = (
        [each.sequence for each in results], [int(each.state) for each in results], [each.code for each in results],
        [each.reason for each in results], [each.provider_id for each in results], [each.at for each in results],
    )  # fmt: skip
    found = await connection.execute(_KEEP, (*columns, message))
    return {sequence for (sequence,) in await found.fetchall()}


async def merge(connection: Connection, *, source: str) -> int:
    """Merge what is kept of some batches of one message; how many were merged, 0 when nothing is left to merge.

    The caller commits. What another process is merging at this moment is left to it.
    """
    rows = await (await connection.execute(_TAKE, (BATCHES,))).fetchall()
    if not rows:
        return 0
    results = [
        Result(sequence, 0, State(state), code=code, reason=reason, provider_id=provider_id, at=at)
        for _, sequence, state, code, reason, provider_id, at in rows
    ]
    await record(connection, rows[0][0], results, source=source)
    return len(rows)


_KEEP: Final = """
INSERT INTO callback (message, batch, sequence, state, code, reason, provider_id, at)
SELECT b.message, b.number, s.sequence, s.state, s.code, s.reason, s.provider_id, s.at
FROM unnest(%s::int[], %s::smallint[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[])
    s (sequence, state, code, reason, provider_id, at)
JOIN batch b ON b.message = %s AND s.sequence BETWEEN b.first_sequence AND b.last_sequence
RETURNING sequence
"""

# The message of the oldest that nobody else holds, and of that message the batches that come first.
_TAKE: Final = """
WITH oldest AS (
    SELECT message FROM callback ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
), batches AS (
    SELECT DISTINCT c.message, c.batch FROM callback c JOIN oldest o ON o.message = c.message ORDER BY c.batch LIMIT %s
), taken AS MATERIALIZED (
    SELECT c.id FROM callback c JOIN batches b ON b.message = c.message AND b.batch = c.batch
    FOR UPDATE OF c SKIP LOCKED
)
DELETE FROM callback WHERE id = ANY(ARRAY(SELECT id FROM taken))
RETURNING message, sequence, state, code, reason, provider_id, at
"""
