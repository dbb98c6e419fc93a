"""Forms that nobody came back for, and what was answered to an Idempotency-Key, go when their time is over: what
somebody filled in is kept no longer than they were told."""

import asyncio
from typing import Final

import structlog

from services.console.desk import Desk
from services.runtime.records import unforeseen
from services.runtime.repeat import every
from services.store import api_requests, kept_forms

SECONDS: Final = 600.0

log = structlog.get_logger(__name__)


async def tidy(desk: Desk) -> None:
    """Once."""
    async with desk.pool.connection() as connection:
        await kept_forms.prune(connection)
        await api_requests.prune(connection)


async def unending(desk: Desk) -> None:
    """Each ten minutes, until it is cancelled."""
    while True:
        try:
            await every(SECONDS, lambda: tidy(desk), what="kept forms")
        except Exception as problem:
            log.error("unforeseen", during="kept forms", problem=unforeseen(problem))
        await asyncio.sleep(SECONDS)
