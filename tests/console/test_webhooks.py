"""Outgoing webhooks: each event once for each endpoint, signed, to no address inside, whatever the receiver does."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from services.admin import webhooks as commands
from services.admin.answers import Refusal
from services.admin.webhook_secrets import rotate
from services.console.desk import Desk
from services.console.webhooks.worker import Worker, make_worker
from services.domain.release_order import ReleaseStep
from services.domain.webhooks import WAITS, next_try, objection
from services.public import hub_http
from services.store.alarms import rung
from services.store.messages import Message
from tests.public.subscribers import Subscriber, name_server, raw_server, subscriber
from tests.situation.running import eventually
from tests.store import world

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


@dataclass
class Telling:
    """A receiver, an endpoint for it, a worker, and messages to tell of."""

    desk: Desk
    receiver: Subscriber
    worker: Worker
    users: list[int] = field(default_factory=list)
    secrets: dict[int, str] = field(default_factory=dict)

    async def add(self, *events: str, url: str = "", closed_titles: bool = False) -> int:
        document = (
            await commands.add(
                url or self.receiver.url, events=list(events or ("released",)), closed_titles=closed_titles
            )
        ).document
        self.secrets[document["id"]] = document["secret"]
        return int(document["id"])

    async def release(self, **more: Any) -> Message:
        async with await world.connect(self.desk.database.url()) as connection:
            if not self.users:
                self.users = [await world.add_user(connection, f"{n}@x.example", "author") for n in "ab"]
                people = [world.Person("Jan Geheim", ["governors"], "jan@geheim.example")]
                await world.add_people(connection, people)
            message = await world.submit(connection, self.users[0], **more)
            await world.release(connection, message, self.users[1])
        return message

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.desk.pool.connection() as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def round(self, worker: Worker | None = None) -> None:
        """Look, send what is due, and wait for what comes of it."""
        worker = worker or self.worker
        await worker.find()
        await worker.send_due()
        await worker.settled()

    async def time_passes(self) -> None:
        """Whatever waits is due."""
        await self.rows("UPDATE webhook_delivery SET due_at = now() - interval '1 s' RETURNING id")
        await self.rows("UPDATE timer SET due = now() - interval '1 s' WHERE fired_at IS NULL RETURNING kind")

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.receiver.sent]

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.receiver.sent]

    async def deliveries(self) -> list[dict[str, Any]]:
        document: list[dict[str, Any]] = (await commands.deliveries()).document
        return document


@pytest.fixture
async def telling(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Telling]:
    monkeypatch.setenv("ROELAND_WEBHOOK_ALLOW_HTTP", "true")
    monkeypatch.setenv("ROELAND_WEBHOOK_NETWORKS", "127.0.0.0/8")
    async with subscriber() as receiver:
        yield Telling(desk, receiver, await make_worker(desk))


async def test_a_release_is_told_once_and_signed(telling: Telling) -> None:
    """The receiver proves with the reference library that it was us; looking again sends nothing again."""
    endpoint = await telling.add("released")
    message = await telling.release()
    await telling.round()
    await telling.round()
    (sent,) = telling.receiver.sent
    told = Webhook(telling.secrets[endpoint]).verify(sent.body, dict(sent.headers))
    assert (told["type"], told["data"]["id"]) == ("message.released", str(message.id))
    assert told["data"]["links"]["message"] == f"https://console.example/api/v1/messages/{message.id}"
    assert sent.headers["Content-Type"] == "application/json"
    (delivery,) = await telling.deliveries()
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 1, 204)


async def test_nobody_and_nothing_that_is_said_is_in_it(telling: Telling) -> None:
    """A help desk's system is no place for names, addresses, or what governors are told first."""
    await telling.add("released")
    await telling.release()
    await telling.round()
    (body,) = telling.bodies
    assert not {"Geheim", "jan@", "Voor", "Titel"} & set(json.dumps(body).replace('"', " ").split())
    assert "title" not in body["data"]


async def test_a_title_is_told_where_everybody_may_read_it_or_the_endpoint_may_have_it(telling: Telling) -> None:
    """Not while others are told first: then it is not public yet."""
    public = {"audiences": ("governors", "public"), "channels": ("mail", "newsfeed")}
    await telling.add("released")
    await telling.release(**public)
    first = ReleaseStep(audiences=("governors",), channels=None, after=0, when=None)
    rest = ReleaseStep(audiences=None, channels=None, after=600, when=None)
    await telling.release(**public, release_order=(first, rest))
    await telling.round()
    by_id = [each["data"].get("title") for each in telling.bodies]
    assert sorted(map(str, by_id)) == ["None", "Voor public"]
    telling.receiver.sent.clear()
    await telling.rows("UPDATE webhook SET removed_at = now() RETURNING id")
    await telling.add("released", closed_titles=True)
    await telling.release()
    await telling.round()
    assert [each["data"]["title"] for each in telling.bodies] == ["Voor governors"]


