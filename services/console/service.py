"""What the console is made of, and how long it runs."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog
import uvicorn

from services.console.app import make_app
from services.console.desk import Desk
from services.console.doors import first_start, tidying
from services.console.impatient import Impatient
from services.console.live.watchers import Watchers
from services.console.outside.worker import unending as outside
from services.console.settings import ConsoleSettings
from services.console.webhooks.worker import unending as webhooks
from services.runtime.configuration import configuration_in_force
from services.runtime.errors import Foreseen
from services.runtime.health import split_address
from services.runtime.service import Service

log = structlog.get_logger(__name__)


async def serve(service: Service) -> None:
    """Answer until told to stop."""
    settings = ConsoleSettings()
    desk = Desk(service.pool, service.database, settings, configuration_in_force(), service.health)
    app = make_app(desk)
    desk.work.extend((partial(outside, desk), partial(webhooks, desk), partial(tidying.unending, desk)))
    server = _Server(
        uvicorn.Config(
            app,
            http=Impatient,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # ours: services/console/client.py
            timeout_graceful_shutdown=3,
        )
    )
    listening = _listening(settings)
    log.info("listening", address=settings.console_address)
    await first_start.announce(service.pool, settings)
    service.health.up("address")
    async with desk.running():
        try:
            await _serve(server, listening, service, app.state.watchers)
        finally:
            listening.close()


async def _serve(server: uvicorn.Server, listening: socket.socket, service: Service, watchers: Watchers) -> None:
    """Until told to stop; then end the streams, which would else have no end, and let answers be finished."""
    serving = asyncio.ensure_future(server.serve([listening]))
    stop = asyncio.ensure_future(service.stopping.wait())
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    watchers.close()
    server.should_exit = True
    await serving


def _listening(settings: ConsoleSettings) -> socket.socket:
    host, port = split_address(settings.console_address, "ROELAND_CONSOLE_ADDRESS")
    try:
        return socket.create_server((host, port), backlog=512, family=_family(host))
    except OSError as problem:
        raise Foreseen(f"ROELAND_CONSOLE_ADDRESS {host}:{port}: {problem.strerror or problem}") from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class _Server(uvicorn.Server):
    """Signals are the service's own matter (services/runtime/service.py)."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
