"""A hub on a real port and a real database, with feeds that a test changes at will."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import aiohttp
from aiohttp import web
from psycopg.rows import dict_row
from pydantic import SecretStr

from services.public.hub import Hub, make_hub
from services.public.hub_connect import Names
from services.public.hub_settings import HubSettings
from services.public.hub_shelf import Served, Version
from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import DatabaseSettings, Pool, open_pool
from services.runtime.service import Service
from services.runtime.tokens import Key, Keys
from tests.situation.running import eventually

PUBLIC_URL = "https://crisis.example.be/roeland"
FEED = "feeds/public.atom"
TOPIC = f"{PUBLIC_URL}/{FEED}"
ATOM = "application/atom+xml; charset=utf-8"
KEYS = Keys((Key("k1", b"1" * 32),))


@dataclass
class Feeds:
    """A shelf (`services.public.hub_shelf`) with one open feed, and one that opens for `tokens`."""

    bodies: dict[str, bytes] = field(default_factory=lambda: {FEED: b"<feed>0</feed>"})
    modified: dict[str, datetime] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def change(self, body: bytes, name: str = FEED, *, after: timedelta = timedelta(seconds=1)) -> None:
        """The feed shows this from now on."""
        self.bodies[name] = body
        self.modified[name] = self._modified(name) + after

    def gone(self, path: str) -> bool:
        return self.served(path) is None

    def version(self, name: str) -> Version | None:
        body = self.bodies.get(name)
        return None if body is None else Version(sha256(body).hexdigest(), self._modified(name))

    def served(self, path: str) -> Served | None:
        token = next((each for each in self.tokens if f"/{each}." in path), None)
        name = path.replace(token, "__token__") if token else path
        version = self.version(name)
        if version is None or ("__token__" in name and token is None):
            return None
        return Served(version, ATOM, self.bodies[name].replace(b"__token__", (token or "").encode()))

    def _modified(self, name: str) -> datetime:
        return self.modified.get(name, datetime(2026, 11, 23, tzinfo=UTC))


@dataclass
class Running:
    """A hub that runs; `post` is what a subscriber sends it."""

    url: str
    hub: Hub
    feeds: Feeds
    pool: Pool
    http: aiohttp.ClientSession
    service: Service

    async def post(self, **form: Any) -> tuple[int, str]:
        fields = {f"hub.{name}": str(value) for name, value in form.items()}
        async with self.http.post(self.url, data=fields) as answer:
            return answer.status, await answer.text()

    async def subscribe(self, callback: str, topic: str = TOPIC, **more: Any) -> None:
        """Ask for it, and wait until it is written."""
        assert (await self.post(mode="subscribe", topic=topic, callback=callback, **more))[0] == 202

        async def written() -> bool:
            return bool(await self.rows("callback = %s", callback))

        await eventually(written)

    async def rows(self, where: str = "true", *values: Any) -> list[dict[str, Any]]:
        """Subscriptions as they are kept."""
        async with self.pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(f"SELECT * FROM websub_subscription WHERE {where} ORDER BY id".encode(), values)
            return await cursor.fetchall()

    async def write(self, statement: str) -> None:
        """Change what is kept: let time pass."""
        async with self.pool.connection() as connection:
            await connection.execute(f"UPDATE websub_subscription SET {statement}".encode())
        self.hub.deliveries.wake()

    def change(self, body: bytes, name: str = FEED, **more: Any) -> None:
        """The feed changes, and the hub hears of it."""
        self.feeds.change(body, name, **more)
        self.hub.deliveries.wake()

    async def settle(self) -> None:
        """Long enough for whatever would wrongly happen next: several rounds, woken."""
        for _ in range(6):
            self.hub.deliveries.wake()
            await asyncio.sleep(0.04)


@asynccontextmanager
async def running_hub(
    database_url: str,
    feeds: Feeds | None = None,
    *,
    names: Names | None = None,
    private: bool = True,
    keys: Keys = KEYS,
) -> AsyncIterator[Running]:
    """A hub, until the test is through with it."""
    database = DatabaseSettings(database_url=SecretStr(database_url))
    settings = HubSettings(public_url=PUBLIC_URL, websub_allow_private=private)
    feeds = feeds or Feeds()
    async with open_pool(database, size=4) as pool, aiohttp.ClientSession() as http:
        health = Health("postgres")
        health.up("postgres")
        service = Service("public", pool, database, KafkaSettings(), health)
        hub = make_hub(service, settings, keys, feeds, names=names)
        assert hub is not None
        async with _listening(hub) as url:
            work = asyncio.create_task(hub.run())
            yield Running(url, hub, feeds, pool, http, service)
            assert not work.done(), work
            work.cancel()
            await asyncio.wait({work})


@asynccontextmanager
async def _listening(hub: Hub) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.post("/hub", hub.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hub"
    finally:
        await runner.cleanup()


async def written(hub: Running, where: str, *, there: bool = True) -> None:
    """Wait until there is such a subscription, or none."""

    async def now() -> bool:
        return bool(await hub.rows(where)) == there

    await eventually(now)


async def holds(condition: Any) -> None:
    """Wait until a plain condition holds."""

    async def now() -> bool:
        return bool(condition())

    await eventually(now)
