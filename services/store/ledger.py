"""The ledger: claim, send, settle.

A claim commits before anything is sent, and only what was claimed is sent. A settlement counts as such only for
the epoch and attempt that claimed; anything else is a late report, kept in `attempt` and merged by rank
(`services.domain.states`). Every function here takes the batch's lock first, then reads the message's row FOR SHARE,
so that a stop, which takes the message's row alone, comes before or after it and never in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row

from services.domain.batches import BatchRef
from services.domain.events import BatchAnnounced, BatchSettled, envelope
from services.domain.lanes import deliveries_topic
from services.domain.states import State
from services.runtime import outbox, timers
from services.runtime.postgres import Connection
from services.store.messages import SENDABLE

RETRY: Final = "retry"
"""Kind of the timer that announces a batch again; its subject is a `BatchRef`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed delivery, with what fills its slots. `address` is None for a feed, and when it was erased."""

    sequence: int
    attempt: int
    variant: int
    doubts: int
    contact: int | None
    address: str | None
    name: str
    organisation: str
    municipality: str
    role: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch in the hands of a worker, and the deliveries in it that are the worker's to send."""

    ref: BatchRef
    message_id: UUID
    channel: str
    lane: str
    epoch: int
    released_at: datetime
    expires_at: datetime | None
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one claimed delivery.

    `state` PLANNED: given back, nothing was handed over. DEFERRED: to be tried again. `handed_over`: the peer got
    the message itself, whatever it said of it. `in_doubt`: it was handed over and no answer came. `cleared`: of
    earlier doubts it is now known that the peer never had it. `at`: when an acceptance was read. `code` and `reason`
    (a short word) never hold an address.
    """

    sequence: int
    attempt: int
    state: State
    handed_over: bool = False
    in_doubt: bool = False
    cleared: bool = False
    code: int | None = None
    reason: str | None = None
    provider_id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How a batch stands: contacts by state."""

    version: int
    counts: dict[str, int]
    due: datetime | None


async def claim(connection: Connection, *, epoch: int, channel: str, lanes: Sequence[str]) -> Claim | None:
    """Claim the first announced batch of these lanes in which there is work; None when there is none.

    First is: correction, all-clear, alert, update; then the older message; then the order of the plan. The caller
    commits.
    """
    values = {"channel": channel, "lanes": list(lanes), "epoch": epoch, **_STATES}
    batch = await (await connection.execute(_CHOOSE.encode(), values)).fetchone()
    if batch is None:
        return None
    return await _claimed(connection, batch, epoch, _CLAIM, {**values, "retry": batch[5]})


async def with_work(connection: Connection, refs: Sequence[BatchRef], channel: str) -> set[BatchRef]:
    """Those of these batches that exist on this channel and may be claimed now."""
    rows = await connection.execute(
        _WITH_WORK.encode(),
        {"messages": [ref.message for ref in refs], "numbers": [ref.number for ref in refs], "channel": channel},
    )
    return {BatchRef(message, number) for message, number in await rows.fetchall()}


async def inherit(connection: Connection, *, epoch: int, channel: str) -> Claim | None:
    """Take over one batch that a dead worker of this channel held; None when there is none. The caller commits.

    What it had claimed is in doubt: it may have been sent. The claim passes on, so that a message that was stopped
    meanwhile can still be cleared up, and nothing new is claimed.
    """
    values = {"channel": channel, "epoch": epoch, **_STATES}
    batch = await (await connection.execute(_ORPHAN, values)).fetchone()
    if batch is None:
        return None
    return await _claimed(connection, batch, epoch, _INHERIT, {**values, "dead": batch[8]})


async def settle(
    connection: Connection,
    claim: Claim,
    results: Sequence[Result],
    *,
    finished: bool,
    source: str,
    retry_after: timedelta | None = None,
) -> Counts:
    """Record what became of these deliveries. The caller commits.

    `finished`: every delivery of the claim has been settled now, and the batch is free. What is given back after a
    stop becomes superseded (expired after `expires_at`), or unknown if it may have been sent. `retry_after`: when what
    is deferred may be claimed again, from now by the database's clock.
    """
    ordered = sorted(results, key=lambda result: result.sequence)
    await connection.execute(_LOCK, (claim.ref.message, claim.ref.number))
    values = _columns(ordered) | {"message": claim.ref.message, "epoch": claim.epoch, **_STATES}
    await connection.execute(_SETTLE, values)
    counts = await _recount(
        connection, claim.ref, source=source, released_by=claim.epoch if finished else None, retry_after=retry_after
    )
    if retry_after is not None and counts.due is not None:
        await timers.set_timer(connection, RETRY, str(claim.ref), str(counts.version), counts.due)
    if finished and counts.counts.get("planned"):
        await announce_batch(connection, claim.ref, claim.channel, claim.lane, source=source)
    return counts


