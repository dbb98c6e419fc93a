"""What every page and every call of the API stands on. A route finds it by `desk_of(request)`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from fastapi import Request

from services.console.doors.settings import DoorSettings
from services.console.settings import ConsoleSettings
from services.domain.configuration import Configuration
from services.rendering.centre import zone_in_force
from services.runtime.health import Health
from services.runtime.postgres import DatabaseSettings, Pool


@dataclass(frozen=True)
class Desk:
    """`work`: what runs beside answering, such as what keeps open pages up to date. Each runs until the end."""

    pool: Pool
    database: DatabaseSettings
    settings: ConsoleSettings
    configuration: Configuration
    health: Health
    zone: ZoneInfo = field(default_factory=zone_in_force)
    doors: DoorSettings = field(default_factory=DoorSettings)
    work: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @cached_property
    def turns(self) -> asyncio.Semaphore:
        """Who waits until nobody else changes a thing holds a connection meanwhile: half of them, so that all read."""
        return asyncio.Semaphore(max(1, self.pool.max_size // 2))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All of `work`, while inside."""
        tasks = [asyncio.ensure_future(each()) for each in self.work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def desk_of(request: Request) -> Desk:
    """What this request's application stands on."""
    desk: Desk = request.app.state.desk
    return desk
