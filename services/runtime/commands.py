"""How a door gives a command and hears what became of it.

A command is a row and an outbox row in one transaction, kept until it is answered, so that Kafka may lose
everything. It has one answer: a door that stops waiting writes `lapsed` in its place, and whoever writes first
wins, so nobody is told "no" for something that then happens.
"""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from services.domain.commands import Answer, Command
from services.domain.events import Envelope, Unreadable, envelope, where
from services.domain.identity import canonical
from services.runtime import outbox
from services.runtime.postgres import Connection

CHANNEL: Final = "roeland_answer"
LAPSED: Final = Answer.refused(
    "nobody answered in time, and nothing was done: is editorial running? Try `roeland doctor`"
)
ANOTHER_BODY: Final = Answer.refused(
    "this command id came before with another body, and nothing was done: give the command a new id"
)
UNANSWERED_AFTER: Final = timedelta(seconds=10)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Voucher:
    """That a door of ours knows who gives a command: whom, and by what (`session 12`, `key 3`; decision 0027)."""

    user: int
    by: str


async def give(
    connection: Connection,
    command: Command,
    *,
    key: str,
    source: str,
    seconds: float = 30,
    voucher: Voucher | None = None,
) -> Answer:
    """Commit the command and wait for its answer, at most so long. `connection` is in autocommit.

    `key` is the incident, so that commands about one incident are handled in the order in which they were given.
    The same command again hears its first answer; its id with another body is refused, whatever the first one heard.
    With a `voucher` the command needs no signature: PostgreSQL itself says who gave it.
    """
    await connection.execute(f"LISTEN {CHANNEL}")
    async with connection.transaction():
        if not await _recorded(connection, command, key, source, voucher):
            log.warning("command_id_reused", command=str(command.id), type=command.body.type, user=command.user)
            return ANOTHER_BODY
        await outbox.put(connection, "messages", key, _envelope(command, source))
    return await _answer_within(connection, command.id, seconds)


async def given_before(connection: Connection, command_id: UUID, *, seconds: float) -> Answer | None:
    """The answer to a command that was given before, waited for; None when none has this id. It is in autocommit."""
    found = await connection.execute("SELECT 1 FROM command WHERE id = %s", (command_id,))
    if await found.fetchone() is None:
        return None
    await connection.execute(f"LISTEN {CHANNEL}")
    return await _answer_within(connection, command_id, seconds)


async def take(connection: Connection, event: Envelope) -> Command | None:
    """The command in this event, locked until the transaction ends, or None when it has its answer already.

    Raises `Unreadable` for what breaks the schema and for an id that came before with another body.
    """
    try:
        command = Command.model_validate(event.data)
    except ValidationError as problem:
        raise Unreadable(f"a command that breaks its schema: {where(problem)}") from None
    if command.body.type != event.type:
        raise Unreadable("a command whose type does not fit its data")
    if not await _recorded(connection, command, event.subject or "", event.source):
        raise Unreadable("this command id came before with another body")
    found = await connection.execute("SELECT answer IS NULL FROM command WHERE id = %s FOR UPDATE", (command.id,))
    row = await found.fetchone()
    return command if row and row[0] else None


async def vouched_for(connection: Connection, command: Command) -> str | None:
    """By what a door knew the user whom this command names (`session 12`), as it recorded in PostgreSQL; else None.
    Kafka cannot say that."""
    found = await connection.execute(
        "SELECT vouched_by FROM command WHERE id = %s AND vouched_user = %s", (command.id, command.user)
    )
    row = await found.fetchone()
    return str(row[0]) if row and row[0] else None


async def answer(connection: Connection, command_id: UUID, given: Answer) -> bool:
    """Answer it, once; False when it was answered before."""
    written = await connection.execute(
        "UPDATE command SET answer = %s, answered_at = now() WHERE id = %s AND answer IS NULL",
        (Jsonb(given.model_dump(mode="json")), command_id),
    )
    await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(command_id)))
    return written.rowcount == 1


async def publish_again(connection: Connection) -> int:
    """Put what nobody answered in the outbox again, for Kafka may have lost it; returns how many."""
    rows = await (await connection.execute(_UNANSWERED, (UNANSWERED_AFTER, UNANSWERED_AFTER))).fetchall()
    for (body,) in rows:
        key, source = body.pop("key"), body.pop("source")
        await outbox.put(connection, "messages", key, _envelope(Command.model_validate(body), source))
    return len(rows)


async def _recorded(
    connection: Connection, command: Command, key: str, source: str, voucher: Voucher | None = None
) -> bool:
    """Record it, unless its id is known; whether what is recorded under this id has this body."""
    digest, body = _hash(command), Jsonb({"key": key, "source": source, **_body(command)})
    vouched = (voucher.user, voucher.by) if voucher else (None, None)
    await connection.execute(
        "INSERT INTO command (id, hash, body, vouched_user, vouched_by) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (command.id, digest, body, *vouched),
    )
    found = await connection.execute("SELECT hash = %s FROM command WHERE id = %s", (digest, command.id))
    return await found.fetchone() == (True,)


async def _answer_within(connection: Connection, command_id: UUID, seconds: float) -> Answer:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        found = await connection.execute("SELECT answer FROM command WHERE id = %s", (command_id,))
        row = await found.fetchone()
        if row is not None and row[0] is not None:
            return Answer.model_validate(row[0])
        async for _ in connection.notifies(timeout=min(left, 1.0), stop_after=1):
            pass
        await asyncio.sleep(0)
    return LAPSED if await answer(connection, command_id, LAPSED) else await _answer_within(connection, command_id, 5)


def _envelope(command: Command, source: str) -> Envelope:
    return envelope(command, event_type=command.body.type, source=source, event_id=str(command.id))


def _body(command: Command) -> dict[str, object]:
    return command.model_dump(mode="json")


def _hash(command: Command) -> bytes:
    return hashlib.sha256(canonical(_body(command))).digest()


_UNANSWERED: Final = """
UPDATE command SET published_at = now()
WHERE answer IS NULL AND published_at < now() - %s::interval AND id IN (
    SELECT id FROM command WHERE answer IS NULL AND published_at < now() - %s::interval LIMIT 100 FOR UPDATE SKIP LOCKED
) RETURNING body
"""