async def report(connection: Connection, message: int, results: Sequence[Result], *, source: str) -> set[int]:
    """Merge a provider's later reports (delivered, bounced) about deliveries of one message. The caller commits.

    Returns the sequence numbers that there are; reports about others change nothing.
    """
    highest = {r.sequence: r for r in sorted(results, key=lambda r: (r.sequence, r.state))}
    found = await connection.execute(_BATCHES_OF, {"message": message, "sequences": list(highest)})
    batches = await found.fetchall()
    known = [r for r in highest.values() if any(first <= r.sequence <= last for _, first, last in batches)]
    await connection.execute(_SETTLE, _columns(known) | {"message": message, "epoch": -1, **_STATES})
    for number, _, _ in batches:
        await _recount(connection, BatchRef(message, number), source=source, released_by=None)
    return {r.sequence for r in known}


async def withdraw_unsent(connection: Connection, message: int, *, source: str) -> bool:
    """Settle what one batch of a stopped or expired message still held unsent; False when no batch held anything.

    The caller commits after each, so that a stop of a million is a thousand short transactions.
    """
    row = await (await connection.execute(_HALTED_BATCH, {"message": message})).fetchone()
    if row is None:
        return False
    ref = BatchRef(message, row[0])
    await connection.execute(_WITHDRAW, {"message": message, "first": row[1], "last": row[2], **_STATES})
    await _recount(connection, ref, source=source, released_by=None)
    return True


async def announce_batch(connection: Connection, ref: BatchRef, channel: str, lane: str, *, source: str) -> None:
    """Say once more that there is work in this batch."""
    event = BatchAnnounced(message=ref.message, batch=ref.number)
    await outbox.put(
        connection, deliveries_topic(channel, lane), str(ref), envelope(event, event_type=event.TYPE, source=source)
    )


async def _claimed(
    connection: Connection, batch: tuple[Any, ...], epoch: int, query: str, values: dict[str, Any]
) -> Claim:
    message, number, first, last, message_id, _, released_at, expires_at, _, channel, lane = batch
    async with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(query.encode(), {**values, "message": message, "first": first, "last": last})
        deliveries = await cursor.fetchall()
    ref = BatchRef(message, number)
    await connection.execute(
        f"UPDATE batch b SET epoch = %(epoch)s, claimed_at = clock_timestamp(), {_RECOUNT}".encode(),
        {"message": message, "batch": number, "epoch": epoch, **_STATES},
    )
    return Claim(ref, message_id, channel, lane, epoch, released_at, expires_at, tuple(deliveries))


async def _recount(
    connection: Connection, ref: BatchRef, *, source: str, released_by: int | None, retry_after: timedelta | None = None
) -> Counts:
    """Count the batch anew from its rows, and have the absolute counts published."""
    row = await (
        await connection.execute(
            f"""UPDATE batch b SET epoch = CASE WHEN b.epoch = %(released_by)s THEN NULL ELSE b.epoch END,
                due = coalesce(clock_timestamp() + %(retry_after)s::interval, b.due), {_RECOUNT}
                RETURNING b.due, b.channel, b.lane, b.version, b.possible_duplicates, b.first_accepted_at,
                b.last_accepted_at, {", ".join(f"b.{state.word}" for state in State)}""".encode(),
            {
                "message": ref.message,
                "batch": ref.number,
                "released_by": released_by,
                "retry_after": retry_after,
                **_STATES,
            },
        )
    ).fetchone()
    if row is None:
        raise LookupError(f"no batch {ref}")
    due, channel, lane, version, duplicates, first, last, *numbers = row
    counts = {state.word: count for state, count in zip(State, numbers, strict=True) if count}
    event = BatchSettled(
        message=ref.message, batch=ref.number, channel=channel, lane=lane, version=version, counts=counts,
        possible_duplicates=duplicates, first_accepted_at=first, last_accepted_at=last,
    )  # fmt: skip
    await outbox.put(connection, "outcomes", str(ref.message), envelope(event, event_type=event.TYPE, source=source))
    return Counts(version, counts, due)


