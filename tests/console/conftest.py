"""A console on a database of the test's own, and people who are signed in.

`console`    the application, over ASGI: `console.as_("author")` is an `httpx.AsyncClient` of somebody with that role
`desk`       what it stands on
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from pydantic import SecretStr

from services.console import calling
from services.console.access import COOKIE
from services.console.api import idempotency
from services.console.app import make_app
from services.console.desk import Desk
from services.console.doors import passwords
from services.console.settings import ConsoleSettings
from services.console.tokens import csrf_token, new_token
from services.domain.configuration import Configuration
from services.runtime.configuration import configuration_in_force
from services.runtime.health import Health
from services.runtime.postgres import DatabaseSettings, open_pool
from services.runtime.tokens import digest
from services.store import api_keys, sessions
from services.store.users import find_user, save_user

URL = "https://console.example"


@dataclass
class Console:
    """The application, and the clients that speak to it."""

    app: FastAPI
    desk: Desk
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def anyone(self, **headers: str) -> httpx.AsyncClient:
        """A browser in which nobody is signed in."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)
        return await self.stack.enter_async_context(client)

    async def as_(self, *roles: str, email: str | None = None) -> httpx.AsyncClient:
        """The browser of a user with these roles, signed in; it gives the session's token with every request."""
        address = email or f"{'-'.join(roles)}@ccvo.example"
        token = new_token()
        async with self.desk.pool.connection() as connection:
            user = await find_user(connection, address) or await save_user(connection, address, roles)
            await sessions.begin(connection, user.id, token, "password")
        client = await self.anyone()
        client.cookies.set(COOKIE, token, domain="console.example")
        client.headers["X-CSRF-Token"] = csrf_token(digest(token))
        return client

    async def with_key(self, *roles: str, scopes: tuple[str, ...]) -> httpx.AsyncClient:
        """A program with a key of a user with these roles."""
        address, token = f"{'-'.join(roles)}@ccvo.example", api_keys.new_token()
        until = datetime.now(UTC) + timedelta(hours=1)
        async with self.desk.pool.connection() as connection:
            user = await find_user(connection, address) or await save_user(connection, address, roles)
            await api_keys.add(connection, token, user.id, name="test", scopes=scopes, expires_at=until)
        return await self.anyone(Authorization=f"Bearer {token}")


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashed as always, with little memory and once: a good hash takes a tenth of a second each time."""
    hash_with(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1), monkeypatch)


@pytest.fixture(autouse=True)
def places_of_this_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A semaphore belongs to the loop in which somebody first waited for it, and each test has a loop of its own."""
    for module in (calling, idempotency, passwords):
        places: asyncio.Semaphore = vars(module)["_places"]
        monkeypatch.setattr(module, "_places", asyncio.Semaphore(places._value))


def hash_with(hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passwords hashed so for the rest of the test."""
    monkeypatch.setattr(passwords, "_hasher", hasher)
    monkeypatch.setattr(passwords, "_nobodys", hasher.hash("nobody has this password"))


@pytest.fixture
def configuration() -> Configuration:
    return configuration_in_force()


@pytest.fixture
async def desk(database_url: str, configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """On a database of the test's own. The commands of `services.admin` find it by their settings."""
    monkeypatch.setenv("ROELAND_DATABASE_URL", database_url)
    database = DatabaseSettings(database_url=SecretStr(database_url))
    async with open_pool(database) as pool:
        yield Desk(pool, database, ConsoleSettings(console_url=URL), configuration, Health())


@pytest.fixture
async def console(desk: Desk) -> AsyncIterator[Console]:
    """The application on `desk`."""
    made = Console(make_app(desk), desk)
    async with made.stack:
        yield made
