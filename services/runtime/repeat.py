"""Doing something every so often, or when woken, through outages of PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

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


async def together(*works: Coroutine[Any, Any, object]) -> None:
    """Run all of these until one ends or fails, or this is cancelled; then end the others.

    They are cancelled until they are: psycopg's pool forgets a cancellation that comes with the connection it awaits.
    """
    tasks = {asyncio.create_task(each) for each in works}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        while tasks:
            for each in tasks:
                each.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=0.2)
