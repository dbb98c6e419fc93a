"""What was stopped, put right, turned down or has expired is settled batch by batch, a few in a short transaction."""

from typing import Final

import structlog

from services.runtime.postgres import Pool
from services.store import announcements, ledger

AT_ONCE: Final = 10
"""Batches of one message in a transaction, before the next message has its turn: a large one holds up no small one."""

log = structlog.get_logger(__name__)


async def clear(pool: Pool, source: str) -> None:
    """Settle everything that is halted for good and still unsent; returns when nothing is left that can be had."""
    batches = 0
    while numbers := await _halted(pool):
        cleared = sum([await _clear(pool, number, source) for number in numbers])
        if not cleared:
            break
        batches += cleared
    if batches:
        log.info("cleared", batches=batches)


async def _halted(pool: Pool) -> list[int]:
    async with pool.connection() as connection:
        return await announcements.halted_with_unsent(connection)


async def _clear(pool: Pool, message: int, source: str) -> int:
    async with pool.connection() as connection, connection.transaction():
        for cleared in range(AT_ONCE):
            if not await ledger.withdraw_unsent(connection, message, source=source):
                return cleared
    return AT_ONCE
