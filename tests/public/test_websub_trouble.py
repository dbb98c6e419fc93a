"""Subscribers that misbehave, on real HTTP; and ourselves in trouble."""

import asyncio
import re
from datetime import timedelta

import pytest
from aiohttp import web

from services.public import hub_connect, hub_delivery, hub_http
from services.public.hub_connect import NoAnswer
from services.public.hub_http import CALLS, Caller
from services.public.hub_retries import HORIZON, WAITS
from services.store import websub
from tests import stack
from tests.faults.proxy import proxy_to
from tests.public.hubs import FEED, TOPIC, Running, holds, running_hub, written
from tests.public.subscribers import Subscriber, name_server, raw_server, subscriber

pytestmark = pytest.mark.stack


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds are half a second."""
    monkeypatch.setattr(hub_http, "CALL_SECONDS", 0.5)


async def test_callbacks_that_hang_delay_nobody(
    hub: Running, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than there are places, and all due before: who answers hears of a change while they hang."""
    monkeypatch.setattr(hub_delivery, "LAST_SECONDS", 0.1)
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    async with subscriber() as slow:
        slow.take = _hang
        for number in range(CALLS + 10):
            await _add(hub, f"{slow.url}{number}", due=False)
        await hub.write("due = clock_timestamp() WHERE delivered_at IS NULL")
        await holds(lambda: len(slow.sent) == hub_delivery.SLOW_CALLS)
        hub.change(b"1")
        await holds(lambda: reader.bodies[-1] == b"1")
        assert len(slow.sent) == hub_delivery.SLOW_CALLS


async def test_a_callback_that_answers_500_for_a_day_is_tried_and_then_left(hub: Running, reader: Subscriber) -> None:
    """Again and again with longer waits; then it waits for the next change, and the subscription stays (§7)."""
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    reader.status = 500
    hub.change(b"1")
    await holds(lambda: len(reader.sent) == 2)
    passed = timedelta(0)
    for tries in range(1, 40):
        await written(hub, f"tries = {tries} AND calling_until IS NULL")
        [row] = await hub.rows()
        if row["due"] is None:
            break
        wait = row["due"] - row["tried_at"]
        assert abs(wait - WAITS[min(tries, len(WAITS)) - 1]) < timedelta(seconds=1)
        passed += wait
        await hub.write(f"{_back('due', wait)}, {_back('tried_at', wait)}, {_back('failing_since', wait)}")
        await holds(lambda n=tries: len(reader.sent) == n + 2)
    assert HORIZON <= passed < HORIZON + WAITS[-1]
    await _works_again(hub, reader, len(reader.sent))


async def _works_again(hub: Running, reader: Subscriber, sent: int) -> None:
    await hub.settle()
    assert len(reader.sent) == sent
    reader.status = 200
    await hub.write("tried_at = tried_at - interval '1 minute'")
    hub.change(b"weer")
    await holds(lambda: reader.bodies[sent:] == [b"weer"])
    await written(hub, "failing_since IS NULL AND tries = 0 AND due IS NULL")


