"""What dispatch does when a moment has come: trying again what was deferred, and ending what expires."""

from collections.abc import Awaitable, Callable

from services.domain.batches import BatchRef
from services.runtime.postgres import Connection
from services.store import announcements, audit, messages


def retry(source: str) -> Callable[[Connection, str], Awaitable[None]]:
    """Announce the batch that the timer names, if there is still work in it."""

    async def fired(connection: Connection, subject: str) -> None:
        message, _, batch = subject.partition("/")
        await announcements.announce_one(connection, BatchRef(int(message), int(batch)), source=source)

    return fired


async def expire(connection: Connection, subject: str) -> None:
    """A message that nobody approved in time ends here; what a released one still held is cleared up after this."""
    if not await messages.set_expired(connection, int(subject)):
        return
    message = await messages.by_number(connection, int(subject))
    if message is not None:
        await audit.record(
            connection, actor=None, action="message.expired", subject=f"message:{message.id}",
            detail={"message": message.number},
        )  # fmt: skip
