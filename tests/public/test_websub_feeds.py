"""The hub with our own feeds: how it is found, and what is sent when a message is published."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from services.domain.configuration import DEFAULT
from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import feed_tokens, feeds, messages
from tests.public.conftest import Door
from tests.public.hubs import PUBLIC_URL, TOPIC, holds
from tests.public.subscribers import Subscriber
from tests.situation.running import eventually, running_service
from tests.store.world import add_user, submit

pytestmark = pytest.mark.stack

HUB = f"{PUBLIC_URL}/hub"


@pytest.fixture
def hub_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before `door`: subscribers of tests listen on loopback."""
    monkeypatch.setenv("ROELAND_WEBSUB_ALLOW_PRIVATE", "true")


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROELAND_WEBSUB", "false")


async def test_a_feed_says_where_to_subscribe_to_it(hub_settings: None, door: Door) -> None:
    """In its headers and in itself, in each form (WebSub §4); an archive and a page have no hub."""
    for form, sign in {"atom": f'rel="hub" href="{HUB}"', "rss": HUB, "json": '"type": "WebSub"'}.items():
        async with door.http.get(f"{door.url}/feeds/public.{form}") as answer:
            assert f'<{HUB}>; rel="hub", <{PUBLIC_URL}/feeds/public.{form}>; rel="self"' in answer.headers["Link"]
            assert sign in await answer.text()


async def test_without_a_hub_nothing_says_that_there_is_one(no_hub: None, door: Door) -> None:
    """`ROELAND_WEBSUB=false`: no link, and no address."""
    async with door.http.get(f"{door.url}/feeds/public.atom") as answer:
        assert 'rel="hub"' not in answer.headers["Link"]
        assert "hub" not in await answer.text()
    assert await _subscribe(door.http, door.url, "http://lezer.example/") == 404


async def test_what_is_published_is_sent_at_once(
    hub_settings: None, door: Door, connection: Connection, reader: Subscriber
) -> None:
    """To who reads the open feed and who reads a closed one: each what a GET of its own address gives."""
    closed = dict(await feed_tokens.feed_urls(connection, DEFAULT, PUBLIC_URL))["governors"]
    for topic in (TOPIC, closed):
        assert await _subscribe(door.http, door.url, f"{reader.url}?{len(topic)}", topic) == 202
    await holds(lambda: len(reader.sent) == 2)
    await _published(connection, "Loonmotor")
    await holds(lambda: len(reader.sent) == 4)
    for topic in (TOPIC, closed):
        [sent] = [each for each in reader.sent[2:] if each.query == str(len(topic))]
        async with door.http.get(topic.replace(PUBLIC_URL, door.url)) as answer:
            assert sent.body == await answer.read()
            assert sent.headers["Content-Type"] == answer.headers["Content-Type"]
        assert b"Loonmotor" in sent.body
        assert f'<{topic}>; rel="self"' in sent.headers["Link"]
        assert b"__token__" not in sent.body


async def test_a_revoked_address_ends_its_subscription(
    hub_settings: None, door: Door, connection: Connection, reader: Subscriber
) -> None:
    """The next message of that audience does not reach who may read it no more."""
    made, token = await feed_tokens.add(connection, "governors", "Kabinet", None)
    topic = f"{PUBLIC_URL}/feeds/governors/{token}.atom"
    await eventually(lambda: _opens(door, topic))
    assert await _subscribe(door.http, door.url, reader.url, topic) == 202
    await holds(lambda: reader.sent)
    await feed_tokens.revoke(connection, made.id, None)
    await eventually(lambda: _opens(door, topic, no=True))
    await _published(connection, "Geheim")
    await holds(lambda: reader.asked[-1]["hub.mode"] == "denied")
    assert len(reader.sent) == 1


@pytest.mark.long
async def test_one_of_two_copies_is_killed_while_it_calls(
    database_url: str, connection: Connection, reader: Subscriber, tmp_path: Path, unused_tcp_port_factory
) -> None:
    """The other one leaves the call alone for as long as it may take, and then makes it: the subscriber hears."""
    envs = [_env(database_url, tmp_path / name, unused_tcp_port_factory()) for name in ("one", "two")]
    callers: list[int] = []

    async def hang(request: web.Request) -> web.Response:
        callers.append(request.transport.get_extra_info("peername")[1])
        return await _hang(request)

    with suppress(ProcessLookupError):  # one is not there any more to be ended
        async with running_service("public", envs[0]) as one, running_service("public", envs[1]) as two:
            async with aiohttp.ClientSession() as http:
                url = f"http://{envs[0]['ROELAND_PUBLIC_ADDRESS']}"
                assert await _subscribe(http, url, reader.url) == 202
            await holds(lambda: reader.sent)
            reader.take = hang
            await _published(connection, "Loonmotor")
            await holds(lambda: callers)
            caller = next(each for each in (one, two) if callers[0] in _ports(each.process.pid))
            caller.process.send_signal(signal.SIGKILL)
            await caller.process.wait()
            reader.take = None
            await asyncio.sleep(1.5)  # a round of the other's
            assert len(reader.sent) == 2
            await connection.execute("UPDATE websub_subscription SET due = clock_timestamp()")
            await holds(lambda: len(reader.sent) == 3)
            assert reader.bodies[2] == reader.bodies[1]


def _ports(pid: int) -> set[int]:
    """Of this machine's ends of the connections that a process has."""
    held = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in held}


def _env(database_url: str, folder: Path, port: int) -> dict[str, str]:
    return {
        "ROELAND_DATABASE_URL": database_url, "ROELAND_DATA_DIR": str(folder), "ROELAND_PUBLIC_URL": PUBLIC_URL,
        "ROELAND_PUBLIC_ADDRESS": f"127.0.0.1:{port}", "ROELAND_WEBSUB_ALLOW_PRIVATE": "true",
    }  # fmt: skip


async def _subscribe(http, url: str, callback: str, topic: str = TOPIC) -> int:
    form = {"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": callback}
    async with http.post(f"{url}/hub", data=form) as answer:
        return int(answer.status)


async def _published(connection: Connection, title: str) -> None:
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    message = await submit(connection, user, channels=["newsfeed"])
    async with connection.transaction():
        await messages.set_released(connection, message.number, user)
        for audience in ("governors", "public"):
            variant = Variant(audience, "nl", "", "newsfeed", f"{title} {audience}", "samenvatting", "<p>inhoud</p>")
            await feeds.record_entry(connection, message.number, variant)


async def _opens(door: Door, topic: str, *, no: bool = False) -> bool:
    async with door.http.get(topic.replace(PUBLIC_URL, door.url)) as answer:
        return (answer.status == 200) is not no


async def _hang(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()
