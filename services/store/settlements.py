"""Recording what became of deliveries: by the worker that holds them, by a provider, or because they are withdrawn.

One statement each, whatever the number of deliveries.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from services.domain.batches import BatchRef
from services.domain.events import BatchAnnounced, envelope
from services.domain.lanes import deliveries_topic
from services.domain.states import REPORTED, State
from services.runtime import outbox
from services.runtime.postgres import Connection
from services.store.ledger_sql import COUNTED, COUNTED_BATCH, COUNTS, HALT, ROWS, TOLD, halted_case
from services.store.ledger_types import CLEARED, HANDED_OVER, IN_DOUBT, Claim, Counts, Result

RETRY: Final = "retry"
"""Kind of the timer that announces a batch again; its subject is a `BatchRef`."""
FALLBACK: Final = "fallback"
"""Kind of the timer that looks for who is to get by mail what failed by SMS; its subject is a `BatchRef`."""
FALLEN: Final = frozenset({State.SUPPRESSED, State.FAILED, State.BOUNCED})


async def settle(
    connection: Connection,
    claim: Claim,
    results: Sequence[Result],
    *,
    finished: bool,
    source: str,
    retry_after: timedelta | None = None,
) -> Counts:
    """Record what became of these deliveries. One statement: in autocommit a transaction, else the caller commits.

    `finished`: every delivery of the claim has been settled now, and the batch is free, unless its worker has claimed
    it again meanwhile. What is given back after a stop becomes superseded (expired after `expires_at`), or unknown if
    it may have been sent. `retry_after`: when what is deferred may be claimed again, from now by the database's clock.
    Raises `LookupError` without such a batch.
    """
    values = _columns(results) | {
        "message": claim.ref.message,
        "numbers": {claim.ref.number},
        "epoch": claim.epoch,
        "finished": finished,
        "retry_after": retry_after,
        "source": source,
    }
    fallen = claim.channel == "sms" and any(r.state in FALLEN for r in results)
    (stand,) = await _written(connection, _SETTLE_FALLEN if fallen else _SETTLE, values)
    _, due, version, *numbers = stand
    counts = Counts(version, {state.word: n for state, n in zip(State, numbers, strict=True) if n}, due)
    if finished and counts.counts.get("planned"):
        await announce_batch(connection, claim.ref, claim.channel, claim.lane, source=source)
    return counts


async def report(connection: Connection, message: int, results: Sequence[Result], *, source: str) -> set[int]:
    """Merge a provider's later reports (delivered, bounced) about deliveries of one message. Commits like `settle`.

    Returns the sequence numbers that there are; reports about others change nothing.
    """
    highest = {r.sequence: r for r in sorted(results, key=lambda r: (r.sequence, r.state))}
    found = await (await connection.execute(_BATCHES_OF, (list(highest), message))).fetchall()
    if not found:
        return set()
    values = {"message": message, "numbers": {n for _, n in found}, "epoch": -1, "finished": False}
    known = [highest[sequence] for sequence, _ in found]
    values |= {"retry_after": None, "source": source}
    fallen = any(r.state in FALLEN for r in known)
    await _written(connection, _SETTLE_FALLEN if fallen else _SETTLE, _columns(known) | values)
    return {r.sequence for r in known}


async def announce_batch(connection: Connection, ref: BatchRef, channel: str, lane: str, *, source: str) -> None:
    """Say once more that there is work in this batch."""
    event = BatchAnnounced(message=ref.message, batch=ref.number)
    await outbox.put(
        connection, deliveries_topic(channel, lane), str(ref), envelope(event, event_type=event.TYPE, source=source)
    )


async def _written(connection: Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """How the batches stand now. A batch that changed while the statement began is asked for again."""
    waiting: set[int] = values["numbers"]
    stands: list[tuple[Any, ...]] = []
    while waiting:
        cursor = connection.cursor(binary=True)
        await cursor.execute(query.encode(), values | {"numbers": _numbers(waiting)})
        found = await cursor.fetchall()
        if waiting - {number for number, *_ in found}:
            raise LookupError(f"no batch {values['message']}/{min(waiting)}")
        done = [stand for stand in found if stand[2] is not None]
        stands += done
        waiting = waiting - {number for number, *_ in done}
    return stands


def _columns(results: Sequence[Result]) -> dict[str, Any]:
    """The results as columns for `_RESULTS`, one result for each delivery."""
    if len({r.sequence for r in results}) < len(results):
        results = list({r.sequence: r for r in sorted(results, key=lambda r: (r.sequence, r.state))}.values())
    return {
        "sequences": _numbers(r.sequence for r in results),
        "attempts": _numbers(r.attempt for r in results),
        "states": _numbers(r.state for r in results),
        "flags": _numbers(r.flags for r in results),
        "codes": _numbers(r.code for r in results),
        "reasons": [r.reason for r in results] if any(r.reason for r in results) else None,
        "provider_ids": [r.provider_id for r in results] if any(r.provider_id for r in results) else None,
        "times": _times(r.at for r in results),
    }


def _numbers(values: Iterable[int | None]) -> str:
    """An array in PostgreSQL's notation: a tenth of what psycopg takes for a list."""
    return "{" + ",".join(["NULL" if value is None else str(int(value)) for value in values]) + "}"


