"""Feeds as a reader gets them: over HTTP, read with feedparser."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest

from services.domain.configuration import DEFAULT
from services.runtime.postgres import Connection
from services.store import feed_tokens
from tests.public.conftest import PUBLIC_URL, Door
from tests.public.publishing import path_of, published
from tests.situation.running import eventually

pytestmark = pytest.mark.stack

NASTY = '</title><script>alert("1")</script> & {{ 7*7 }} ]]> <b>vet</b>'


async def test_a_feed_shows_its_audiences_entries_newest_first(door: Door, connection: Connection) -> None:
    """Its own version and nobody else's, under an id that stays, with the times of publication."""
    first, second = await published(door, connection, "eerst"), await published(door, connection, "dan")
    feed = await _read(door, await path_of(connection, "governors"))
    assert [entry.title for entry in feed.entries] == ["dan governors", "eerst governors"]
    today = datetime.now(UTC).date()
    assert [entry.id for entry in feed.entries] == [
        f"tag:roeland.invalid,{today}:{m.id}/governors" for m in (second, first)
    ]
    assert (feed.version, feed.bozo) == ("atom10", False)
    assert feed.feed.title == "Crisiscentrum Vlaamse overheid: gouverneurs"
    rows = await (
        await connection.execute(
            "SELECT published_at FROM feed_entry WHERE audience = 'governors' ORDER BY published_at DESC"
        )
    ).fetchone()
    assert rows and feed.feed.updated_parsed[:6] == rows[0].utctimetuple()[:6]
    assert [entry.title for entry in (await _read(door, "/feeds/public.atom")).entries] == [
        "dan public",
        "eerst public",
    ]


async def test_html_and_templates_in_a_title_stay_text(door: Door, connection: Connection) -> None:
    """A title is text for every reader; control characters do not break the document for everyone."""
    await published(door, connection, NASTY + "\x0b\ufffe")
    body = (await _get(door, "/feeds/public.atom"))[2]
    assert b"<script>" not in body
    [entry] = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False).entries
    assert entry.title_detail.type == "text/plain"
    assert entry.title == f"{NASTY} public"
    assert entry.content[0].value == "<p>inhoud</p>"


async def test_an_audiences_feed_opens_for_its_token_alone(door: Door, connection: Connection) -> None:
    """No token, another audience's, a broken one, an audience that does not exist: one and the same answer."""
    await published(door, connection, "geheim")
    good = await path_of(connection, "governors")
    assert (await _get(door, good))[0] == 200
    token = good.rpartition("/")[2]
    wrong = [
        "/feeds/governors.atom", f"/feeds/partners/{token}", f"/feeds/governors/x{token}", f"/feeds/burglars/{token}",
        "/feeds/governors/.atom", "/feeds/", "/feeds", f"/feeds/GOVERNORS/{token}", f"/feeds/governors%00/{token}",
    ]  # fmt: skip
    assert {(status, body) for status, _, body in [await _get(door, each) for each in wrong]} == {(404, b"Not Found\n")}


async def test_a_revoked_address_leads_nowhere_and_the_new_one_does(door: Door, connection: Connection) -> None:
    """An address that leaked is taken away without touching anyone else's."""
    old, others = await path_of(connection, "governors"), await path_of(connection, "partners")
    await feed_tokens.renew(connection, "governors")
    new = await path_of(connection, "governors")
    await eventually(lambda: _is(door, old, 404))
    await eventually(lambda: _is(door, new, 200))
    assert (await _get(door, others))[0] == 200
    await feed_tokens.renew(connection, "governors")
    assert len({old, await path_of(connection, "governors")}) == 2


async def test_every_audience_with_a_feed_has_an_address(connection: Connection) -> None:
    """In the configured order; the public one is open. The same addresses come each time."""
    urls = await feed_tokens.feed_urls(connection, DEFAULT, PUBLIC_URL + "/")
    assert [audience for audience, _ in urls] == list(DEFAULT.audience_ids)
    assert dict(urls)["public"] == f"{PUBLIC_URL}/feeds/public.atom"
    assert urls == await feed_tokens.feed_urls(connection, DEFAULT, PUBLIC_URL)


