"""What was stopped, put right, turned down or has expired is settled batch by batch, a few in a short transaction."""

import asyncio
from typing import Final

import structlog

from services.runtime.postgres import Pool
from services.store import announcements, ledger

AT_ONCE: Final = 50
"""Batches of one message in a statement, before the next message has its turn: a large one holds up no small one."""

SIDE_BY_SIDE: Final = 3
"""Such statements at the same time: PostgreSQL has more than one core, and people wait for the counts of a stop."""

log = structlog.get_logger(__name__)


async def clear(pool: Pool, source: str) -> None:
    """Settle everything that is halted for good and still unsent; returns when nothing is left that can be had."""
    batches = 0
    while numbers := await _halted(pool):
        cleared = 0
        for number in numbers:
            cleared += sum(await asyncio.gather(*(_clear(pool, number, source) for _ in range(SIDE_BY_SIDE))))
        if not cleared:
            break
        batches += cleared
    if batches:
        log.info("cleared", batches=batches)


async def _halted(pool: Pool) -> list[int]:
    async with pool.connection() as connection:
        return await announcements.halted_with_unsent(connection)


async def _clear(pool: Pool, message: int, source: str) -> int:
    async with pool.connection() as connection:
        return await ledger.withdraw_unsent(connection, message, source=source, batches=AT_ONCE)
