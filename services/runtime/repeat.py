"""Doing something every so often, or when woken, through outages of PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from services.runtime.postgres import until_there


async def every(seconds: float, work: Callable[[], Awaitable[object]], *, what: str) -> None:
    """Run `work` now and then every so many seconds, for as long as it runs; waits while PostgreSQL is away."""
    while True:
        await until_there(work, what=what)
        await asyncio.sleep(seconds)


async def when_woken(woken: asyncio.Event, seconds: float, work: Callable[[], Awaitable[object]], *, what: str) -> None:
    """Run `work` now, at each `woken.set()`, and every so many seconds in case a call was lost."""
    while True:
        woken.clear()
        await until_there(work, what=what)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await woken.wait()
