"""The first page: what it asks of whom, what it weighs, and what it costs PostgreSQL."""

import re
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
from fastapi.routing import APIRoute

from services.console.live import board
from services.console.live.pulse import SILENT_SECONDS, Pulse
from services.store import alarms
from services.store.alarms import Alarm
from tests.browser.test_overview import crisis
from tests.console.conftest import Console
from tests.console.test_access import routes
from tests.store.world import INCIDENT, connect

pytestmark = pytest.mark.stack

MOST_BYTES: Final = 100_000
NAME: Final = re.compile("[a-z]+-[a-z-]+")
LOADED: Final = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg))"')


async def test_the_first_page_weighs_less_than_100_kilobytes(console: Console, database_url: str) -> None:
    """All of it, uncompressed, in a crisis: it must come over a bad line, and no part of it from elsewhere."""
    await crisis(database_url)
    client = await console.as_("crisis-manager", "administrator", "author")
    page = await client.get("/")
    files = {path: (await client.get(path)).content for path in set(LOADED.findall(page.text))}
    assert len(files) > 4
    weights = {"/": len(page.content), **{path: len(content) for path, content in files.items()}}
    assert sum(weights.values()) < MOST_BYTES, weights


async def test_each_thing_has_the_action_that_this_person_may_take(console: Console, database_url: str) -> None:
    """An author who is sent to a page that refuses them has lost a minute."""
    await crisis(database_url)
    for_approver = (await (await console.as_("approver")).get("/")).text
    for_auditor = (await (await console.as_("auditor")).get("/")).text
    assert 'href="/approve/' in for_approver
    assert 'href="/compose' not in for_approver
    assert 'href="/approve/' not in for_auditor
    assert 'href="/messages/' in for_auditor


async def test_a_promise_that_passed_is_said_in_words(console: Console, database_url: str) -> None:
    """Colour alone says nothing to one in twelve men, and nothing on paper."""
    await crisis(database_url)
    client = await console.as_("author")
    client.headers["accept-language"] = "nl"
    page = (await client.get("/")).text
    assert "Te laat: een update was beloofd om" in page
    assert f'href="/compose?incident={INCIDENT}"' in page


async def test_what_somebody_began_is_found_again(console: Console, database_url: str) -> None:
    """Whatever its form held, also nothing."""
    await crisis(database_url)
    client = await console.as_("author")
    client.headers["accept-language"] = "en"
    page = (await client.get("/")).text
    for title in ("Update storm, 6 uur", "Nog een", "Draft without a title"):
        assert title in page


async def test_every_kind_of_alarm_says_what_to_do(console: Console, database_url: str) -> None:
    """Also one whose name this page does not know yet."""
    words = [value for name, value in vars(alarms).items() if name.isupper() and isinstance(value, str)]
    kinds = [word for word in words if NAME.fullmatch(word)]
    async with await connect(database_url) as connection:
        for kind in [*kinds, "stalled", "failures", "some-new-one"]:
            await alarms.ring(connection, Alarm(kind, "1/mail", {}))
    client = await console.as_("author")
    client.headers["accept-language"] = "en"
    page = (await client.get("/")).text
    assert page.count("Tell the support cell.") == 1
    assert page.count('<article class="card bad">') == len(kinds) + 3 - ("glass-broken" in kinds)


async def test_what_others_write_is_only_ever_text(console: Console, database_url: str) -> None:
    """Titles, reasons and alarms come from people and from other systems."""
    evil = "<img src=x onerror=alert(1)>"
    await crisis(database_url)
    async with await connect(database_url) as connection:
        await connection.execute("UPDATE incident SET title = %s", (evil,))
        await connection.execute("UPDATE approval SET reason = %s", (evil,))
        await connection.execute(
            "UPDATE message SET content = jsonb_set(content, '{title,0,text}', to_jsonb(%s::text))", (evil,)
        )
        await alarms.ring(connection, Alarm("cannot-send", "mail", {"why": evil}))
    page = (await (await console.as_("author")).get("/")).text
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") > 3


async def test_every_page_says_that_an_exercise_runs_and_that_something_is_wrong(
    console: Console, database_url: str
) -> None:
    """Who takes an exercise for the truth calls the minister."""
    await crisis(database_url)
    await console.app.state.strip.look()
    client = await console.as_("author")
    client.headers["accept-language"] = "nl"
    page = (await client.get("/messages")).text
    assert "OEFENING: Oefening grote stroomuitval" in page
    assert "2 alarmen: zie wat er mis is" in page
    elsewhere = (await (await console.anyone()).get("/sign-in")).text
    assert "grote stroomuitval" not in elsewhere, "nobody unknown is told what goes on"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that goes to PostgreSQL from now on."""
    found: list[str] = []
    plain = psycopg.AsyncCursor.execute

    async def execute(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        found.append(query.decode() if isinstance(query, bytes) else str(query))
        return await plain(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", execute)
    return found


COUNTED: Final = re.compile(r"\b(count|sum)\s*\(", re.IGNORECASE)
MOVED: Final = "b.number = ANY(%(batches)s::int[])"
"""Of the batches that moved since the last look, by their key: decision 0032."""
ASKED_FOR: Final = {
    "/messages/{message_id}/proof",
    "/messages/{message_id}/confirmed",
    "/messages/{message_id}/dossier.zip",
    "/incidents/{slug}/impact",
    "/approve/{message}",
    "/approve/{message}/versions/{number}",
    "/approve/{message}/break-glass",
}
"""What somebody asks for once and reads, such as a proof: nothing of it stands open, or asks again by itself."""
LEDGER: Final = re.compile(r"\b(FROM|JOIN)\s+delivery\b", re.IGNORECASE)


@pytest.mark.long
async def test_no_page_counts_over_the_ledger(console: Console, database_url: str, asked: list[str]) -> None:
    """With a message to a million in it each such page is a second of PostgreSQL, in the very hour that counts."""
    message = await crisis(database_url)
    client = await console.as_("crisis-manager", "administrator", "author", "approver", "auditor")
    values = {"message": str(message.id), "message_id": str(message.id), "slug": INCIDENT, "incident": INCIDENT}
    pages = [
        re.sub(r"{(\w+)[^}]*}", lambda found: values.get(found[1], str(uuid4())), route.path)
        for route in routes(console.app.routes)
        if isinstance(route, APIRoute)
        and "GET" in route.methods
        and "/live/" not in route.path
        and not route.path.startswith("/api/")
        and route.path not in ASKED_FOR
    ]
    assert "/" in pages
    for path in pages:
        asked.clear()
        await client.get(path)
        counting = [sql for sql in asked if LEDGER.search(sql) and COUNTED.search(sql) and MOVED not in sql]
        assert not counting, (path, counting)


async def test_the_statement_of_open_pages_reads_batches_only(database_url: str, asked: list[str]) -> None:
    """Twice a second, for as long as anybody looks."""
    await crisis(database_url)
    async with await connect(database_url) as connection:
        asked.clear()
        parts = await board.whole(connection, Pulse())
    assert parts["progress"]
    assert not [sql for sql in asked if LEDGER.search(sql)]


def test_a_worker_whose_counter_stands_still_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record has no clock: that it lived once says nothing of now."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    pulse = Pulse()
    assert pulse.of({"mail": {1: 5}, "sms": {}}) == {"mail": "works", "sms": "absent"}
    now[0] += SILENT_SECONDS + 1
    assert pulse.of({"mail": {1: 5}, "sms": {}})["mail"] == "silent"
    assert pulse.of({"mail": {1: 6}, "sms": {}})["mail"] == "works"
