"""Doing something every so often, through outages of PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable

from services.runtime.postgres import until_there


async def every(seconds: float, work: Callable[[], Awaitable[object]], *, what: str) -> None:
    """Run `work` now and then every so many seconds, for as long as it runs; waits while PostgreSQL is away."""
    while True:
        await until_there(work, what=what)
        await asyncio.sleep(seconds)