def _times(values: Iterable[datetime | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else value.isoformat() for value in values]) + "}"


_LOCKED: Final = f"""
locked AS MATERIALIZED (
    SELECT b.ctid AS place, b.message, b.number, b.first_sequence, b.last_sequence, {HALT} AS halt
    FROM batch b JOIN message m ON m.number = b.message
    WHERE b.message = %(message)s AND b.number = ANY(%(numbers)s::int[])
    ORDER BY b.number FOR UPDATE OF b FOR SHARE OF m
)"""

_RESULTS: Final = f"""
results AS (
    SELECT sequence, attempt, said, code, reason, provider_id, at, flags & {HANDED_OVER} > 0 AS handed_over,
        flags & {IN_DOUBT} > 0 AS in_doubt, flags & {CLEARED} > 0 AS cleared
    FROM unnest(%(sequences)s::int[], %(attempts)s::int[], %(states)s::smallint[], %(flags)s::smallint[],
        %(codes)s::smallint[], %(reasons)s::text[], %(provider_ids)s::text[], %(times)s::timestamptz[])
    r (sequence, attempt, said, flags, code, reason, provider_id, at)
)"""

# FULL, so that no plan made for a few rows compares each with each: PostgreSQL only ever hashes or merges that.
# `repeated`: the same settlement again, because the answer to its commit was lost.
_HEARD: Final = f"""
heard AS MATERIALIZED (
    SELECT d.place, d.message, d.number, d.sequence, d.halt, d.state, d.epoch, d.attempt, d.given_back, d.contacts,
        d.doubts, d.again, d.code, d.reason, d.provider_id, d.accepted_at, r.attempt AS of_attempt, r.said, r.at,
        r.handed_over, r.in_doubt, r.cleared, r.code AS said_code, r.reason AS said_reason, r.provider_id AS said_id,
        coalesce(d.state = {State.CLAIMED:d} AND d.epoch = %(epoch)s AND d.attempt = r.attempt, false) AS ours,
        coalesce(d.attempt = r.attempt AND d.epoch IS NULL, false) AS repeated
    FROM rows d FULL JOIN results r ON r.sequence = d.sequence
)"""

_DOUBT: Final = "in_doubt OR (doubts > 0 AND NOT cleared)"
"""Whether an attempt whose fate is not known may have reached the peer."""

