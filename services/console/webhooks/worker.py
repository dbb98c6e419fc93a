"""Finds what outside systems were not told yet, and tells them, beside answering; several consoles may do so."""

import asyncio
from collections import Counter
from typing import Any, Final
from uuid import UUID

import structlog

from services.console.desk import Desk
from services.console.webhooks.telling import AGENT, Telling
from services.domain.webhooks import payload
from services.public.hub_connect import Names
from services.public.hub_http import Caller
from services.runtime import timers
from services.runtime.postgres import Connection
from services.runtime.records import unforeseen
from services.runtime.repeat import every, together
from services.runtime.webhook_settings import WebhookSettings
from services.store import webhook_deliveries, webhooks
from services.store.secret_keys import signing_keys
from services.store.webhook_deliveries import KIND, Claimed, Untold

PLACES: Final = 16
"""Tries at once, in this process."""
PLACES_EACH: Final = 4
"""Of these, for one endpoint: one that hangs holds nobody else up."""
ROUND_SECONDS: Final = 0.5
FIND_SECONDS: Final = 1.0
PRUNE_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class Worker:
    """Runs in each console."""

    def __init__(self, desk: Desk, telling: Telling, settings: WebhookSettings) -> None:
        self._desk, self._telling, self._settings = desk, telling, settings
        self._running: dict[asyncio.Task[None], int] = {}  # and which endpoint it calls

    async def run(self) -> None:
        """Until it is cancelled. What is being sent then is sent again by whoever comes after, with the same id."""
        try:
            await together(
                every(FIND_SECONDS, self.find, what="webhooks"),
                every(ROUND_SECONDS, self.send_due, what="webhooks"),
                every(PRUNE_SECONDS, self._prune, what="webhooks"),
            )
        finally:
            for task in self._running:
                task.cancel()

    async def find(self) -> int:
        """Plan what was not told yet; how many deliveries that made."""
        async with self._desk.pool.connection() as connection:
            if not await webhooks.listed(connection):
                return 0
            made = 0
            for each in await webhook_deliveries.untold(connection):
                made += await self._plan(connection, each)
        return made

    async def send_due(self) -> None:
        """Begin as many tries that are due as there are places."""
        claimed: list[Claimed] = []

        async def begin(connection: Connection, subject: str) -> None:
            found = await webhook_deliveries.begin(connection, UUID(subject), full=self._full())
            claimed[:] = [found] if found else []

        while len(self._running) < PLACES and await timers.fire_due(self._desk.pool, KIND, begin, most=1):
            for each in claimed:  # only what was committed is sent
                task = asyncio.create_task(self._make(each))
                self._running[task] = each.webhook
                task.add_done_callback(self._running.pop)

    async def settled(self) -> None:
        """Wait for the tries that were begun."""
        while self._running:
            await asyncio.wait(set(self._running))

    def _full(self) -> list[int]:
        return [webhook for webhook, places in Counter(self._running.values()).items() if places >= PLACES_EACH]

    async def _make(self, claimed: Claimed) -> None:
        """Call, and as long as it is taken, go on with what was put off because of us."""
        following: Claimed | None = claimed
        try:
            while following is not None and await self._telling.make(following):
                async with self._desk.pool.connection() as connection:
                    following = await webhook_deliveries.next_of(connection, claimed.webhook)
        except Exception as problem:  # it is due again when its time is over
            log.error("unforeseen", during="webhooks", problem=unforeseen(problem))

    async def _plan(self, connection: Connection, found: Untold) -> int:
        text = payload(found.event, found.at, told_of(found, self._desk.settings.url))
        async with connection.transaction():
            return int(
                await webhook_deliveries.plan(connection, found.webhook, found.event, found.message, text) is not None
            )

    async def _prune(self) -> None:
        async with self._desk.pool.connection() as connection:
            await webhook_deliveries.prune(connection, self._settings.webhook_keep_days)
            await timers.prune(connection, KIND)


def told_of(found: Untold, url: str) -> dict[str, Any]:
    """What an outside system learns: no people, no text; the rest is behind the links, for whoever has a key."""
    return {
        "id": str(found.id), "incident": found.incident, "kind": found.kind, "phase": found.phase,
        "urgency": found.urgency, "exercise": found.exercise, "audiences": found.audiences, "state": found.state,
        **({"title": found.title} if found.title else {}),
        **({"corrects": str(found.corrects)} if found.corrects else {}),
        "links": {
            "message": f"{url}/api/v1/messages/{found.id}",
            "incident": f"{url}/api/v1/incidents/{found.incident}",
            "page": f"{url}/messages/{found.id}",
        },
    }  # fmt: skip


async def make_worker(desk: Desk, *, names: Names | None = None) -> Worker:
    """One on these settings. `names`: asked instead of the system's name servers."""
    settings = WebhookSettings()
    async with desk.pool.connection() as connection:
        keys = await signing_keys(connection)
    caller = Caller(anywhere=False, names=names, may=settings.may, agent=AGENT)
    return Worker(desk, Telling(desk.pool, caller, keys), settings)


async def unending(desk: Desk) -> None:
    """A worker, and another after whatever nobody foresaw: it must not end while the console answers."""
    while True:
        try:
            await (await make_worker(desk)).run()
        except Exception as problem:
            log.error("unforeseen", during="webhooks", problem=unforeseen(problem))
        await asyncio.sleep(AGAIN_SECONDS)