async def test_each_event_has_its_name(telling: Telling) -> None:
    """An endpoint is told of what it asked for, and `done` when nothing is open any more."""
    await telling.add("corrected", "all-clear", "done")
    alert = await telling.release()
    await telling.round()
    assert telling.bodies == []
    await telling.rows(
        "UPDATE batch SET accepted = planned, planned = 0 WHERE message = %s RETURNING message", alert.number
    )
    await telling.round()
    await telling.release(kind="correction", corrects=alert.number)
    await telling.release(kind="all-clear")
    await telling.round()
    await telling.round()
    assert sorted(each["type"] for each in telling.bodies) == ["message.all-clear", "message.corrected", "message.done"]
    corrected = next(each for each in telling.bodies if each["type"] == "message.corrected")
    assert corrected["data"]["corrects"] == str(alert.id)


async def test_what_was_released_before_is_not_told(telling: Telling) -> None:
    """Whoever is registered today is not flooded with last week."""
    await telling.release()
    await telling.add("released", "done")
    await telling.round()
    assert telling.receiver.sent == []


async def test_a_receiver_that_fails_is_told_again_with_the_same_id(telling: Telling) -> None:
    """It can tell that it had it; each try is kept."""
    endpoint = await telling.add("released")
    await telling.release()
    telling.receiver.status = 500
    await telling.round()
    await telling.round()
    assert len(telling.receiver.sent) == 1  # not before its time
    (waiting,) = await telling.deliveries()
    assert (waiting["state"], waiting["problem"]) == ("waiting", "status 500")
    telling.receiver.status = 200
    await telling.time_passes()
    await telling.round()
    assert len(set(telling.ids)) == 1
    assert len(telling.ids) == 2
    for each in telling.receiver.sent:
        Webhook(telling.secrets[endpoint]).verify(each.body, dict(each.headers))
    tries = await telling.rows("SELECT number, status FROM webhook_attempt ORDER BY number")
    assert tries == [(1, 500), (2, 200)]
    assert (await commands.list_()).document[0]["failing_since"] is None


async def test_whatever_a_receiver_answers_its_try_is_over(telling: Telling) -> None:
    """Else it was told again each minute, for ever, and never given up: what it says of when to try again is noise."""

    async def later(_: web.Request) -> web.StreamResponse:
        far = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
        return web.Response(status=503, body=b"\x00\xff\x1b[31m\r\nX: y", headers={"Retry-After": far})

    telling.receiver.take = later
    await telling.add("released")
    await telling.release()
    await telling.round()
    (delivery,) = await telling.deliveries()
    assert (delivery["state"], delivery["problem"], delivery["attempts"]) == ("waiting", "status 503", 1)
    assert (await commands.list_()).document[0]["failing_since"] is not None


