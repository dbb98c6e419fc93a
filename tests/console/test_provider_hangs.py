"""An OpenID provider that hangs: only who signs in through it waits, and not for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from services.console.app import make_app
from services.console.desk import Desk
from services.console.doors import provider_published
from services.console.doors.provider_published import ProviderAway, Published
from tests.console.conftest import Console

SECONDS = 0.8


@asynccontextmanager
async def hanging(*, drips: bool = False) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that takes a request and never answers, or a byte at a time; how often it was called."""
    calls: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(1)
        if drips:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while drips and not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", calls
    finally:
        server.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_published, "SECONDS", SECONDS)


@pytest.mark.stack
async def test_nobody_waits_for_it_but_who_signs_in_through_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, signing out and the local account go on while somebody waits; who tries again is told at once."""
    async with hanging() as (issuer, calls):
        monkeypatch.setenv("ROELAND_OIDC_ISSUER", issuer)
        monkeypatch.setenv("ROELAND_OIDC_CLIENT_ID", "us")
        console = Console(make_app(desk), desk)
        async with console.stack:
            client, stranger = await console.as_("author"), await console.anyone()
            async with desk.pool.connection() as connection:
                await connection.execute("UPDATE session SET how = 'oidc', proved_at = proved_at - interval '1 hour'")
            pages = ("/", "/me", "/messages", "/api/v1/keys", "/sign-in/again")
            for path in (*pages, "/sign-in"):  # their templates are read once
                await client.get(path)
            waiting = asyncio.create_task(stranger.get("/sign-in/provider"))
            await asyncio.sleep(0.1)
            for path in pages:
                assert (await _timed(client.get(path))).status_code == 200, path
            assert (await _timed(client.post("/sign-out"))).status_code == 303
            assert (await _timed(client.get("/sign-in"))).status_code == 200
            assert (await waiting).headers["location"].startswith("/sign-in?told=away")
            told = await asyncio.gather(*(_timed(stranger.get("/sign-in/provider")) for _ in range(20)))
            assert {each.headers["location"] for each in told} == {"/sign-in?told=away&next=/"}
            answer = await _timed(stranger.post("/sign-in/provider/signed-out", data={"logout_token": "x"}))
            assert answer.status_code == 503
            assert len(calls) == 1, "it is left alone for a moment"


async def test_many_who_ask_at_once_ask_it_once_and_wait_no_longer_than_one() -> None:
    """Each would else wait for its own answer, one after the other."""
    async with hanging() as (issuer, calls), httpx.AsyncClient() as http:
        published = Published(issuer, http)
        began = asyncio.get_running_loop().time()
        found = await asyncio.gather(*(published.metadata() for _ in range(30)), return_exceptions=True)
        assert {type(each) for each in found} == {ProviderAway}
        assert asyncio.get_running_loop().time() - began < 2 * SECONDS
        assert len(calls) == 1


async def test_an_answer_that_comes_a_byte_at_a_time_is_none() -> None:
    """Each byte is in time; the answer never is."""
    async with hanging(drips=True) as (issuer, _), httpx.AsyncClient(timeout=5) as http:
        async with asyncio.timeout(3 * SECONDS):
            with pytest.raises(ProviderAway):
                await Published(issuer, http).metadata()


async def _timed(asked: object) -> httpx.Response:
    """In less time than a provider is waited for."""
    async with asyncio.timeout(SECONDS * 0.8):
        answer: httpx.Response = await asked  # type: ignore[misc]
    return answer