def _columns(results: Sequence[Result]) -> dict[str, list[Any]]:
    return {
        "sequences": [r.sequence for r in results],
        "attempts": [r.attempt for r in results],
        "states": [int(r.state) for r in results],
        "handed_over": [r.handed_over for r in results],
        "in_doubt": [r.in_doubt for r in results],
        "cleared": [r.cleared for r in results],
        "codes": [r.code for r in results],
        "reasons": [r.reason for r in results],
        "provider_ids": [r.provider_id for r in results],
        "times": [r.at for r in results],
    }


_STATES: Final = {f"s_{state.word}": int(state) for state in State}

_BATCH: Final = """b.message, b.number, b.first_sequence, b.last_sequence, m.id,
    coalesce(b.due <= clock_timestamp(), false), m.released_at, m.expires_at, b.epoch, b.channel, b.lane"""

_WORK: Final = f"""b.channel = %(channel)s AND b.epoch IS NULL AND b.announced_at IS NOT NULL
    AND b.planned + b.deferred > 0 AND (b.planned > 0 OR b.due <= clock_timestamp())
    AND b.step <= m.open_step AND {SENDABLE}"""

_CHOOSE: Final = f"""
SELECT {_BATCH} FROM batch b JOIN message m ON m.number = b.message
WHERE {_WORK} AND b.lane = ANY(%(lanes)s)
ORDER BY b.priority, b.message, b.number LIMIT 1 FOR UPDATE OF b SKIP LOCKED FOR SHARE OF m
"""

_WITH_WORK: Final = f"""
SELECT b.message, b.number FROM batch b JOIN message m ON m.number = b.message
JOIN unnest(%(messages)s::bigint[], %(numbers)s::int[]) wanted (message, number)
    ON wanted.message = b.message AND wanted.number = b.number
WHERE {_WORK}
"""

_ORPHAN: Final = f"""
SELECT {_BATCH} FROM batch b JOIN message m ON m.number = b.message JOIN worker w ON w.epoch = b.epoch
WHERE w.ended_at IS NOT NULL AND b.channel = %(channel)s
ORDER BY b.priority, b.message, b.number LIMIT 1 FOR UPDATE OF b SKIP LOCKED FOR SHARE OF m
"""

_WITH_PEOPLE: Final = """
SELECT o.sequence, o.attempt, o.variant, o.doubts, o.contact, a.value AS address, coalesce(c.name, '') AS name,
    coalesce(c.organisation, '') AS organisation, coalesce(c.municipality, '') AS municipality,
    coalesce(c.role, '') AS role
FROM ours o LEFT JOIN contact c ON c.id = o.contact LEFT JOIN address a ON a.id = o.address ORDER BY o.sequence
"""

_CLAIM: Final = f"""
WITH ours AS (
    UPDATE delivery SET state = %(s_claimed)s, epoch = %(epoch)s, attempt = attempt + 1
    WHERE message = %(message)s AND sequence BETWEEN %(first)s AND %(last)s
    AND (state = %(s_planned)s OR (state = %(s_deferred)s AND %(retry)s))
    RETURNING sequence, attempt, variant, doubts, contact, address
) {_WITH_PEOPLE}"""

_INHERIT: Final = f"""
WITH ours AS (
    UPDATE delivery SET epoch = %(epoch)s, attempt = attempt + 1, doubts = doubts + 1
    WHERE message = %(message)s AND sequence BETWEEN %(first)s AND %(last)s
    AND state = %(s_claimed)s AND epoch = %(dead)s
    RETURNING sequence, attempt, variant, doubts, contact, address
) {_WITH_PEOPLE}"""

_LOCK: Final = "SELECT FROM batch WHERE message = %s AND number = %s FOR UPDATE"

_BATCHES_OF: Final = """
SELECT number, first_sequence, last_sequence FROM batch b WHERE message = %(message)s
AND EXISTS (SELECT FROM unnest(%(sequences)s::int[]) s WHERE s BETWEEN b.first_sequence AND b.last_sequence)
ORDER BY number FOR UPDATE
"""

