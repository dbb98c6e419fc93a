"""The steps of a message that goes out in an order: kept at its proof, opened one after the other.

`message.open_step` decides what may be claimed; a row here says when, and why, its step was opened. Only the database's
clock counts, and whoever opens a step holds the message's row: so a step is opened once, and never of a message that
is paused, stopped or past its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.domain.release_order import ReleaseStep
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store.messages import SENDABLE


@dataclass(frozen=True, slots=True)
class Opened:
    """A step that may be sent from now on. `why`: delay, share, at-most or empty."""

    step: int
    why: str


async def record(connection: Connection, message: int, order: Sequence[ReleaseStep]) -> None:
    """Keep the order of a message; again changes nothing."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _RECORD,
            [
                (
                    message, number, _listed(step.audiences), _listed(step.channels), step.after,
                    step.when.accepted / 100 if step.when else None, step.when.at_most if step.when else None,
                )
                for number, step in enumerate(order)
            ],
        )  # fmt: skip


async def open_first(connection: Connection, message: int) -> None:
    """The message was released in this transaction: its first step is open, and the clock of the second runs."""
    await connection.execute(_OPEN_FIRST, (message,))


async def due(connection: Connection) -> list[int]:
    """Numbers of the messages of which a step may be opened now; whoever opens it asks again, with the row locked."""
    rows = await connection.execute(_DUE.encode(), {"message": None})
    return [number for number, _, _ in await rows.fetchall()]


async def open_next(connection: Connection, message: int) -> Opened | None:
    """Open the next step of a message, if it is due; None when it is not, or was opened meanwhile. The caller commits.

    Locks the message's row; call it within a transaction that holds no batch.
    """
    locked = await connection.execute("SELECT FROM message WHERE number = %s FOR NO KEY UPDATE", (message,))
    if locked.rowcount == 0:
        return None
    row = await (await connection.execute(_DUE.encode(), {"message": message})).fetchone()
    if row is None:
        return None
    _, step, why = row
    await connection.execute(_OPEN, {"message": message, "step": step, "why": why})
    await connection.execute("UPDATE message SET open_step = %s WHERE number = %s", (step, message))
    return Opened(step, why)


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)


_RECORD: Final = """
INSERT INTO release_step (message, step, audiences, channels, after_seconds, share, at_most_seconds)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

_OPEN_FIRST: Final = """
UPDATE release_step s SET opened_at = m.released_at, clock_from = m.released_at, opened_by = 'release'
FROM message m WHERE m.number = s.message AND s.message = %s AND s.step = 0
"""

_OPEN: Final = """
UPDATE release_step SET opened_at = now.at, clock_from = now.at, opened_by = %(why)s
FROM (SELECT clock_timestamp() AS at) now WHERE message = %(message)s AND step = %(step)s
"""

_PASSED: Final = "clock_timestamp() >= before.clock_from + make_interval(secs => {seconds})"
_AWAITED: Final = " + ".join(f"b.{state.word}" for state in State if state is not State.SUPPRESSED)

# `share` is a real: 0.1 is a little more than a tenth, hence whole percents. An empty step makes nobody wait.
_DUE: Final = f"""
SELECT * FROM (
    SELECT m.number, s.step, CASE
        WHEN n.awaited = 0 THEN 'empty'
        WHEN NOT {_PASSED.format(seconds="s.after_seconds")} THEN NULL
        WHEN s.share IS NULL THEN 'delay'
        WHEN n.accepted * 100 >= n.awaited * round(s.share * 100) THEN 'share'
        WHEN {_PASSED.format(seconds="s.at_most_seconds")} THEN 'at-most'
    END AS why
    FROM release_step s JOIN message m ON m.number = s.message AND s.step = m.open_step + 1
    JOIN release_step before ON before.message = s.message AND before.step = m.open_step
    CROSS JOIN LATERAL (
        SELECT coalesce(sum({_AWAITED}), 0) AS awaited, coalesce(sum(b.accepted + b.delivered), 0) AS accepted
        FROM batch b WHERE b.message = m.number AND b.step = m.open_step
    ) n
    WHERE s.opened_at IS NULL AND {SENDABLE}
    AND (%(message)s::bigint IS NULL OR s.message = %(message)s::bigint)
) steps WHERE why IS NOT NULL
"""