async def test_what_was_put_right_says_so_and_names_the_correction(door: Door, connection: Connection) -> None:
    """A reader that shows the old entry again shows that it no longer holds, with a link to what does."""
    wrong = await published(door, connection, "fout")
    before = (await _read(door, "/feeds/public.atom")).entries[0]
    await asyncio.sleep(1.1)  # Last-Modified and feedparser count in seconds
    right = await published(door, connection, "juist <b>", corrects=wrong.number)
    correction, corrected = (await _read(door, "/feeds/public.atom")).entries
    assert corrected.id == before.id
    assert corrected.updated_parsed > before.updated_parsed
    assert corrected.published_parsed == before.published_parsed
    [link] = [link for link in corrected.links if link.rel == "related"]
    assert link.href == correction.link == f"{PUBLIC_URL}/messages/{right.id}"
    assert [link.href for link in correction.links if link.rel == "related"] == [corrected.link]
    assert corrected.title == "RECHTGEZET: fout public"
    assert "rechtgezet" in corrected.summary
    assert ">juist &lt;b&gt; public</a>" in corrected.content[0].value
    assert "rechtgezet" not in correction.content[0].value


async def test_an_exercise_never_shows_in_the_open_feed(door: Door, connection: Connection) -> None:
    """The plan puts none there; if something ever did, nobody outside sees it."""
    message = await published(door, connection, "OEFENING storm")
    async with connection.transaction():  # the two go together: an incident and its messages
        await connection.execute("ALTER TABLE message DROP CONSTRAINT message_exercise")
        await connection.execute("UPDATE message SET exercise = true WHERE number = %s", (message.number,))
        await connection.execute("UPDATE feed_entry SET title = title")
    await eventually(lambda: _is(door, f"/feeds/public/incidents/{message.incident}.atom", 404))
    await eventually(lambda: _is_empty(door, "/feeds/public.atom"))
    assert len((await _read(door, await path_of(connection, "governors"))).entries) == 1


async def test_who_has_it_already_is_not_sent_it_again(door: Door, connection: Connection) -> None:
    """Thousands of readers ask every minute; a change is seen at the next question all the same."""
    await published(door, connection, "eerst")
    status, headers, _ = await _get(door, "/feeds/public.atom")
    assert (status, headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    assert headers["Cache-Control"] == "public, max-age=30"
    for condition in ({"If-None-Match": headers["ETag"]}, {"If-Modified-Since": headers["Last-Modified"]}):
        status, again, body = await _get(door, "/feeds/public.atom", condition)
        assert (status, body, again["ETag"]) == (304, b"", headers["ETag"])
    await asyncio.sleep(1.1)
    await published(door, connection, "dan")
    for condition in ({"If-None-Match": headers["ETag"]}, {"If-Modified-Since": headers["Last-Modified"]}):
        assert (await _get(door, "/feeds/public.atom", condition))[0] == 200


async def test_an_empty_feed_is_a_feed(door: Door, connection: Connection) -> None:
    """Readers subscribe before the first crisis."""
    feed = await _read(door, await path_of(connection, "bcm-leads"))
    assert (feed.bozo, feed.entries) == (False, [])


async def test_every_answer_is_hardened_and_says_little(door: Door, connection: Connection) -> None:
    """No scripts, no guessing of types, no address of a secret feed in a Referer, no name of the server's parts."""
    for method, path, status in [
        ("GET", "/feeds/public.atom", 200), ("GET", "/x", 404), ("GET", "/twilio/status", 405), ("POST", "/", 405),
        ("GET", "/%ff%00..%2f", 404), ("DELETE", "/feeds/public.atom", 405),
    ]:  # fmt: skip
        async with door.http.request(method, door.url + path) as answer:
            assert answer.status == status
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Server"] == "roeland"


async def _is(door: Door, path: str, status: int) -> bool:
    return (await _get(door, path))[0] == status


async def _is_empty(door: Door, path: str) -> bool:
    return not (await _read(door, path)).entries


async def _read(door: Door, path: str) -> Any:
    status, _, body = await _get(door, path)
    assert status == 200
    return feedparser.parse(body, sanitize_html=False)


async def _get(door: Door, path: str, headers: dict[str, str] | None = None) -> tuple[int, Mapping[str, str], bytes]:
    async with door.http.get(door.url + path, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()