async def test_a_receiver_that_hangs_is_given_up_in_time(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is tried again."""
    monkeypatch.setattr(hub_http, "CALL_SECONDS", 0.3)

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    telling.receiver.take = hang
    await telling.add("released")
    await telling.release()
    await telling.round()
    assert [each["problem"] for each in await telling.deliveries()] == ["timeout"]


async def test_an_endpoint_that_hangs_holds_up_no_other(telling: Telling) -> None:
    """A help desk must not hear late of a crisis because somebody else's receiver is ill."""
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    async def heard() -> bool:
        return len(telling.receiver.sent) == 1

    async with subscriber() as ill:
        ill.take = hang
        await telling.add("released", url=ill.url)
        for _ in range(20):
            await telling.release()
        await telling.worker.find()
        await telling.worker.send_due()
        await telling.add("released")
        await telling.release()
        await telling.worker.find()
        await telling.worker.send_due()
        try:
            await eventually(heard, seconds=5)
        finally:
            released.set()
        await telling.worker.settled()
        waiting = [each for each in await telling.deliveries() if each["state"] != "delivered"]
        assert waiting == [], "and once it answers it has all at once, not when each was put off to"


async def test_an_answer_without_end_is_taken_by_its_status(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """It took the event: to send it again because it goes on talking would be our double."""
    monkeypatch.setattr(hub_http, "CLOSE_SECONDS", 0.3)

    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async def drip(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(3)

    async with raw_server(endless) as url, raw_server(drip) as slow:
        await telling.add("released", url=url)
        await telling.add("released", url=slow)
        await telling.release()
        await telling.round()
    found = await telling.deliveries()
    assert [each["state"] for each in found] == ["delivered", "delivered"]
    assert max(len(each["answer"] or "") for each in found) <= 300


async def test_no_redirect_is_followed(telling: Telling) -> None:
    """A receiver would lead us to whatever listens inside."""
    async with subscriber() as inside:

        async def elsewhere(_: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": inside.url})

        telling.receiver.take = elsewhere
        await telling.add("released")
        await telling.release()
        await telling.round()
        assert (inside.sent, inside.asked) == ([], [])
    assert [each["problem"] for each in await telling.deliveries()] == ["status 302"]


async def test_a_name_that_leads_inside_is_not_called(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a name server says is looked at, and the very address that was looked at is called."""
    port = telling.receiver.url.rsplit(":", 1)[1].partition("/")[0]
    monkeypatch.setenv("ROELAND_WEBHOOK_NETWORKS", "")
    async with name_server("127.0.0.1") as server:
        await telling.add("released", url=f"http://desk.example:{port}/hook")
        await telling.release()
        await telling.round(await make_worker(telling.desk, names=server.names))
        assert telling.receiver.sent == []
        assert [each["problem"] for each in await telling.deliveries()] == ["not on the open internet"]
        monkeypatch.setenv("ROELAND_WEBHOOK_NETWORKS", "10.0.0.0/8, 127.0.0.1/32")
        await telling.time_passes()
        await telling.round(await make_worker(telling.desk, names=server.names))
    assert len(telling.receiver.sent) == 1


async def test_an_endpoint_that_is_gone_is_called_no_more_until_somebody_says_so(telling: Telling) -> None:
    """410 is the receiver's own word; what was not taken waits, and somebody is told."""
    endpoint = await telling.add("released")
    telling.receiver.status = 410
    await telling.release()
    await telling.round()
    await telling.release()
    await telling.time_passes()
    await telling.round()
    assert len(telling.receiver.sent) == 1
    async with telling.desk.pool.connection() as connection:
        assert [(each.kind, each.subject) for each in await rung(connection)] == [
            ("webhook-failing", f"webhook:{endpoint}")
        ]
    telling.receiver.status = 200
    await commands.enable(endpoint)
    await telling.round()
    assert len(set(telling.ids)) == 2
    async with telling.desk.pool.connection() as connection:
        assert await rung(connection) == []


async def test_an_endpoint_that_fails_for_days_is_given_up(telling: Telling) -> None:
    """With an alarm; until then it is tried by the schedule."""
    await telling.add("released")
    telling.receiver.status = 503
    await telling.release()
    await telling.round()
    assert (await commands.list_()).document[0]["state"] == "failing"
    await telling.rows("UPDATE webhook SET failing_since = now() - interval '6 days' RETURNING id")
    await telling.time_passes()
    await telling.round()
    assert (await commands.list_()).document[0]["disabled_why"] == "failing"


async def test_two_consoles_tell_each_event_once(telling: Telling) -> None:
    """Each looks for itself, and PostgreSQL decides who sends."""
    await telling.add("released")
    for _ in range(5):
        await telling.release()
    others = [await make_worker(telling.desk) for _ in range(3)]
    await asyncio.gather(*(telling.round(each) for each in others))
    assert len(telling.ids) == len(set(telling.ids)) == 5


async def test_what_was_killed_between_commit_and_delivery_is_sent_by_whoever_comes_after(
    telling: Telling, database_url: str
) -> None:
    """kill -9 in the middle of a call: it comes a second time, with the id that it had."""
    await telling.add("released")
    await telling.release()
    hung = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        hung.set()
        await asyncio.sleep(5)
        return web.Response(status=500)

    telling.receiver.take = hang
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CONSOLE, cwd=ROOT, env={**os.environ, "ROELAND_DATABASE_URL": database_url}
    )
    async with asyncio.timeout(30):
        await hung.wait()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    telling.receiver.take = None
    await telling.round()
    assert len(telling.ids) == 1  # it may be that the other one lives
    await telling.time_passes()
    await telling.round()
    assert len(telling.ids) == 2
    assert len(set(telling.ids)) == 1
    assert [each["state"] for each in await telling.deliveries()] == ["delivered"]


_CONSOLE = """
import asyncio
from services.console.desk import Desk
from services.console.settings import ConsoleSettings
from services.console.webhooks.worker import make_worker
from services.runtime.configuration import configuration_in_force
from services.runtime.health import Health
from services.runtime.postgres import DatabaseSettings, open_pool

async def main():
    database = DatabaseSettings()
    async with open_pool(database) as pool:
        desk = Desk(pool, database, ConsoleSettings(), configuration_in_force(), Health())
        await (await make_worker(desk)).run()

asyncio.run(main())
"""


async def test_a_test_says_what_the_receiver_answered(telling: Telling) -> None:
    """Whoever registers an endpoint knows at once whether it works."""
    endpoint = await telling.add("released")
    running = asyncio.create_task(telling.worker.run())
    try:
        took = (await commands.test(endpoint)).document
        assert (took["state"], telling.bodies[0]["type"]) == ("delivered", "webhook.test")
        telling.receiver.status = 500
        with pytest.raises(Refusal, match="status 500"):
            await commands.test(endpoint)
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_a_delivery_is_sent_again_when_somebody_asks(telling: Telling) -> None:
    """With its id, so that a receiver that had it knows."""
    await telling.add("released")
    await telling.release()
    await telling.round()
    (delivery,) = await telling.deliveries()
    await commands.resend(str(delivery["id"]))
    await telling.round()
    assert len(telling.ids) == 2
    assert len(set(telling.ids)) == 1

    async def both() -> bool:
        return (await telling.deliveries())[0]["attempts"] == 2

    await eventually(both)


async def test_the_former_secret_signs_beside_the_new_one_for_a_while(telling: Telling) -> None:
    """So a receiver changes it whenever it suits; afterwards, or when it leaked, the former one opens nothing."""

    async def verify(*, old: bool) -> None:
        await telling.release()
        await telling.round()
        sent = telling.receiver.sent[-1]
        assert len(sent.headers["webhook-signature"].split()) == 1 + old
        Webhook(new).verify(sent.body, dict(sent.headers))
        if old:
            Webhook(former).verify(sent.body, dict(sent.headers))
            return
        with pytest.raises(WebhookVerificationError):
            Webhook(former).verify(sent.body, dict(sent.headers))

    endpoint = await telling.add("released")
    former = telling.secrets[endpoint]
    rotated = (await rotate(endpoint, hours=24)).document
    new = rotated["secret"]
    assert rotated["former_until"] > datetime.now(UTC) + timedelta(hours=23)
    await verify(old=True)
    await telling.rows("UPDATE webhook SET former_until = now() - interval '1 s' RETURNING id")
    assert (await commands.list_()).document[0]["former_until"] is None
    await verify(old=False)
    former = new
    await rotate(endpoint, hours=24)
    new = (await rotate(endpoint, hours=24)).document["secret"]
    await verify(old=True)  # what the receiver has, and not what was pressed a moment ago
    new = (await rotate(endpoint, hours=0)).document["secret"]
    await verify(old=False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://10.1.2.3/hook", "inside a network"),
        ("https://[::1]/hook", "inside a network"),
        ("https://user:word@desk.example/hook", "no user or password"),
        ("https://desk.example/#x", "no fragment"),
        ("ftp://desk.example/", "begins with https"),
        ("https:///hook", "names no host"),
        ("https://desk.example/\n", "percent-encoded"),
    ],
)
async def test_an_address_that_cannot_be_is_refused_at_once(desk: Desk, url: str, why: str) -> None:
    """Not by an alarm, days later."""
    with pytest.raises(Refusal, match=why):
        await commands.add(url, events=["released"])


def test_http_is_for_tests() -> None:
    """What is told is signed, and not secret from whoever listens on the way."""
    assert objection("http://desk.example/", allow_http=False)
    assert objection("http://desk.example/", allow_http=True) is None


def test_the_schedule_is_that_of_the_specification() -> None:
    """5 s, 5 min, 30 min, 2 h, 5 h, 10 h …; a receiver may ask for more, and not for ever."""
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert [next_try(n, None, now=now) for n in range(1, 11)] == [*WAITS, None]
    assert next_try(1, "120", now=now) == timedelta(seconds=120)
    assert next_try(1, "Thu, 26 Nov 2026 12:10:00 GMT", now=now) == timedelta(minutes=10)
    assert next_try(1, "99999999999999", now=now) == timedelta(days=1)
    for nonsense in ("soon", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "1 Jan 2026 00:00:00 +99999999999999"):
        assert next_try(1, nonsense, now=now) == timedelta(seconds=5), nonsense
    assert next_try(3, "1", now=now) == timedelta(minutes=30)
