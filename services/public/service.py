"""What `public` is made of, and how long it runs."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import web

from services.domain.problems import Refused
from services.public.access import Access
from services.public.app import make_app, routes
from services.public.bodies import Bodies
from services.public.build import Imprint, version
from services.public.calls import CallsDoor
from services.public.confirm import ConfirmDoor
from services.public.folder import Folder
from services.public.hub import Hub, hub_routes, make_hub
from services.public.hub_settings import HubSettings
from services.public.hub_shelf import BuiltFeeds
from services.public.inbound import Inbound
from services.public.places import claimed
from services.public.reader import ReaderDoor
from services.public.serving import Documents
from services.public.settings import PublicSettings
from services.public.sinch_status import SinchCallbacks
from services.public.status import Callbacks
from services.public.verify import Verify
from services.public.watch import SECONDS, Watch
from services.rendering.centre import RenderingSettings
from services.rendering.templates import Templates, load_templates
from services.runtime.configuration import configuration_in_force
from services.runtime.errors import Foreseen
from services.runtime.health import split_address
from services.runtime.postgres import listen, until_there
from services.runtime.repeat import when_woken
from services.runtime.service import Service, until
from services.runtime.tokens import Keys
from services.sms.settings import SinchSettings, TwilioSettings
from services.sms.signature import Signature
from services.store.feeds import CHANGED
from services.store.secret_keys import signing_keys

FRESH_SECONDS: Final = 1.0
"""So long a start waits until what is served is fresh; then it serves what is there."""

IDLE_SECONDS: Final = 75.0
"""A connection without a whole request is closed then (aiohttp: an hour). Longer than nginx keeps one for us (60 s)."""

log = structlog.get_logger(__name__)


async def serve(service: Service) -> None:
    """Answer until told to stop, and keep what is served what PostgreSQL says."""
    settings = PublicSettings()

    async def read_keys() -> Keys:
        async with service.pool.connection() as connection, connection.transaction():
            return await signing_keys(connection)

    keys = await until_there(read_keys, what="keys")
    validator = _validator()
    callbacks = Callbacks(service, keys, validator, settings.public_url)
    login = SinchSettings().sinch_callback_login
    sinch = SinchCallbacks(service.health, keys, callbacks.gathering, callbacks.filtered, login)
    words, configuration = _templates(), configuration_in_force()
    reader = ReaderDoor(service.pool, keys, words, configuration, settings.public_url or "")
    inbound = Inbound(service, validator, settings.public_url)
    calls = CallsDoor(service.pool, keys, words)
    verify = Verify(service.pool, words, configuration)
    async with _newsfeed(service, settings, keys) as (documents, watch, shelf):
        hub = make_hub(service, HubSettings(), keys, shelf)
        answering = [*ConfirmDoor(service.pool, keys, words, configuration.languages).routes(), *inbound.routes()]
        served = routes(documents, callbacks, sinch, reader=reader, verify=verify, calls=calls)
        app = make_app([*hub_routes(hub), *answering, *served], words)
        async with _listening(app, settings):
            service.health.up("address")
            await until(service.stopping, _working(callbacks, hub, watch))


async def _working(callbacks: Callbacks, hub: Hub | None, watch: Watch) -> None:
    """What runs until the service stops; the rest of what runs serves these."""
    async with asyncio.TaskGroup() as group:
        group.create_task(callbacks.gathering.run())
        group.create_task(callbacks.filtered.run())
        if hub is not None:
            watch.on_change = hub.deliveries.wake
            group.create_task(hub.run())


@asynccontextmanager
async def _newsfeed(
    service: Service, settings: PublicSettings, keys: Keys
) -> AsyncIterator[tuple[Documents, Watch, BuiltFeeds]]:
    """What is built, kept up to date while inside. What is there is served soon, also while much is to be made."""
    configuration, centre = configuration_in_force(), RenderingSettings()
    imprint = Imprint(
        centre.centre_name,
        settings.public_url or "",
        configuration,
        centre.centre_address,
        centre.timezone,
        HubSettings().hub_url,
    )
    with claimed(settings.folder(), or_beside=settings.public_dir is None) as root:
        folder = Folder(root, version(imprint))
        await asyncio.to_thread(_loaded, folder)
        bodies, access = Bodies(folder), Access(keys, configuration)
        watch = Watch(service.pool, folder, bodies, imprint)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(work) for work in _kept_up(service, watch, access)]
            with suppress(TimeoutError):
                async with asyncio.timeout(FRESH_SECONDS):
                    await watch.current.wait()
            yield Documents(folder, bodies, watch, access, imprint), watch, BuiltFeeds(folder, bodies, watch, access)
            for task in running:
                task.cancel()


def _loaded(folder: Folder) -> None:
    try:
        folder.load()
    except OSError as problem:
        raise Foreseen(f"{folder.root} cannot be written: {problem.strerror}. See ROELAND_PUBLIC_DIR") from None


def _kept_up(service: Service, watch: Watch, access: Access) -> list[Coroutine[Any, Any, None]]:
    """What runs beside serving: hearing of changes, making documents, reading who may read."""
    asked = asyncio.Event()

    def wake() -> None:
        watch.woken.set()
        asked.set()

    return [
        listen(service.database.url(), CHANGED, wake),
        watch.run(),
        when_woken(asked, SECONDS, partial(access.refresh, service.pool), what="tokens"),
    ]


def _templates() -> Templates:
    try:
        return load_templates()
    except Refused as refused:
        raise Foreseen("; ".join(map(str, refused.problems))) from None


def _validator() -> Signature | None:
    """None without a token: then no callback can be told from a forged one, and none is taken."""
    token = TwilioSettings().twilio_auth_token
    if token is None:
        log.warning("no_callbacks", why="ROELAND_TWILIO_AUTH_TOKEN is not set")
        return None
    return Signature(token.get_secret_value())


@asynccontextmanager
async def _listening(app: web.Application, settings: PublicSettings) -> AsyncIterator[None]:
    host, port = split_address(settings.public_address, "ROELAND_PUBLIC_ADDRESS")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3, keepalive_timeout=IDLE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=512).start()
        log.info("listening", address=settings.public_address)
        yield
    except OSError as problem:
        raise Foreseen(f"ROELAND_PUBLIC_ADDRESS {host}:{port}: {problem.strerror or problem}") from None
    finally:
        await runner.cleanup()
