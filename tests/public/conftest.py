"""`public` in the test's own loop, on a real database."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from yarl import URL

from services.public.service import serve
from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import Connection, DatabaseSettings, open_pool
from services.runtime.service import Service
from services.runtime.tokens import Keys
from services.store.secret_keys import signing_keys
from tests import stack
from tests.public.hubs import PUBLIC_URL, Running, running_hub
from tests.public.subscribers import Subscriber, subscriber
from tests.situation.running import eventually
from tests.store.world import connect

__all__ = ["PUBLIC_URL"]

AUTH_TOKEN = "an auth token of the test's own"


@dataclass
class Got:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Door:
    """A running `public`: `url` is where it listens; the world knows it as `PUBLIC_URL`."""

    url: str
    service: Service
    keys: Keys
    http: aiohttp.ClientSession
    folder: Path

    async def get(self, path: str | URL, **headers: str) -> Got:
        """What is answered, as it came: nothing is unpacked. An URL is asked for as it is written."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.get(path if isinstance(path, URL) else self.url + path, headers=named) as answer:
            return Got(answer.status, answer.headers.copy(), await answer.read())


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """To write and look with."""
    async with await connect(database_url) as connection:
        yield connection


@pytest.fixture
async def door(
    database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, tmp_path: Path
) -> AsyncIterator[Door]:
    """`public`, until the test ends."""
    monkeypatch.setenv("ROELAND_PUBLIC_ADDRESS", f"127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("ROELAND_PUBLIC_URL", PUBLIC_URL)
    monkeypatch.setenv("ROELAND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ROELAND_TWILIO_AUTH_TOKEN", AUTH_TOKEN)
    database = DatabaseSettings(database_url=SecretStr(database_url))
    async with open_pool(database) as pool, _client() as http:
        health = Health("postgres")
        health.up("postgres")
        service = Service("public", pool, database, KafkaSettings(), health)
        serving = asyncio.create_task(serve(service))
        url = f"http://127.0.0.1:{unused_tcp_port}"

        async def answers() -> bool:
            assert not serving.done(), serving
            try:
                async with http.get(f"{url}/feeds/nosuch.atom") as answer:
                    return answer.status == 404  # 503 until all is built
            except aiohttp.ClientError:
                return False

        await eventually(answers)
        yield Door(url, service, await signing_keys(connection), http, tmp_path / "public")
        service.stopping.set()
        await asyncio.wait_for(serving, 5)


@pytest.fixture(scope="module")
def websub_of_module(postgres: str) -> Iterator[str]:
    """One database for the tests of a file: use `websub_database`."""
    with stack.fresh_database(postgres) as url:
        yield url


@pytest.fixture
async def websub_database(websub_of_module: str) -> str:
    """A database in which nobody is subscribed."""
    async with await connect(websub_of_module) as connection:
        await connection.execute("DELETE FROM websub_subscription")
    return websub_of_module


@pytest.fixture
async def hub(websub_database: str) -> AsyncIterator[Running]:
    """A hub, and nobody subscribed."""
    async with running_hub(websub_database) as running:
        yield running


@pytest.fixture
async def reader() -> AsyncIterator[Subscriber]:
    """A subscriber's server."""
    async with subscriber() as made:
        yield made


def _client() -> aiohttp.ClientSession:
    """One that asks for nothing by itself."""
    return aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding", "Accept", "User-Agent"])
