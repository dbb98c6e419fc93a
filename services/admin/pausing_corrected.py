"""While nobody answers a correction, this door itself holds what it corrects.

Editorial pauses it in the transaction that takes the correction. Without Kafka, or without editorial, nobody would for
half a minute, and everybody would get the error meanwhile. A pause needs neither.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from services.admin.acting import acting
from services.admin.answers import Refusal, Unanswered
from services.admin.giving import SOURCE
from services.runtime.postgres import AWAY, Connection
from services.store import audit, messages
from services.store.status import status_of

UNANSWERED_SECONDS: Final = 0.4
"""Editorial answers in a tenth of this; a second after the correction nothing of the error may go out any more."""


@asynccontextmanager
async def holding(corrects: str | None, incident: str) -> AsyncIterator[None]:
    """Hold this message of the incident if what is done inside is not answered at once; if it is refused, let it go on.

    When nobody answered at all it stays paused, and the `Refusal` says so and what to do next.
    """
    try:
        message_id = UUID(corrects or "")
    except ValueError:
        yield  # it corrects nothing, or the rules say what is wrong with it
        return
    pausing = asyncio.create_task(_pause_later(message_id, incident))
    try:
        yield
    except Refusal as refusal:
        paused_at = await _ended(pausing)
        if paused_at is None:
            raise
        if isinstance(refusal, Unanswered):
            raise Refusal(
                f"{refusal.error}. {corrects} is paused all the same, so that nobody else gets the error: give this"
                f" correction again, or `roeland message resume {corrects}`, or `roeland message stop {corrects}`",
                more={**refusal.more, "paused": corrects},
            ) from None
        await _resume(message_id, paused_at)
        raise
    finally:
        await _ended(pausing)


async def _ended(pausing: "asyncio.Task[datetime | None]") -> datetime | None:
    """When it was paused; None if it was not, and it will not be any more. What was begun is done first."""
    pausing.cancel()
    try:
        return await pausing
    except (asyncio.CancelledError, *AWAY):  # PostgreSQL went: what became of the correction is said all the same
        return None


async def _pause_later(message_id: UUID, incident: str) -> datetime | None:
    await asyncio.sleep(UNANSWERED_SECONDS)
    begun = asyncio.ensure_future(_pause(message_id, incident))
    try:
        return await asyncio.shield(begun)
    except asyncio.CancelledError:
        return await begun


async def _pause(message_id: UUID, incident: str) -> datetime | None:
    """When it was paused by us; None where there is nothing to pause: a person had, or it is not being sent."""
    async with acting() as (connection, actor), connection.transaction():
        message = await messages.find(connection, message_id, lock=True)
        if message is None or message.incident != incident:
            return None
        if message.state != "released" or message.paused_at is not None:
            return None
        if (await status_of(connection, message)).state in {"done", "expired"}:
            return None
        await messages.pause(connection, message, source=SOURCE)
        await _audit(connection, actor, "message.paused", message_id)
        held = await messages.find(connection, message_id)
        return held.paused_at if held else None


async def _resume(message_id: UUID, paused_at: datetime) -> None:
    """Unless somebody has decided otherwise meanwhile."""
    async with acting() as (connection, actor), connection.transaction():
        message = await messages.find(connection, message_id, lock=True)
        if message is not None and message.state == "released" and message.paused_at == paused_at:
            await messages.resume(connection, message, source=SOURCE)
            await _audit(connection, actor, "message.resumed", message_id)


async def _audit(connection: Connection, actor: int | None, action: str, message_id: UUID) -> None:
    await audit.record(
        connection, actor=actor, action=action, subject=f"message:{message_id}",
        detail={"why": "a correction was handed in, and not answered at once"},
    )  # fmt: skip
