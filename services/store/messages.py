"""Messages: what was submitted, and how far it may go. Their recipients are in `plan`, their sending in `ledger`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.events import Envelope, MessageHalted, MessageResumed, envelope
from services.runtime import outbox
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Message:
    """A message row. `number` is the ledger's key, `id` what people and other systems see."""

    number: int
    id: UUID
    revision: int
    incident: str
    kind: str
    lane: Literal["urgent", "routine"]
    phase: str
    exercise: bool
    content: dict[str, Any]
    content_hash: str
    corrects: int | None
    state: str
    recipients: int
    findings: list[dict[str, Any]]
    submitted_by: int
    approved_by: int | None
    submitted_at: datetime
    proofed_at: datetime | None
    approved_at: datetime | None
    released_at: datetime | None
    paused_at: datetime | None
    stopped_at: datetime | None
    expires_at: datetime | None
    next_update_at: datetime | None
    issued_at: datetime | None = None
    proof_hash: str | None = None
    contacts_hash: str | None = None
    rendered_with: str | None = None
    release_at: datetime | None = None
    withdrawn_at: datetime | None = None
    holding: int | None = None
    confirm_minutes: int | None = None


FOR_USERS: Final = ("notice", "test")
"""Kinds that go to users and to nobody else: no contact was told anything by these."""

COLUMNS: Final = ", ".join(Message.__dataclass_fields__)

RELEASED_CHANNEL: Final = "roeland_released"
"""NOTIFY channel: something urgent was released. Dispatch need not wait for Kafka to hear of it (decision 0006)."""
HALT_CHANNEL: Final = "roeland_halt"
"""NOTIFY channel on which workers and dispatch hear that a message was paused or stopped."""

EXPIRY: Final = "expiry"
"""Kind of the timer that editorial sets for `expires_at` and dispatch fires; its subject is the message's number."""

SENDABLE: Final = """m.state = 'released' AND m.paused_at IS NULL
    AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())"""
"""Whether deliveries of message `m` may be claimed, by the database's clock."""


RELEASED: Final = """coalesce(
    (SELECT s.opened_at FROM release_step s WHERE s.message = b.message AND s.step = b.step), m.released_at)"""
"""Since when batch `b` of message `m` may be sent: in a release in order, since its step was opened."""


_RESUME: Final = """
WITH moved AS (
    UPDATE release_step s SET clock_from = s.clock_from + (clock_timestamp() - m.paused_at)
    FROM message m WHERE m.number = %(message)s AND m.paused_at IS NOT NULL
    AND s.message = m.number AND s.step = m.open_step
)
UPDATE message SET paused_at = NULL WHERE number = %(message)s RETURNING clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What a message is when it is submitted."""

    id: UUID
    incident: str
    kind: str
    lane: str
    priority: int
    phase: str
    exercise: bool
    content: dict[str, Any]
    content_hash: str
    corrects: int | None
    findings: list[dict[str, Any]]
    submitted_by: int
    expires_at: datetime | None
    next_update_at: datetime | None
    issued_at: datetime | None = None
    rendered_with: str | None = None
    revision: int = 1
    release_at: datetime | None = None
    holding: int | None = None
    confirm_minutes: int | None = None


async def record_submitted(connection: Connection, new: NewMessage) -> Message:
    """Record a submitted message; its id must be new."""
    values = {name: getattr(new, name) for name in NewMessage.__dataclass_fields__}
    values["content"], values["findings"] = Jsonb(new.content), Jsonb(new.findings)
    names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    query = f"INSERT INTO message ({names}, state) VALUES ({marks}, 'submitted') RETURNING {COLUMNS}"
    found = await _all(connection, query, values)
    return found[0]


async def find(connection: Connection, message_id: UUID, *, lock: bool = False) -> Message | None:
    """The message with this id, at its latest revision; `lock` keeps it as it is until the transaction ends."""
    query = f"SELECT {COLUMNS} FROM message WHERE id = %(id)s ORDER BY revision DESC LIMIT 1"
    found = await _all(connection, query + (" FOR NO KEY UPDATE" if lock else ""), {"id": message_id})
    return found[0] if found else None


async def revision(connection: Connection, message_id: UUID, number: int) -> Message | None:
    """That revision of the message with this id."""
    query = f"SELECT {COLUMNS} FROM message WHERE id = %(id)s AND revision = %(revision)s"
    found = await _all(connection, query, {"id": message_id, "revision": number})
    return found[0] if found else None


