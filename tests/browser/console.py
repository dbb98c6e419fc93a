"""A console for Chromium: a real one, on loopback, and people who are signed in there.

    site = console_site
    sight.look(f"{site.url}/", name="overview", cookies=site.signed_in("author")).flawless()
    sight.look(f"{site.url}/", name="overview-en", language="en", cookies=…).flawless()

`site.run(coroutine)` runs in the console's loop, for what a test writes into its database by `site.desk.pool`.
"""

import socket
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import uvicorn
from pydantic import SecretStr

from services.console.access import COOKIE
from services.console.app import make_app
from services.console.desk import Desk
from services.console.settings import ConsoleSettings
from services.console.tokens import new_token
from services.runtime.configuration import configuration_in_force
from services.runtime.health import Health
from services.runtime.postgres import DatabaseSettings, open_pool
from services.store import sessions
from services.store.users import find_user, save_user
from tests.stack import Background

T = TypeVar("T")


@dataclass(frozen=True)
class ConsoleSite:
    """A console that runs, where it is, and what it stands on."""

    url: str
    desk: Desk
    background: Background

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it in the console's loop."""
        return self.background.run(coroutine)

    def signed_in(self, *roles: str, email: str | None = None) -> dict[str, str]:
        """The cookies of a user with these roles, who is made if there is none with that address."""
        return self.run(self.begin(roles, email or f"{'-'.join(roles)}@ccvo.example"))

    async def begin(self, roles: tuple[str, ...], email: str) -> dict[str, str]:
        """The same in a story, which runs in the console's loop already."""
        token = new_token()
        async with self.desk.pool.connection() as connection:
            user = await find_user(connection, email) or await save_user(connection, email, roles)
            await sessions.begin(connection, user.id, token, "password")
        return {COOKIE: token}


@contextmanager
def console_on(database_url: str, background: Background) -> Iterator[ConsoleSite]:
    """Run one on this database while inside, in the loop of `background`."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    context = _running(database_url, url, listening)
    desk = background.run(anext(context))
    try:
        yield ConsoleSite(url, desk, background)
    finally:
        background.run(_ended(context))
        listening.close()


@contextmanager
def console_in(
    env: Mapping[str, str], background: Background, monkeypatch: pytest.MonkeyPatch, **more: str
) -> Iterator[ConsoleSite]:
    """The same in a deployment with these settings, and more."""
    for name, value in {**env, **more}.items():
        monkeypatch.setenv(name, value)
    with console_on(env["ROELAND_DATABASE_URL"], background) as made:
        yield made


async def _running(database_url: str, url: str, listening: socket.socket) -> Any:
    import asyncio

    database = DatabaseSettings(database_url=SecretStr(database_url))
    settings = ConsoleSettings(console_address=url.removeprefix("http://"))
    async with open_pool(database) as pool:
        desk = Desk(pool, database, settings, configuration_in_force(), Health())
        app = make_app(desk)
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        async with desk.running():
            serving = asyncio.create_task(server._serve([listening]))  # without its handlers of signals
            yield desk
            server.should_exit = True
            await serving


async def _ended(context: Any) -> None:
    async for _ in context:
        pass
