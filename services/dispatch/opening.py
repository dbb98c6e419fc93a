"""The steps of messages that go out in an order: each is opened as soon as what it waits for is so."""

import structlog

from services.runtime.postgres import Pool
from services.store import announcements, audit, messages, release_steps

log = structlog.get_logger(__name__)


async def open_steps(pool: Pool, source: str) -> None:
    """Open what is due, and what is due by that: a step in which nobody is holds up none."""
    while numbers := await _due(pool):
        if not any([await _open_next(pool, number, source) for number in numbers]):
            return


async def _due(pool: Pool) -> list[int]:
    async with pool.connection() as connection:
        return await release_steps.due(connection)


async def _open_next(pool: Pool, number: int, source: str) -> bool:
    """Opened and on the record in one transaction; said in the next, for whoever holds the message takes no batch.

    If we end between the two, the sweep finds batches that nobody announced.
    """
    async with pool.connection() as connection, connection.transaction():
        opened = await release_steps.open_next(connection, number)
        message = await messages.by_number(connection, number)
        if opened is None or message is None:
            return False
        await audit.record(
            connection, actor=None, action="message.step-opened", subject=f"message:{message.id}",
            detail={"message": number, "step": opened.step, "why": opened.why},
        )  # fmt: skip
    async with pool.connection() as connection, connection.transaction():
        count = await announcements.announce(connection, number, source=source, step=opened.step)
    log.info("step_opened", message=number, step=opened.step, why=opened.why, batches=count)
    return True