async def by_number(connection: Connection, number: int, *, lock: bool = False, keep: bool = False) -> Message | None:
    """The message with this number; `lock` as in `find`. `keep`: it stays as it is, and workers go on claiming it."""
    how = " FOR NO KEY UPDATE" if lock else " FOR SHARE" if keep else ""
    found = await _all(connection, f"SELECT {COLUMNS} FROM message WHERE number = %(number)s{how}", {"number": number})
    return found[0] if found else None


async def same_content(connection: Connection, incident: str, content_hash: str) -> Message | None:
    """The latest message of this incident that says exactly the same and was not rejected."""
    found = await _all(
        connection,
        f"""SELECT {COLUMNS} FROM message WHERE content_hash = %(hash)s AND incident = %(incident)s
            AND state NOT IN ('rejected', 'withdrawn', 'replaced') ORDER BY number DESC LIMIT 1""",
        {"hash": content_hash, "incident": incident},
    )
    return found[0] if found else None


async def recent(
    connection: Connection, *, incident: str | None = None, limit: int = 50, before: int | None = None
) -> Sequence[Message]:
    """The latest messages first, each at its latest revision; what went to users only is left out.

    `before`: only those that are older than the message with this number.
    """
    return await _all(
        connection,
        f"""SELECT {COLUMNS} FROM message WHERE (%(incident)s::text IS NULL OR incident = %(incident)s)
            AND (%(before)s::bigint IS NULL OR number < %(before)s)
            AND state <> 'replaced' AND kind <> ALL(%(for_users)s) ORDER BY number DESC LIMIT %(limit)s""",
        {"incident": incident, "limit": limit, "before": before, "for_users": list(FOR_USERS)},
    )


async def waiting_in(connection: Connection, incident: str) -> Sequence[Message]:
    """The messages of an incident on which somebody has still to decide, or that are about to go out; oldest first."""
    return await _all(
        connection,
        f"""SELECT {COLUMNS} FROM message WHERE incident = %(incident)s
            AND state IN ('submitted', 'proofed', 'approved') ORDER BY number""",
        {"incident": incident},
    )


async def those_where(connection: Connection, condition: str) -> list[Message]:
    """The messages `m` of which this holds, oldest first; `condition` is ours, never from outside."""
    columns = ", ".join(f"m.{name}" for name in Message.__dataclass_fields__)
    query = f"SELECT {columns} FROM message m WHERE m.kind <> ALL(%(for_users)s) AND {condition} ORDER BY m.number"
    return await _all(connection, query, {"for_users": list(FOR_USERS)})


async def told_in(connection: Connection, incident: str) -> Sequence[Message]:
    """The released messages of an incident, oldest first: those whom an all-clear must reach got one of these."""
    return await _all(
        connection,
        f"""SELECT {COLUMNS} FROM message WHERE incident = %(incident)s AND released_at IS NOT NULL
            AND kind <> ALL(%(for_users)s) ORDER BY number""",
        {"incident": incident, "for_users": list(FOR_USERS)},
    )


async def set_proofed(connection: Connection, number: int, recipients: int, proof_hash: str | None = None) -> None:
    """Its plan is complete. `proof_hash`: what an approval is bound to; None for what nobody approves."""
    await connection.execute(
        "UPDATE message SET state = 'proofed', proofed_at = clock_timestamp(), recipients = %s, proof_hash = %s"
        " WHERE number = %s AND state = 'submitted'",
        (recipients, proof_hash, number),
    )


async def set_replaced(connection: Connection, number: int) -> None:
    """There is a later revision: this one is never released."""
    await connection.execute("UPDATE message SET state = 'replaced' WHERE number = %s", (number,))


async def set_recipients(connection: Connection, number: int, recipients: int) -> None:
    """Its plan was made anew."""
    await connection.execute("UPDATE message SET recipients = %s WHERE number = %s", (recipients, number))


async def set_expired(connection: Connection, number: int) -> bool:
    """Its time came before its approval; False when it was approved, or ended otherwise."""
    written = await connection.execute(
        "UPDATE message SET state = 'expired' WHERE number = %s AND state IN ('submitted', 'proofed', 'approved')",
        (number,),
    )
    return written.rowcount == 1


