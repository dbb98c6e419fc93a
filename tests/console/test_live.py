"""What open pages follow: who watches sees what changed, and nobody sees more, or longer, than they may."""

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import psycopg
import pytest

from services.console.access import COOKIE, Who
from services.console.doors.settings import DoorSettings
from services.console.live import attend, reader, subjects, watchers
from services.domain.states import State
from services.store import ledger, sessions, workers
from services.store.ledger import Result
from services.store.messages import Message
from services.store.users import save_user
from tests.browser.console import ConsoleSite, console_on
from tests.console.conftest import Console
from tests.console.watching import Reading
from tests.stack import Background
from tests.store.world import SOURCE, add_crowd, add_user, connect, now, release, submit

pytestmark = pytest.mark.stack


@pytest.fixture
def site(database_url: str, background: Background, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleSite]:
    """A console over real HTTP: a stream has no end, and httpx waits for the end of what an application says."""
    monkeypatch.setenv("ROELAND_DATABASE_URL", database_url)
    with console_on(database_url, background) as made:
        yield made


def watch(site: ConsoleSite, path: str, *roles: str, cookies: dict[str, str] | None = None, **headers: str) -> Reading:
    """Somebody who watches, in a browser."""
    cookies = cookies or site.signed_in(*(roles or ("author",)))
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    reading = Reading(f"{site.url}{path}", {"cookie": cookie, **{k.replace("_", "-"): v for k, v in headers.items()}})
    assert reading.opened.wait(5)
    return reading


async def sent(url: str, *, people: int = 3) -> Message:
    """A released message to so many, of which nothing was sent yet."""
    async with await connect(url) as connection:
        author = await add_user(connection, f"{uuid4()}@ccvo.example", "author")
        await add_crowd(connection, people)
        message = await submit(connection, author)
        await release(connection, message, author)
        return message


async def settle(url: str, state: State = State.ACCEPTED) -> None:
    """A worker takes what is open on mail, and settles it."""
    async with await connect(url) as connection, connection.transaction():
        epoch = await workers.begin(connection, "mail")
        claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
        assert claim
        results = [Result(each.sequence, each.attempt, state, at=now()) for each in claim.deliveries]
        await ledger.settle(connection, claim, results, finished=True, source=SOURCE)


async def test_whoever_watches_sees_progress_within_a_second(site: ConsoleSite, database_url: str) -> None:
    """The cell asks "is it out?", and the page answers before they ask twice."""
    message = await sent(database_url)
    reading = watch(site, f"/api/v1/live/messages/{message.id}")
    assert reading.next("progress", open=3).facts["channels"]["mail"]["counts"] == {"planned": 3}
    await settle(database_url)
    began = time.monotonic()
    done = reading.next("progress", open=0)
    assert time.monotonic() - began < 1.2
    assert done.facts["channels"]["mail"]["reached"] == 3
    assert reading.next("state").facts["state"] == "done"


async def test_a_page_gets_the_html_of_its_part_and_nothing_that_could_be_markup_of_others(
    site: ConsoleSite, database_url: str
) -> None:
    """The page puts it in as it is."""
    message = await sent(database_url)
    part = watch(site, f"/live/messages/{message.id}", accept_language="nl").next("progress")
    assert "<progress" in part.data
    assert "afgegeven" in part.data
    assert "van 3" in part.data


@pytest.mark.parametrize("name", ["board", "messages/{id}"])
async def test_events_are_as_the_document_says(site: ConsoleSite, database_url: str, name: str) -> None:
    """Whoever writes a client by the OpenAPI document finds what it says, in each event that there is."""
    message = await sent(database_url)
    async with httpx.AsyncClient(timeout=60) as client:
        document = (await client.get(f"{site.url}/api/v1/openapi.json")).json()
    answer = document["paths"][f"/api/v1/live/{name}"]["get"]["responses"]["200"]
    told = {each["title"]: each for each in answer["content"]["text/event-stream"]["schema"]["items"]["oneOf"]}
    cookies = site.signed_in("author")
    for event in told.keys() - {"ended"}:
        schema = told[event]["properties"]["data"]["contentSchema"] | {"components": document["components"]}
        found = watch(site, f"/api/v1/live/{name.format(id=message.id)}", cookies=cookies).next(event)
        jsonschema.Draft202012Validator(schema).validate(found.facts)


