"""The way in that people take: commands to editorial, given and waited for as a door does."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils import uuid7

from services.domain.commands import Answer, ApproveMessage, Body, Command, SubmitMessage
from services.runtime import commands
from services.runtime.postgres import AWAY
from services.store import messages
from services.store.messages import Message
from tests.domain.messages import sendable as content_of
from tests.faults import releasing
from tests.faults.harness import LOOK_EVERY, Crew

GIVE_SECONDS = 60


async def approved(
    crew: Crew, people: int, channels: tuple[str, ...] = ("mail",), *, audience: str = "governors", **fields: Any
) -> Message:
    """A message that went the whole way: submitted, proofed and approved, to so many people in all.

    Everyone whom the crew's database has in this audience gets it; some are added when there are fewer.
    """
    message_id = await submitted(crew, people, channels, audience=audience, **fields)
    await proofed(crew, message_id)
    return await approve(crew, message_id)


async def submitted(
    crew: Crew, people: int, channels: tuple[str, ...] = ("mail",), *, audience: str = "governors", **fields: Any
) -> UUID:
    """Its first half: the command is given and answered, the proof may still be under way."""
    async with crew.connect() as connection:
        await releasing.users(connection)
        await releasing.fill(connection, audience, people)
    message_id = UUID(str(uuid7()))
    title = [{"text": f"Proef {message_id.hex[-8:]}", "language": "nl"}]
    content = content_of(
        **{
            "audiences": [audience],
            "channels": list(channels),
            "title": title,
            "sms": [{"text": f"Proef #{message_id.hex}", "language": "nl"}],
        }
        | fields
    ).model_dump(mode="json")
    answer = await give(crew, SubmitMessage(message_id=message_id, content=content), user=0)
    assert answer.done, answer
    return message_id


async def proofed(crew: Crew, message_id: UUID, *, seconds: float = GIVE_SECONDS) -> None:
    """Wait for its proof."""
    deadline = time.monotonic() + seconds
    while (await _found(crew, message_id)).state == "submitted":
        assert time.monotonic() < deadline, f"not proofed after {seconds} s\n{crew.report()}"
        await asyncio.sleep(LOOK_EVERY)


async def approve(crew: Crew, message_id: UUID) -> Message:
    """Approve it, as someone else than its author."""
    answer = await give(crew, ApproveMessage(message_id=message_id), user=1)
    assert answer.done, answer
    message = await _found(crew, message_id)
    crew.knows_by_mark(message)
    return message


async def give(crew: Crew, body: Body, *, user: int) -> Answer:
    """Give a command and wait for its answer, through outages of PostgreSQL; the same command each time."""
    async with crew.connect() as connection:
        numbers = await releasing.users(connection)
    return await give_this(
        crew, Command(id=UUID(str(uuid7())), user=numbers[user], given_at=datetime.now(UTC), body=body)
    )


async def give_this(crew: Crew, command: Command) -> Answer:
    """Give this very command."""
    while True:
        try:
            async with crew.connect() as connection:
                return await commands.give(
                    connection, command, key=releasing.INCIDENT, source=releasing.SOURCE, seconds=GIVE_SECONDS
                )
        except AWAY:
            await asyncio.sleep(4 * LOOK_EVERY)


async def _found(crew: Crew, message_id: UUID) -> Message:
    while True:
        try:
            async with crew.connect() as connection:
                message = await messages.find(connection, message_id)
                assert message is not None
                return message
        except AWAY:
            await asyncio.sleep(4 * LOOK_EVERY)