_JUDGED: Final = f"""
judged AS MATERIALIZED (
    SELECT place, message, number, sequence, contacts, of_attempt, said, said_code, said_reason, said_id, ours,
        repeated,
        CASE WHEN ours AND said > {State.CLAIMED:d} THEN said
            WHEN ours THEN {halted_case(unless="said", doubt=_DOUBT)}
            WHEN said = {State.FAILED:d} AND ({_DOUBT}) THEN state
            WHEN said >= {min(REPORTED):d} THEN greatest(state, said) ELSE state END AS state,
        CASE WHEN epoch = %(epoch)s AND attempt = of_attempt THEN NULL ELSE epoch END AS epoch,
        CASE WHEN ours AND cleared THEN 0 ELSE doubts END + coalesce(ours AND in_doubt, false)::int AS doubts,
        given_back + coalesce(ours AND said = {State.PLANNED:d}, false)::int AS given_back,
        again OR coalesce(said_id <> provider_id, handed_over AND NOT repeated AND NOT (ours AND cleared)
            AND doubts > (of_attempt < attempt)::int, false) AS again,
        coalesce(said_code, code) AS code,
        CASE WHEN said >= state THEN coalesce(said_reason, reason) ELSE reason END AS reason,
        coalesce(said_id, provider_id) AS provider_id,
        least(accepted_at, at) AS accepted_at
    FROM heard WHERE place IS NOT NULL
)"""

# A batch is due when the first of its deferred rows is. All of them are claimed then, and what stays in `due` is of no
# row any more.
_WAITING: Final = f"""
waiting AS (
    SELECT message, number, bool_or(ours) AS anew, bool_or(NOT ours) AS before
    FROM judged WHERE state = {State.DEFERRED:d} GROUP BY message, number
)"""

_AGAIN: Final = "clock_timestamp() + coalesce(%(retry_after)s::interval, interval '0')"

_SETTLE: Final = f"""
WITH {_LOCKED}, {ROWS.format(more="l.halt,")}, {_RESULTS}, {_HEARD}, {_JUDGED}, kept AS (
    INSERT INTO attempt (message, sequence, attempt, epoch, state, code, reason, provider_id, late)
    SELECT message, sequence, of_attempt, nullif(%(epoch)s::bigint, -1), said, said_code, said_reason, said_id, NOT ours
    FROM judged WHERE said IS NOT NULL AND NOT repeated
    AND (NOT ours OR said NOT IN ({State.PLANNED:d}, {State.ACCEPTED:d}))
), written AS (
    UPDATE delivery d SET state = j.state, epoch = j.epoch, given_back = j.given_back, doubts = j.doubts,
        again = j.again, code = j.code, reason = j.reason, provider_id = j.provider_id, accepted_at = j.accepted_at
    FROM judged j WHERE d.ctid = ANY(ARRAY(SELECT place FROM judged WHERE said IS NOT NULL)) AND j.place = d.ctid
), {COUNTED}, {_WAITING}, settled AS (
    UPDATE batch b SET epoch = CASE WHEN %(finished)s AND b.epoch = %(epoch)s AND n.owed = 0 THEN NULL ELSE b.epoch END,
        due = CASE WHEN w.anew THEN least({_AGAIN}, CASE WHEN w.before THEN b.due END) ELSE b.due END, {COUNTS}
    FROM counted n LEFT JOIN waiting w ON w.message = n.message AND w.number = n.number
    WHERE {COUNTED_BATCH} RETURNING b.*
), {TOLD}, timed AS (
    INSERT INTO timer (kind, subject, occurrence, due)
    SELECT '{RETRY}', message || '/' || number, version::text, due FROM settled
    WHERE %(retry_after)s::interval IS NOT NULL AND due IS NOT NULL ON CONFLICT DO NOTHING
)
SELECT l.number, s.due, s.version, {", ".join(f"s.{state.word}" for state in State)}
FROM locked l LEFT JOIN settled s ON s.message = l.message AND s.number = l.number
"""

# A statement of its own, so that mail, and an SMS that went well, pay nothing for it.
_SETTLE_FALLEN: Final = _SETTLE.replace(
    "\nSELECT l.number",
    f""", fallen AS (
    INSERT INTO timer (kind, subject, occurrence, due)
    SELECT '{FALLBACK}', message || '/' || number, version::text, clock_timestamp() FROM settled
    WHERE channel = 'sms' ON CONFLICT DO NOTHING
)
SELECT l.number""",
)

_BATCHES_OF: Final = """
SELECT s.sequence, b.number FROM unnest(%s::int[]) s (sequence)
JOIN batch b ON b.message = %s AND s.sequence BETWEEN b.first_sequence AND b.last_sequence
"""
