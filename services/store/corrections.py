"""Corrections: which one puts a message right, how long that took, and whom it has not reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.domain.states import GOOD, REACHED
from services.runtime.postgres import Connection
from services.store import messages
from services.store.messages import Message

PENDING: Final = ("submitted", "proofed", "approved")


@dataclass(frozen=True, slots=True)
class Correction:
    """How a correction stands.

    `corrects`: the id of what it puts right. `minutes_to_correction`: from the first acceptance of that error (its
    release, when nothing of it was accepted) to the `first` and `last` acceptance of this correction; None: none yet.
    `not_reached`: how many got the error, or may have, and have no accepted copy of this correction.
    """

    corrects: UUID
    minutes_to_correction: dict[str, float | None]
    not_reached: int


async def of(connection: Connection, corrected: int, *, apart_from: UUID) -> Message | None:
    """The correction of this message that was released or still may be; a message with the id `apart_from` is none."""
    return await _latest(connection, "kind = 'correction' AND corrects = %(it)s", corrected, apart_from)


async def pending(connection: Connection, corrected: int) -> UUID | None:
    """The id of the correction of this message that waits to be proofed, approved or released; None: there is none."""
    row = await (
        await connection.execute(
            "SELECT id FROM message WHERE corrects = %s AND kind = 'correction' AND state = ANY(%s) LIMIT 1",
            (corrected, list(PENDING)),
        )
    ).fetchone()
    return row[0] if row else None


async def all_clear_of(connection: Connection, incident: str, *, apart_from: UUID) -> Message | None:
    """The latest all-clear of this incident after which nothing but corrections was released."""
    found = await _latest(connection, "kind = 'all-clear' AND incident = %(it)s", incident, apart_from)
    if found is None:
        return None
    since = [
        each for each in await messages.told_in(connection, incident)
        if each.kind in ("alert", "update") and each.corrects is None
        and found.released_at and each.released_at and each.released_at > found.released_at
    ]  # fmt: skip
    return None if since else found


async def alerts_under_way(connection: Connection, incident: str, *, before: int) -> list[int]:
    """The numbers of the alerts and updates of this incident that go out or are about to, older than `before`."""
    rows = await connection.execute(
        "SELECT number FROM message WHERE incident = %s AND number < %s AND kind IN ('alert', 'update')"
        " AND corrects IS NULL AND state IN ('approved', 'released') ORDER BY number",
        (incident, before),
    )
    return [number for (number,) in await rows.fetchall()]


async def corrected_by(connection: Connection, message: int) -> list[UUID]:
    """The ids of the released corrections of this message, the latest last."""
    rows = await connection.execute(
        "SELECT id FROM message WHERE corrects = %s AND kind = 'correction' AND released_at IS NOT NULL"
        " ORDER BY number",
        (message,),
    )
    return [message_id for (message_id,) in await rows.fetchall()]


async def about(connection: Connection, message: Message) -> Correction | None:
    """How this correction stands; None for a message that is none."""
    chain = await corrected(connection, message) if message.kind == "correction" else []
    if not chain:
        return None
    row = await (await connection.execute(_TIMES, {"message": message.number, "error": chain[0].number})).fetchone()
    error, first, last = row if row else (None, None, None)
    since = error or chain[0].released_at
    missed = await (await connection.execute(_COUNT.encode(), values(message, chain))).fetchone()
    return Correction(
        corrects=chain[0].id,
        minutes_to_correction={"first": _minutes(since, first), "last": _minutes(since, last)},
        not_reached=int(missed[0]) if missed else 0,
    )


async def corrected(connection: Connection, message: Message) -> list[Message]:
    """What this message corrects, and what that one corrected in its turn, the nearest first."""
    found: list[Message] = []
    number = message.corrects
    while number is not None and (original := await messages.by_number(connection, number)):
        found.append(original)
        number = original.corrects
    return found


def values(message: Message, chain: Sequence[Message]) -> dict[str, Any]:
    """The values of `NOT_CORRECTED`."""
    return {
        "message": message.number, "told": [each.number for each in chain],
        "reached": [int(state) for state in REACHED], "good": [int(state) for state in GOOD],
    }  # fmt: skip


async def _latest(connection: Connection, where: str, it: object, apart_from: UUID) -> Message | None:
    row = await (
        await connection.execute(
            f"""SELECT number FROM message WHERE {where} AND id <> %(apart)s
                AND (released_at IS NOT NULL AND state <> 'withdrawn' OR state = ANY(%(pending)s))
                ORDER BY number DESC LIMIT 1""".encode(),
            {"it": it, "apart": apart_from, "pending": list(PENDING)},
        )
    ).fetchone()
    return await messages.by_number(connection, row[0]) if row else None


def _minutes(since: datetime | None, until: datetime | None) -> float | None:
    return round((until - since).total_seconds() / 60, 2) if since and until else None


_TIMES: Final = """
SELECT min(first_accepted_at) FILTER (WHERE message = %(error)s), min(first_accepted_at) FILTER (WHERE message =
    %(message)s), max(last_accepted_at) FILTER (WHERE message = %(message)s)
FROM batch WHERE message IN (%(message)s, %(error)s)
"""

NOT_CORRECTED: Final = """
got AS (
    SELECT message, sequence, contact FROM delivery WHERE message = ANY(%(told)s::bigint[]) AND contact IS NOT NULL
    AND (state = ANY(%(reached)s::smallint[]) OR doubts > 0)
), corrected AS (
    SELECT message, sequence, contact FROM delivery WHERE message = %(message)s AND contact IS NOT NULL
    AND state = ANY(%(good)s::smallint[])
), not_corrected AS (
    SELECT contact FROM got UNION SELECT s.contact FROM shared_delivery s JOIN got USING (message, sequence)
    EXCEPT SELECT contact FROM corrected
    EXCEPT SELECT s.contact FROM shared_delivery s JOIN corrected USING (message, sequence)
)"""
"""A CTE `not_corrected`: the contacts who got what was corrected, or may have, and have no accepted copy of this."""

_COUNT: Final = f"WITH {NOT_CORRECTED} SELECT count(*) FROM not_corrected"