async def test_who_comes_back_gets_only_what_changed(site: ConsoleSite, database_url: str) -> None:
    """A browser gives the last id back by itself: what it has is not sent again, what it missed is."""
    message = await sent(database_url)
    path, cookies = f"/api/v1/live/messages/{message.id}", site.signed_in("author")
    first = watch(site, path, cookies=cookies)
    first.next("progress")
    seen = first.next("trouble")
    first.close()
    again = watch(site, path, cookies=cookies, last_event_id=seen.id)
    assert again.nothing(1.0)
    again.close()
    await settle(database_url)
    missed = watch(site, path, cookies=cookies, last_event_id=seen.id)
    assert missed.next("progress").facts["open"] == 0


@pytest.mark.parametrize("given", ["", "7", "nonsense", "-", "1a2b-99", "0-9" * 20])
async def test_an_id_that_is_not_ours_gets_the_whole_newest_state(
    site: ConsoleSite, database_url: str, given: str
) -> None:
    """Another console's id, or one of before a restart, must never hide anything."""
    message = await sent(database_url)
    reading = watch(site, f"/api/v1/live/messages/{message.id}", last_event_id=given)
    assert reading.next("progress").facts["open"] == 3


async def test_signing_out_ends_the_stream_and_says_so(
    site: ConsoleSite, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stolen laptop goes on showing nothing, and a page that stands still says that it does."""
    monkeypatch.setattr("services.console.live.reader.SESSIONS_SECONDS", 0.3)
    cookies = site.signed_in("author")
    reading = watch(site, "/live/board", cookies=cookies, accept_language="nl")
    reading.next("board")
    async with await connect(database_url) as connection:
        found = await sessions.by_token(connection, cookies[COOKIE])
        assert found
        await sessions.end(connection, found[0].id)
    assert "niet langer aangemeld" in reading.next("ended").data
    assert reading.over.wait(2)


async def test_other_roles_begin_another_stream(
    site: ConsoleSite, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody may do is in what they are shown: a right that was taken away is shown no more."""
    monkeypatch.setattr("services.console.live.reader.SESSIONS_SECONDS", 0.3)
    reading = watch(site, "/live/board", "approver")
    reading.next("board")
    async with await connect(database_url) as connection:
        await connection.execute("UPDATE users SET roles = '{auditor}'")
    assert reading.over.wait(3)


def test_nobody_gets_in_unknown(site: ConsoleSite) -> None:
    """Nor for a message that is not there."""
    unknown = watch(site, "/api/v1/live/board", cookies={COOKIE: "nobody"})
    assert unknown.status == 401
    missing = watch(site, f"/api/v1/live/messages/{uuid4()}")
    assert missing.status == 404


async def test_a_slow_reader_holds_up_nobody_and_gets_the_newest(site: ConsoleSite, database_url: str) -> None:
    """A phone in a tunnel, and thirty others who need to know."""
    message = await sent(database_url)
    cookies = site.signed_in("author")
    path = f"/api/v1/live/messages/{message.id}"
    slow = socket.create_connection(site.url.removeprefix("http://").split(":"))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\nCookie: {COOKIE}={cookies[COOKIE]}\r\n\r\n".encode())
    fast = watch(site, path)
    fast.next("progress")
    await settle(database_url)
    assert fast.next("progress", open=0, seconds=2)
    slow.settimeout(3)
    read = b""
    while b'"open":0' not in read:
        read += slow.recv(65536)
    slow.close()


def test_one_page_too_many_ends_the_oldest(site: ConsoleSite) -> None:
    """A browser opens six connections to a host: streams must not keep a page from loading."""
    cookies = site.signed_in("author")
    opened = [watch(site, "/live/board", cookies=cookies, accept_language="en") for _ in range(watchers.OF_A_SESSION)]
    for each in opened:
        each.next("board")
    watch(site, "/live/board", cookies=cookies).next("board")
    assert "Too many pages" in opened[0].next("ended").data
    assert not opened[1].over.is_set()


async def test_nobody_looks_while_nobody_watches(
    site: ConsoleSite, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consoles are left running for years."""
    monkeypatch.setattr(watchers, "LINGER_SECONDS", 0.1)
    looks = []
    plain = reader.stands

    async def counted(*given: Any) -> Any:
        looks.append(given)
        return await plain(*given)

    monkeypatch.setattr(reader, "stands", counted)
    await asyncio.sleep(0.6)
    assert not looks
    reading = watch(site, "/live/board")
    reading.next("board")
    reading.close()
    await asyncio.sleep(3)
    before = len(looks)
    await asyncio.sleep(1)
    assert len(looks) == before


async def test_two_consoles_show_the_same(site: ConsoleSite, database_url: str, background: Background) -> None:
    """Two stand behind one address: an id of the one must hide nothing at the other, even in one process."""
    message = await sent(database_url)
    with console_on(database_url, background) as other:
        path, cookies = f"/api/v1/live/messages/{message.id}", site.signed_in("author")
        here, there = (watch(each, path, cookies=cookies) for each in (site, other))
        here.next("progress")
        there.next("progress")
        await settle(database_url)
        seen = [_counts(each.next("progress", open=0).facts) for each in (here, there)]
        assert seen[0] == seen[1]


def _counts(facts: dict[str, Any]) -> dict[str, Any]:
    """Without how fast it goes: each console looks when it looks."""
    channels = {name: {**each, "rate": 0, "completes_at": None} for name, each in facts["channels"].items()}
    return {**facts, "channels": channels}


async def test_postgres_away_is_said_and_over_again_when_it_is_back(
    site: ConsoleSite, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board that stands still and does not say so is worse than none."""
    message = await sent(database_url)
    reading = watch(site, f"/api/v1/live/messages/{message.id}")
    reading.next("progress")
    plain = reader.stands

    async def away(*_: Any) -> Any:
        raise psycopg.OperationalError("the server closed the connection")

    monkeypatch.setattr(reader, "stands", away)
    while reading.next("trouble").facts["away_since"] is None:
        pass
    await settle(database_url)
    monkeypatch.setattr(reader, "stands", plain)
    assert reading.next("progress", open=0)
    assert reading.next("trouble", away_since=None)


def test_a_text_ends_no_line_of_the_stream() -> None:
    """A title with a line end in it makes no field, and no event, of its own."""
    told = subjects.frame("board", "a\rdata: b\n\nevent: c\r\nid: d", "1-1").decode()
    assert told == "event: board\nid: 1-1\ndata: a\ndata: data: b\ndata: \ndata: event: c\ndata: id: d\n\n"


async def test_a_stream_ends_when_its_session_has_been_idle_as_long_as_the_centre_allows(console: Console) -> None:
    """A page that was left open on a desk shows nothing any more, by the centre's own limit and not by ours."""
    desk = replace(console.desk, doors=DoorSettings(session_idle_minutes=5), work=[])
    all_who_watch = attend(desk)
    async with desk.pool.connection() as connection:
        user = await save_user(connection, "an@ccvo.example", ["author"])
        session = await sessions.begin(connection, user.id, "left open", "password")
        await connection.execute("UPDATE session SET seen_at = clock_timestamp() - interval '10 minutes'")
    async with desk.running(), asyncio.timeout(8):
        with all_who_watch.watching(Who(user, session=session), None) as watcher:
            while not watcher.over:
                await watcher.subject.changed.wait()
    assert watcher.over == "ended"
