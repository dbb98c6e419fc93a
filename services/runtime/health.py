"""What a service says about itself: alive, ready (or what is missing), and its figures.

Something counts as missing when it has failed for five seconds, so that a blink takes nobody out of service.
Off unless `ROELAND_HEALTH_ADDRESS` is set.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, generate_latest

from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings

GRACE_SECONDS: Final = 5.0
NOT_YET: Final = "not yet reached"

DEAD_LETTERS = Counter("roeland_dead_letters_total", "Records that nobody could read", ["topic"])
NOTHING_TO_DO = Counter(
    "roeland_batches_nothing_to_do_total", "Batches announced in which there was no work", ["channel"]
)
DELIVERIES = Counter("roeland_deliveries_total", "Deliveries settled, by state", ["channel", "state"])
HANDLED = Counter("roeland_events_handled_total", "Events and commands handled", ["type"])
MISSING = Gauge("roeland_missing", "1 while something that this service needs is missing", ["what"])

log = structlog.get_logger(__name__)


class HealthSettings(RoelandSettings):
    """Where to serve health."""

    health_address: str | None = None


class Health:
    """What this service needs, and since when each of it fails. Things not yet heard of count as missing."""

    def __init__(self, *needs: str) -> None:
        self._needs = needs
        self._down: dict[str, tuple[float, str]] = {need: (float("-inf"), NOT_YET) for need in needs}

    def up(self, what: str) -> None:
        """This works now."""
        if self._down.pop(what, None) is not None:
            MISSING.labels(what).set(0)
            log.info("ready_again", what=what)

    def down(self, what: str, why: str) -> None:
        """This fails now; `why` is a few words without personal data."""
        if self._down.get(what, (0.0, NOT_YET))[1] == NOT_YET:
            MISSING.labels(what).set(1)
            log.warning("failing", what=what, why=why)
        since = self._down.get(what, (time.monotonic(), why))[0]
        self._down[what] = (since, why)

    def is_down(self, what: str) -> bool:
        """Whether the last word about this was that it fails."""
        return what in self._down

    def missing(self) -> dict[str, str]:
        """What has failed for `GRACE_SECONDS`, with the reason."""
        now = time.monotonic()
        return {what: why for what, (since, why) in self._down.items() if now - since >= GRACE_SECONDS}


@asynccontextmanager
async def serve_health(health: Health, settings: HealthSettings) -> AsyncIterator[None]:
    """Serve /healthz, /readyz and /metrics while inside."""
    if settings.health_address is None:
        yield
        return
    host, port = split_address(settings.health_address, "ROELAND_HEALTH_ADDRESS")
    runner = web.AppRunner(_app(health), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    except OSError as problem:
        raise Foreseen(f"ROELAND_HEALTH_ADDRESS {host}:{port}: {problem.strerror or problem}") from None
    finally:
        await runner.cleanup()


def split_address(address: str, setting: str) -> tuple[str, int]:
    """`host:port` as a pair; raises `Foreseen` that names the setting."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise Foreseen(f"{setting} must be host:port, for instance 127.0.0.1:9100")
    return host.strip("[]"), int(port)


def _app(health: Health) -> web.Application:
    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        missing = health.missing()
        return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app
