"""The hub: `POST /hub` (WebSub §5), and what runs behind it.

The answer says only whether the request could be read. Whether there is such a feed, whether its address is in force,
and whether the subscriber meant it, comes out later, at the callback: so whoever guesses addresses learns nothing here.
"""

import asyncio
from typing import Final

import structlog
from aiohttp import web

from services.public.hub_call import Calls
from services.public.hub_callbacks import Refused
from services.public.hub_connect import Names
from services.public.hub_delivery import Deliveries
from services.public.hub_http import Caller
from services.public.hub_intent import REQUESTS, Intent
from services.public.hub_limits import Limits
from services.public.hub_request import Asked, read
from services.public.hub_settings import PATH, HubSettings
from services.public.hub_shelf import Shelf
from services.runtime.service import Service
from services.runtime.tokens import Keys

ASKING: Final = 100
"""Requests that are being verified at once; each takes ten seconds at most, and waiting for PostgreSQL."""

log = structlog.get_logger(__name__)


def make_hub(
    service: Service, settings: HubSettings, keys: Keys, shelf: Shelf, *, names: Names | None = None
) -> "Hub | None":
    """The hub; None when there is to be none. `names`: as in `Caller`."""
    if settings.hub_url is None or settings.public_url is None:
        log.info("no_hub", why="ROELAND_WEBSUB is false, or ROELAND_PUBLIC_URL is not set")
        return None
    anywhere = settings.websub_allow_private
    caller = Caller(anywhere=anywhere, names=names)
    intent = Intent(service.pool, caller, shelf, keys)
    calls = Calls(service.pool, caller, shelf, keys, settings.public_url, settings.hub_url)
    return Hub(service, intent, Deliveries(calls), settings.public_url, anywhere=anywhere)


def hub_routes(hub: "Hub | None") -> list[web.RouteDef]:
    """Where subscribers ask; 404 where there is no hub."""
    return [web.post(PATH, hub.take if hub else _no_hub)]


class Hub:
    """Takes requests, and runs deliveries. `deliveries.wake()` when feeds changed."""

    def __init__(
        self, service: Service, intent: Intent, deliveries: Deliveries, public_url: str, *, anywhere: bool
    ) -> None:
        self._service, self._intent, self._public_url, self._anywhere = service, intent, public_url, anywhere
        self.deliveries = deliveries
        self._limits = Limits()
        self._asking: set[asyncio.Task[None]] = set()

    async def take(self, request: web.Request) -> web.Response:
        """202 when it could be read; 4xx with the reason in words when it could not; 429 and 503 for later."""
        if request.content_type != "application/x-www-form-urlencoded":
            return _refused(415, "the request must be application/x-www-form-urlencoded")
        try:
            form = await request.post()
        except (UnicodeDecodeError, LookupError, ValueError):
            return _refused(400, "the request must be UTF-8")
        values = {name: [v for v in form.getall(name) if isinstance(v, str)] for name in form}
        try:
            asked = read(values, self._public_url, anywhere=self._anywhere)
        except Refused as refusal:
            return _refused(400, str(refusal))
        if self._service.health.is_down("postgres") or len(self._asking) >= ASKING:
            return _refused(503, "try again later")
        if not self._limits.let(asked.callback.host):
            return _refused(429, "too many requests")
        self._ask(asked)
        return web.Response(status=202, text="Accepted: the callback is asked now\n")

    async def run(self) -> None:
        """Deliver, until it is cancelled."""
        try:
            await self.deliveries.run()
        finally:
            for task in self._asking:
                task.cancel()

    def _ask(self, asked: Asked) -> None:
        task = asyncio.create_task(self._intent.carry_out(asked))
        self._asking.add(task)
        task.add_done_callback(self._asked)

    def _asked(self, task: "asyncio.Task[None]") -> None:
        self._asking.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            log.error("unforeseen", exc_info=problem)
        self.deliveries.wake()


async def _no_hub(_: web.Request) -> web.Response:
    raise web.HTTPNotFound


def _refused(status: int, why: str) -> web.Response:
    REQUESTS.labels("refused").inc()
    headers = {"Retry-After": "60"} if status in {429, 503} else {}
    return web.Response(status=status, text=f"{why}\n", headers=headers)
