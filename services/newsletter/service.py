"""What the newsletter service does: it keeps the clock going, and says on `messages` which editions it made."""

import asyncio
from typing import Final

from services.newsletter import waking
from services.newsletter.clock import Clock, strike, wind
from services.runtime import timers
from services.runtime.repeat import every
from services.runtime.service import Service

STRIKE_SECONDS: Final = 1.0
WIND_SECONDS: Final = 60.0
PRUNE_SECONDS: Final = 3600.0


async def serve(service: Service, clock: Clock) -> None:
    """All that it does at the same time, for as long as it runs. Kafka is needed for the outbox alone."""
    async with asyncio.TaskGroup() as group:
        group.create_task(service.publish_outbox())
        group.create_task(every(WIND_SECONDS, lambda: wind(clock), what="winding the clock"))
        group.create_task(every(STRIKE_SECONDS, lambda: strike(clock), what="editions"))
        group.create_task(every(PRUNE_SECONDS, lambda: _prune(clock), what="prune"))


async def _prune(clock: Clock) -> None:
    async with clock.pool.connection() as connection:
        await timers.prune(connection, waking.KIND)