async def test_changes_do_not_call_a_failing_callback_each_time(hub: Running, reader: Subscriber) -> None:
    """One that fails is called once a minute, however fast the feed changes, with the feed as it is by then."""
    reader.status = 503
    await hub.subscribe(reader.url)
    await written(hub, "tries = 1")
    await hub.write("due = due + interval '1 hour'")
    for number in range(5):
        hub.change(f"{number}".encode())
        await hub.settle()
    assert len(reader.sent) == 1
    [row] = await hub.rows()
    assert row["due"] == row["tried_at"] + timedelta(minutes=1)
    await hub.write("due = clock_timestamp()")
    await holds(lambda: reader.bodies[1:] == [b"4"])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(hub: Running, reader: Subscriber, status: int) -> None:
    """Neither to the outside nor inside (§7): at a verification, and at a delivery."""
    async with subscriber() as inner:

        async def elsewhere(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": inner.url})

        reader.confirm = elsewhere
        await hub.post(mode="subscribe", topic=TOPIC, callback=reader.url)
        await holds(lambda: reader.asked)
        reader.confirm, reader.take = None, elsewhere
        await hub.subscribe(reader.url)
        await written(hub, "tries = 1")
        assert (inner.asked, inner.sent) == ([], [])


async def test_410_ends_a_subscription(hub: Running, reader: Subscriber) -> None:
    """The subscriber says that it is gone (§7); a renewal in the meantime would count."""
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    reader.status = 410
    hub.change(b"1")
    await written(hub, "true", there=False)
    assert len(reader.sent) == 2


async def test_what_is_answered_to_a_delivery_is_not_read(impatient: None, hub: Running) -> None:
    """A success without end, or a letter a second, is a success: the answer's body says nothing (§7)."""

    async def endless(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with raw_server(endless) as url:
        await _add(hub, url)
        await written(hub, "delivered_at IS NOT NULL AND failing_since IS NULL")


@pytest.mark.parametrize(
    "slow",
    [
        b"H",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9999,
    ],
)
async def test_a_head_that_comes_letter_by_letter_or_never_ends_is_given_up(
    impatient: None, hub: Running, slow: bytes
) -> None:
    """A slow-loris holds a place for as long as a call takes, and no longer; a flood is not read."""

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(slow)
            await writer.drain()
            await asyncio.sleep(0.05)

    async with raw_server(talk) as url:
        await _add(hub, url)
        await written(hub, "tries = 1")


async def test_a_huge_answer_to_a_verification_costs_nothing(hub: Running) -> None:
    """No more is read than the challenge is long: the rest can only be wrong."""
    written_bytes = 0

    async def huge(_: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal written_bytes
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            written_bytes += 65_536

    async with raw_server(huge) as url:
        await hub.post(mode="subscribe", topic=TOPIC, callback=url)
        await holds(lambda: written_bytes)
        await hub.settle()
        assert await hub.rows() == []
        assert written_bytes < 10_000_000  # what lies in the sockets


@pytest.mark.parametrize("framed", ["chunked", "interim", "to the end", "piece by piece"])
async def test_a_challenge_is_read_however_it_is_framed(hub: Running, framed: str) -> None:
    """Servers choose (RFC 9112 §6); some say first that one may go on, or what else to load."""

    async def talk(request: bytes, writer: asyncio.StreamWriter) -> None:
        challenge = re.search(rb"hub.challenge=([^& ]+)", request)[1]  # type: ignore[index]
        if framed == "chunked":
            body = b"5\r\n" + challenge[:5] + b"\r\n1b;x=y\r\n" + challenge[5:] + b"\r\n0\r\n\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" + body)
            return
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" if framed == "interim" else b""
        length = b"Content-Length: 32\r\n" if framed == "interim" else b""
        for piece in (interim, b"HTTP/1.1 202\r\n", length, b"\r\n", challenge[:1], challenge[1:]):
            writer.write(piece)
            if framed == "piece by piece":
                await writer.drain()
                await asyncio.sleep(0.02)

    async with raw_server(talk) as url:
        await hub.subscribe(url)


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"]
)
async def test_what_is_no_http_is_a_failure(hub: Running, answer: bytes) -> None:
    """A connection that is closed, another protocol, or one that we did not ask for."""

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with raw_server(talk) as url:
        await _add(hub, url)
        await written(hub, "tries = 1")


async def test_a_name_that_leads_inside_is_not_called(reader: Subscriber) -> None:
    """Whatever the name server says the second time: what is looked at is what is connected to (DNS rebinding)."""
    url = reader.url.replace("127.0.0.1", "lezer.example")
    async with name_server("127.0.0.1") as server:
        caller = Caller(anywhere=False, names=server.names)
        for addresses in (["127.0.0.1"], ["10.255.255.1"], ["0.0.0.1"], ["169.254.169.254", "127.0.0.1"]):
            server.addresses = addresses
            with pytest.raises(NoAnswer, match="not on the open internet"):
                await caller.post(url, b"x", {})
        with pytest.raises(NoAnswer, match="not on the open internet"):
            await caller.get(reader.url)
        server.addresses = ["127.0.0.1"]
        assert await Caller(anywhere=True, names=server.names).post(url, b"x", {}) == 204
    assert len(reader.sent) == 1


async def test_a_subscriber_that_moves_is_found_where_it_is_now(websub_database: str) -> None:
    """Its name is asked for at each call: no answer is kept."""
    async with name_server("127.0.0.1") as server, subscriber("127.0.0.1") as before:
        port = int(before.url.split(":")[2].split("/")[0])
        async with subscriber("127.0.0.2", port) as after, running_hub(websub_database, names=server.names) as named:
            await named.subscribe(f"http://lezer.example:{port}/hook")
            await holds(lambda: before.sent)
            server.addresses = ["127.0.0.2"]
            named.change(b"1")
            await holds(lambda: after.bodies == [b"1"])
            assert len(before.sent) == 1


async def test_a_name_server_that_hangs_delays_nobody(
    websub_database: str, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many names of its own: no thread waits for it, and the others are called meanwhile."""
    monkeypatch.setattr(hub_delivery, "LAST_SECONDS", 0.1)
    monkeypatch.setattr(hub_connect, "CONNECT_SECONDS", 60.0)
    monkeypatch.setattr(hub_http, "CALL_SECONDS", 60.0)
    async with name_server() as server, running_hub(websub_database, names=server.names) as named:
        await named.subscribe(reader.url)
        await holds(lambda: reader.sent)
        for number in range(CALLS):
            await _add(named, f"http://{number}.lezer.example/")
        await holds(lambda: server.asked >= hub_delivery.SLOW_CALLS)
        named.change(b"1")
        await holds(lambda: reader.bodies[1:] == [b"1"])
        assert await named.rows("tries > 0") == []


async def test_a_hub_that_may_not_reach_inside_says_so_at_once(websub_database: str) -> None:
    """And not after a verification that cannot come; a name is found out at the call."""
    async with running_hub(websub_database, private=False) as strict:
        for callback in ("http://127.0.0.1:8080/", "http://[::1]/", "http://10.0.0.1/", "https://lezer.example:22/"):
            status, why = await strict.post(mode="subscribe", topic=TOPIC, callback=callback)
            assert status == 400
            assert why.startswith("hub.callback")


async def test_what_came_of_a_call_is_kept_while_postgresql_is_away(
    hub: Running, reader: Subscriber, websub_database: str, background: stack.Background
) -> None:
    """It is recorded when PostgreSQL is back, and nobody is called twice. Who asks meanwhile is told to come again."""
    going_on = asyncio.Event()

    async def slowly(_: web.Request) -> web.Response:
        await going_on.wait()
        return web.Response()

    reader.take = slowly
    with proxy_to(background, websub_database) as proxy:
        async with running_hub(proxy.url) as cut_off:
            await cut_off.subscribe(reader.url)
            await holds(lambda: reader.sent)
            await asyncio.to_thread(proxy.close)
            cut_off.service.health.down("postgres", "test")
            assert (await cut_off.post(mode="subscribe", topic=TOPIC, callback=reader.url))[0] == 503
            cut_off.feeds.change(b"1")
            going_on.set()
            await asyncio.sleep(0.3)
            await asyncio.to_thread(proxy.open)
            await holds(lambda: reader.bodies[1:] == [b"1"])
            await written(hub, "due IS NULL AND tries = 0 AND claim = 2")


async def test_a_copy_that_dies_in_a_call_is_followed_by_another(
    hub: Running, reader: Subscriber, websub_database: str
) -> None:
    """Its claim is over after the time that a call may take; what it says after that counts for nothing."""
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    async with hub.pool.connection() as connection:
        await connection.execute("UPDATE websub_subscription SET due = clock_timestamp()")
        [dead] = await websub.claim(connection, 9, slow=False)
    hub.change(b"1")
    await hub.settle()
    assert len(reader.sent) == 1
    await hub.write("due = clock_timestamp(), calling_until = clock_timestamp()")
    await holds(lambda: reader.bodies[1:] == [b"1"])
    await written(hub, "due IS NULL")
    async with hub.pool.connection() as connection:
        assert not await websub.failed(connection, dead, timedelta(0))
        assert not await websub.ended(connection, dead)


async def test_a_copy_that_stops_gives_back_what_it_was_calling(
    websub_database: str, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others call at once, and need not wait for its claims."""
    monkeypatch.setattr(hub_delivery, "LAST_SECONDS", 0.3)
    reader.take = _hang
    async with running_hub(websub_database) as leaving:
        await leaving.subscribe(reader.url)
        await holds(lambda: reader.sent)
    reader.take = None
    async with running_hub(websub_database) as other:
        await written(other, "delivered_at - tried_at < interval '5 seconds'")
    assert len(reader.sent) == 2


async def test_so_many_and_no_more_are_subscribed(
    hub: Running, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By host and in all; who is too many is told (§5.2)."""
    monkeypatch.setattr(websub, "PER_HOST", 2)
    for number in range(2):
        await hub.subscribe(f"{reader.url}{number}")
    await hub.post(mode="subscribe", topic=TOPIC, callback=f"{reader.url}x")
    await holds(lambda: reader.asked[-1]["hub.mode"] == "denied")
    assert reader.asked[-1]["hub.reason"] == "there are too many subscriptions"
    assert len(await hub.rows()) == 2


async def test_requests_are_refused_in_plain_words(hub: Running, reader: Subscriber) -> None:
    """Another content type, no text, too many at once: each with its status (§5.1.2)."""
    form = "application/x-www-form-urlencoded"
    for kind, body, status in (
        ("application/json", b"{}", 415), (form, b"hub.mode=%ff%fe", 400), (form, b"\xff\xfe=1", 400), (form, b"", 400),
        (form, b"hub.mode=subscribe;hub.topic=x", 400), (form, b"&&&=%zz", 400), (f"{form}; charset=x", b"y=1", 400),
    ):  # fmt: skip
        async with hub.http.post(hub.url, data=body, headers={"Content-Type": kind}) as answer:
            assert answer.status == status
            assert re.match(r"hub\.\w+ (is|must)|the request must be", await answer.text())
    answers = [await hub.post(mode="subscribe", topic=TOPIC, callback=reader.url) for _ in range(30)]
    assert {status for status, _ in answers} == {202, 429}


async def _hang(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def _add(hub: Running, callback: str, *, due: bool = True) -> None:
    """A subscription whose verification is past."""
    async with hub.pool.connection() as connection:
        await websub.subscribe(
            connection, websub.NewSubscription(FEED, callback, callback, None, None, timedelta(days=1))
        )
        if not due:
            await connection.execute("UPDATE websub_subscription SET due = NULL")
    hub.hub.deliveries.wake()


def _back(column: str, by: timedelta) -> str:
    return f"{column} = {column} - interval '{by.total_seconds()} seconds'"
