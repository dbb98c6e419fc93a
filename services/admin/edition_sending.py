"""Making today's edition now, and waiting until editorial took it up and proofed it."""

import asyncio
import time
from typing import Final
from uuid import UUID

from services.admin.acting import acting
from services.admin.giving import SOURCE
from services.admin.newsletters import keeper, known, zone
from services.newsletter.sending import send_now
from services.runtime.postgres import connect
from services.store import messages
from services.store.messages import Message

SECONDS: Final = 30.0
LOOK_EVERY: Final = 0.2


async def make_now(name: str) -> UUID:
    """The id of its message. Raises `Refusal`, or `Cannot`, with the reason."""
    async with acting() as (connection, _), connection.transaction():
        user = await keeper(connection)
        newsletter = await known(connection, name, lock="wait")
        return await send_now(connection, newsletter, zone(), by=user.id, source=SOURCE)


async def when_there(message_id: UUID) -> Message | None:
    """The message once it is proofed, as it stands after half a minute; None: editorial did not take it up yet."""
    deadline = time.monotonic() + SECONDS
    async with connect(autocommit=True) as connection:
        while True:
            message = await messages.find(connection, message_id)
            if (message and message.state != "submitted") or time.monotonic() >= deadline:
                return message
            await asyncio.sleep(LOOK_EVERY)
