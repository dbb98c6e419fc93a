"""Settling what will not be sent any more, many batches in one short statement."""

from typing import Final

from services.domain.states import UNSENT
from services.runtime.postgres import Connection
from services.store.ledger_sql import COUNTED, COUNTED_BATCH, COUNTS, HALT, HALTED, ROWS, TOLD, halted_case


async def withdraw_unsent(connection: Connection, message: int, *, source: str, batches: int = 1) -> int:
    """Settle what so many batches of a stopped or expired message still held unsent; returns how many there were.

    One statement: in autocommit a transaction, else the caller commits. Batches that somebody else has locked are left
    to a later call, so that two dispatchers do not wait for each other, nor for a worker that settles.
    """
    values = {"message": message, "batches": batches, "source": source, "epoch": -1}
    row = await (await connection.execute(_WITHDRAW.encode(), values)).fetchone()
    return int(row[0]) if row else 0


_UNSENT: Final = f"state IN ({', '.join(f'{state:d}' for state in sorted(UNSENT))})"

_LOCKED: Final = f"""
locked AS MATERIALIZED (
    SELECT b.ctid AS place, b.message, b.number, b.first_sequence, b.last_sequence, {HALT} AS halt
    FROM batch b JOIN message m ON m.number = b.message
    WHERE b.message = %(message)s AND b.planned + b.deferred > 0 AND b.planned + b.deferred + b.claimed > 0
    AND {HALTED}
    ORDER BY b.number LIMIT %(batches)s FOR UPDATE OF b SKIP LOCKED
)"""

_ENDED: Final = halted_case(unless="state", doubt="doubts > 0")

_WITHDRAW: Final = f"""
WITH {_LOCKED}, {ROWS.format(more="l.halt,")}, judged AS MATERIALIZED (
    SELECT place, message, number, contacts, epoch, again, accepted_at, {_UNSENT} AS unsent,
        CASE WHEN {_UNSENT} THEN {_ENDED} ELSE state END AS state
    FROM rows
), written AS (
    UPDATE delivery SET state = {_ENDED} FROM (SELECT DISTINCT halt FROM locked) message
    WHERE ctid = ANY(ARRAY(SELECT place FROM judged WHERE unsent))
), {COUNTED}, settled AS (
    UPDATE batch b SET {COUNTS} FROM counted n WHERE {COUNTED_BATCH} RETURNING b.*
), {TOLD}
SELECT count(*) FROM locked
"""