# What is given back or deferred after the message was stopped, put right or has expired is not sent any more.
_SETTLE: Final = """
WITH m AS MATERIALIZED (
    SELECT state, expires_at FROM message WHERE number = %(message)s FOR SHARE
), r AS (
    SELECT * FROM unnest(%(sequences)s::int[], %(attempts)s::smallint[], %(states)s::smallint[],
        %(handed_over)s::bool[], %(in_doubt)s::bool[], %(cleared)s::bool[], %(codes)s::smallint[],
        %(reasons)s::text[], %(provider_ids)s::text[], %(times)s::timestamptz[])
    r (sequence, attempt, state, handed_over, in_doubt, cleared, code, reason, provider_id, at)
), judged AS (
    SELECT r.*, d.state = %(s_claimed)s AND d.epoch = %(epoch)s AND d.attempt = r.attempt AS ours, CASE
        WHEN r.state > %(s_claimed)s THEN r.state
        WHEN m.state <> 'released' OR m.expires_at <= clock_timestamp() THEN CASE
            WHEN r.in_doubt OR (d.doubts > 0 AND NOT r.cleared) THEN %(s_unknown)s
            WHEN m.state <> 'released' THEN %(s_superseded)s
            ELSE %(s_expired)s END
        ELSE r.state END AS target
    FROM r JOIN delivery d ON d.message = %(message)s AND d.sequence = r.sequence CROSS JOIN m
), kept AS (
    INSERT INTO attempt (message, sequence, attempt, epoch, state, code, reason, provider_id, late)
    SELECT %(message)s, sequence, attempt, NULLIF(%(epoch)s, -1), state, code, reason, provider_id, NOT ours
    FROM judged WHERE NOT ours OR state NOT IN (%(s_planned)s, %(s_accepted)s)
)
UPDATE delivery d SET
    state = CASE WHEN j.ours THEN j.target
        WHEN j.target >= %(s_unknown)s THEN greatest(d.state, j.target) ELSE d.state END,
    doubts = CASE WHEN j.ours AND j.cleared THEN 0 ELSE d.doubts END + (j.ours AND j.in_doubt)::int,
    again = d.again OR (j.handed_over AND d.doubts > 0 AND coalesce(j.provider_id <> d.provider_id, true)),
    code = coalesce(j.code, d.code),
    reason = CASE WHEN j.target >= d.state THEN coalesce(j.reason, d.reason) ELSE d.reason END,
    provider_id = coalesce(j.provider_id, d.provider_id),
    accepted_at = least(d.accepted_at, j.at)
FROM judged j WHERE d.message = %(message)s AND d.sequence = j.sequence
"""

_HALTED_BATCH: Final = """
SELECT b.number, b.first_sequence, b.last_sequence FROM batch b JOIN message m ON m.number = b.message
WHERE b.message = %(message)s AND b.planned + b.deferred > 0
AND (m.state IN ('stopped', 'rejected', 'withdrawn', 'expired') OR m.expires_at <= clock_timestamp())
ORDER BY b.number LIMIT 1 FOR UPDATE OF b
"""

_WITHDRAW: Final = """
UPDATE delivery d SET state = CASE WHEN d.doubts > 0 THEN %(s_unknown)s
    WHEN m.state IN ('stopped', 'rejected', 'withdrawn') THEN %(s_superseded)s ELSE %(s_expired)s END
FROM message m WHERE m.number = d.message AND d.message = %(message)s
AND d.sequence BETWEEN %(first)s AND %(last)s AND d.state IN (%(s_planned)s, %(s_deferred)s)
"""

_RECOUNT: Final = (
    "version = b.version + 1, possible_duplicates = n.again,"
    " first_accepted_at = n.first_accepted_at, last_accepted_at = n.last_accepted_at, "
    + ", ".join(f"{state.word} = n.{state.word}" for state in State)
    + """
FROM (
    SELECT count(*) FILTER (WHERE d.again) AS again, min(d.accepted_at) AS first_accepted_at,
        max(d.accepted_at) AS last_accepted_at, """
    + ", ".join(
        f"coalesce(sum(d.contacts) FILTER (WHERE d.state = %(s_{state.word})s), 0) AS {state.word}" for state in State
    )
    + """
    FROM delivery d JOIN batch w ON d.message = w.message AND d.sequence BETWEEN w.first_sequence AND w.last_sequence
    WHERE w.message = %(message)s AND w.number = %(batch)s
) n WHERE b.message = %(message)s AND b.number = %(batch)s"""
)
