"""A list of contacts is in memory while it is handled: few at once, nobody's alone, and none that never ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import Request

from services.console.hardening import UPLOADS

AT_ONCE: Final = 4
OF_ONE: Final = 2
SECONDS: Final = 300.0
"""For all of a body: whoever sends slowly holds a place no longer."""
_held: Counter[int] = Counter()


class NoPlace(Exception):
    """503: others are read now."""


class TooSlow(Exception):
    """408: the body did not come in time."""


@asynccontextmanager
async def place(request: Request, user: int) -> AsyncIterator[None]:
    """While inside, the body is there; of a path that takes large ones only when there is a place for it, which is
    taken before it is read. Raises `NoPlace` and `TooSlow`."""
    if request.url.path not in UPLOADS:
        yield
        return
    if _held.total() >= AT_ONCE or _held[user] >= OF_ONE:
        raise NoPlace
    _held[user] += 1
    try:
        try:
            async with asyncio.timeout(SECONDS):
                await request.body()
        except TimeoutError:
            raise TooSlow from None
        yield
    finally:
        _held[user] -= 1
        if not _held[user]:
            del _held[user]
