"""What `public` is made of, and how long it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from twilio.request_validator import RequestValidator

from services.domain.problems import Refused
from services.public.app import make_app
from services.public.feeds import Feeds
from services.public.reader import ReaderDoor
from services.public.settings import PublicSettings
from services.public.status import Callbacks
from services.rendering.centre import RenderingSettings
from services.rendering.templates import Templates, load_templates
from services.runtime.configuration import configuration_in_force
from services.runtime.errors import Foreseen
from services.runtime.health import split_address
from services.runtime.postgres import until_there
from services.runtime.service import Service, until
from services.runtime.tokens import Keys
from services.sms.settings import TwilioSettings
from services.store.secret_keys import signing_keys

log = structlog.get_logger(__name__)


async def serve(service: Service) -> None:
    """Answer until told to stop."""
    settings = PublicSettings()

    async def read_keys() -> Keys:
        async with service.pool.connection() as connection, connection.transaction():
            return await signing_keys(connection)

    keys = await until_there(read_keys, what="keys")
    callbacks = Callbacks(service, keys, _validator(), settings.public_url)
    app = make_app(
        Feeds(service.pool, keys, RenderingSettings().centre_name, settings.public_url or "", configuration_in_force()),
        callbacks,
        ReaderDoor(service.pool, keys, _templates(), configuration_in_force(), settings.public_url or ""),
    )
    async with _listening(app, settings):
        service.health.up("address")
        await until(service.stopping, callbacks.gathering.run())


def _templates() -> Templates:
    try:
        return load_templates()
    except Refused as refused:
        raise Foreseen("; ".join(map(str, refused.problems))) from None


def _validator() -> RequestValidator | None:
    """None without a token: then no callback can be told from a forged one, and none is taken."""
    token = TwilioSettings().twilio_auth_token
    if token is None:
        log.warning("no_callbacks", why="ROELAND_TWILIO_AUTH_TOKEN is not set")
        return None
    return RequestValidator(token.get_secret_value())


@asynccontextmanager
async def _listening(app: web.Application, settings: PublicSettings) -> AsyncIterator[None]:
    host, port = split_address(settings.public_address, "ROELAND_PUBLIC_ADDRESS")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=512).start()
        log.info("listening", address=settings.public_address)
        yield
    except OSError as problem:
        raise Foreseen(f"ROELAND_PUBLIC_ADDRESS {host}:{port}: {problem.strerror or problem}") from None
    finally:
        await runner.cleanup()