async def set_approved(connection: Connection, number: int, approved_by: int) -> Message:
    """Approve what is not released yet: it waits to be taken back, or for the end of its embargo."""
    found = await _all(
        connection,
        f"""UPDATE message SET state = 'approved', approved_by = %(user)s, approved_at = clock_timestamp()
            WHERE number = %(number)s RETURNING {COLUMNS}""",
        {"number": number, "user": approved_by},
    )
    return found[0]


async def set_taken_back(connection: Connection, number: int) -> None:
    """It waits for approval again."""
    await connection.execute(
        "UPDATE message SET state = 'proofed', approved_by = NULL, approved_at = NULL WHERE number = %s", (number,)
    )


async def set_released(connection: Connection, number: int, approved_by: int | None) -> Message:
    """Release it; approved now, unless it was approved before. Nobody approves what goes to users only."""
    found = await _all(
        connection,
        f"""UPDATE message SET state = 'released', approved_by = coalesce(approved_by, %(user)s), paused_at = NULL,
            approved_at = coalesce(approved_at, clock_timestamp()), released_at = clock_timestamp()
            WHERE number = %(number)s RETURNING {COLUMNS}""",
        {"number": number, "user": approved_by},
    )
    return found[0]


async def set_rejected(connection: Connection, number: int, how: Literal["rejected", "withdrawn"] = "rejected") -> None:
    """It will not be sent: refused by an approver, or withdrawn by its author."""
    await connection.execute("UPDATE message SET state = %s WHERE number = %s", (how, number))


async def stop(connection: Connection, message: Message, *, source: str, how: Literal["stopped", "superseded"]) -> None:
    """Stop it for good. Call within a transaction that holds its row (`find(lock=True)`) and no batch.

    From commit on nothing is claimed; what was unsent follows batch by batch (`ledger.withdraw_unsent`).
    """
    await connection.execute(
        "UPDATE message SET state = 'stopped', stopped_at = clock_timestamp() WHERE number = %s", (message.number,)
    )
    await _halted(connection, message, source, how)


async def withdraw(connection: Connection, message: Message, *, source: str) -> None:
    """Take a released message back: as `stop`, and it is said to be so for good. Call as `stop`."""
    await connection.execute(
        "UPDATE message SET state = 'withdrawn', withdrawn_at = clock_timestamp(),"
        " stopped_at = coalesce(stopped_at, clock_timestamp()) WHERE number = %s",
        (message.number,),
    )
    await _halted(connection, message, source, "stopped")


async def pause(connection: Connection, message: Message, *, source: str) -> None:
    """Hold it. Call within a transaction that holds its row and no batch. From commit on nothing is claimed."""
    await connection.execute(
        "UPDATE message SET paused_at = coalesce(paused_at, clock_timestamp()) WHERE number = %s", (message.number,)
    )
    await _halted(connection, message, source, "paused")


async def resume(connection: Connection, message: Message, *, source: str) -> None:
    """Let it go on. The clock of the step that waits stood still meanwhile (`release_steps`)."""
    row = await (await connection.execute(_RESUME, {"message": message.number})).fetchone()
    at: datetime = row[0] if row else message.submitted_at
    event = MessageResumed(message_id=message.id, message=message.number, incident=message.incident, at=at)
    await _release_event(connection, message, envelope(event, event_type=event.TYPE, source=source))


async def database_time(connection: Connection) -> datetime:
    """Now, by the clock that decides what has expired (aware)."""
    row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    at: datetime = row[0]
    return at


async def not_sendable(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Those of these messages that may not be sent now: paused, stopped or expired."""
    rows = await connection.execute(
        f"SELECT m.number FROM message m WHERE m.number = ANY(%s) AND NOT ({SENDABLE})", (list(numbers),)
    )
    return {number for (number,) in await rows.fetchall()}


async def _halted(
    connection: Connection, message: Message, source: str, how: Literal["paused", "stopped", "superseded"]
) -> None:
    row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    at: datetime = row[0] if row else message.submitted_at
    event = MessageHalted(message_id=message.id, message=message.number, incident=message.incident, how=how, at=at)
    await connection.execute("SELECT pg_notify(%s, %s)", (HALT_CHANNEL, str(message.number)))
    await _release_event(connection, message, envelope(event, event_type=event.TYPE, source=source))


async def _release_event(connection: Connection, message: Message, event: Envelope) -> None:
    await outbox.put(connection, "releases", message.incident, event)


async def _all(connection: Connection, query: str, values: dict[str, Any]) -> list[Message]:
    async with connection.cursor(row_factory=class_row(Message)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
