"""How documents are served: what a reader that asks each second costs, what a browser sees, what a stranger learns."""

import gzip
from typing import Any

import pytest
from yarl import URL

from services.runtime.postgres import Connection
from services.store import feed_tokens
from tests.public.conftest import PUBLIC_URL, Door
from tests.public.feed_rules import wrong_with_atom, wrong_with_json, wrong_with_rss
from tests.public.publishing import path_of, published
from tests.situation.running import eventually

pytestmark = pytest.mark.stack

TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}


async def test_a_reader_that_has_it_is_sent_nothing_packed_or_not(door: Door, connection: Connection) -> None:
    """An ETag is told apart by its packing, as RFC 9110 wants, and either is good for both."""
    await published(door, connection, "bericht")
    for form, media_type in TYPES.items():
        path = f"/feeds/public.{form}"
        plain, packed = await door.get(path), await door.get(path, accept_encoding="gzip")
        assert plain.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert gzip.decompress(packed.body) == plain.body and packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in plain.headers["Vary"] and plain.headers["ETag"] != packed.headers["ETag"]
        for etag in (plain.headers["ETag"], packed.headers["ETag"], f'"x", W/{plain.headers["ETag"]}', "*"):
            again = await door.get(f"/feeds/public.{form}", if_none_match=etag, accept_encoding="gzip")
            assert (again.status, again.body, again.headers["ETag"]) == (304, b"", packed.headers["ETag"])
        async with door.http.head(f"{door.url}/feeds/public.{form}") as head:
            assert (head.status, head.headers["Content-Length"]) == (200, str(len(plain.body)))


async def test_any_website_may_show_it_and_finds_the_other_forms(door: Door) -> None:
    """A script of another site may read the feed and its ETag; a program is told what else there is."""
    for form in TYPES:
        got = await door.get(f"/feeds/public.{form}")
        assert got.headers["Access-Control-Allow-Origin"] == "*"
        assert all(f'<public.{each}>; rel="alternate"' in got.headers["Link"] for each in (*TYPES, "cap"))
    async with door.http.options(f"{door.url}/feeds/public.json", headers=PREFLIGHT) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
        assert "if-none-match" in answer.headers["Access-Control-Allow-Headers"].lower()


async def test_a_browser_is_shown_a_page_and_a_reader_a_feed(door: Door) -> None:
    """Browsers show a feed's own types as bare text; the bytes are the same, so a reader that asks alike reads on."""
    shown = await door.get(
        "/feeds/public.atom", accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    )
    read = await door.get("/feeds/public.atom", accept="application/atom+xml, text/html")
    assert shown.headers["Content-Type"] == "application/xml; charset=utf-8" and shown.body == read.body
    assert read.headers["Content-Type"] == "application/atom+xml; charset=utf-8" and "Accept," in read.headers["Vary"]
    sheet = await door.get("/feeds/style.css")
    assert (sheet.status, sheet.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "style-src 'self'" in shown.headers["Content-Security-Policy"]


async def test_a_closed_feed_is_valid_at_the_address_of_whoever_reads_it(door: Door, connection: Connection) -> None:
    """By the audience's own address and by one that was given by name: each finds itself in it, and no other."""
    await published(door, connection, "geheim")
    _, token = await feed_tokens.add(connection, "governors", "Kabinet", None)
    own = (await path_of(connection, "governors")).removesuffix(".atom")
    for root in (own, f"/feeds/governors/{token}"):
        for form, wrong in (("atom", wrong_with_atom), ("rss", wrong_with_rss), ("json", wrong_with_json)):
            await eventually(lambda path=f"{root}.{form}": is_open(door, path))
            got = await door.get(f"{root}.{form}", accept_encoding="gzip")
            assert wrong(got.body, f"{PUBLIC_URL}{root}.{form}") == []
            assert got.headers["Cache-Control"] == "private, no-cache" and "__token__" not in str(got)
    assert token.encode() not in (await door.get(f"{own}.atom")).body


async def test_nothing_tells_a_wrong_token_from_a_revoked_one_or_a_feed_that_is_not_there(
    door: Door, connection: Connection
) -> None:
    """Status, words and headers are one; whoever guesses learns not even which audiences there are."""
    await published(door, connection, "geheim")
    made, token = await feed_tokens.add(connection, "governors", "Pers", None)
    await eventually(lambda: is_open(door, f"/feeds/governors/{token}.atom"))
    await feed_tokens.revoke(connection, made.id, None)
    await eventually(lambda: is_closed(door, f"/feeds/governors/{token}.atom"))
    good = (await path_of(connection, "governors")).removesuffix(".atom")
    answers = [
        plain(await door.get(path))
        for path in (
            f"/feeds/governors/{token}.atom", "/feeds/governors/k1.AAAAAAAAAAAAAAAAAAAAAA.atom", "/feeds/nobody/x.atom",
            f"{good}/incidents/nosuch.atom", f"{good}/incidents/../../x", f"{good}.exe", f"{good}x.atom",
            f"/feeds/partners/{token}/incidents/storm-2026-001.atom", "/feeds/governors/__token__.atom",
            "/feeds/governors/__token__/messages/1", "/feeds/governors/%2e%2e/x.atom", "/nothing",
            "/feeds/public/x.atom",
        )
    ]  # fmt: skip
    assert answers == [answers[0]] * len(answers)
    assert answers[0][0] == 404


async def test_no_way_of_writing_an_address_leads_to_a_closed_document_without_its_token(
    door: Door, connection: Connection
) -> None:
    """Doubled and escaped slashes pass the route of closed feeds by; the file's own name opens nothing either."""
    message = await published(door, connection, "geheim")
    missing = plain(await door.get("/nothing"))
    befores = (
        "//feeds/governors/", "///feeds/governors/", "/%2Ffeeds/governors/", "/feeds%2Fgovernors/",
        "/feeds/governors%2F", "/feeds%2fgovernors%2f", "/feeds//governors/", "/./feeds/governors/",
    )  # fmt: skip
    for below in ("__token__.atom", "__token__.cap", "__token__/", f"__token__/messages/{message.id}"):
        for before in befores:
            got = await door.get(URL(f"{door.url}{before}{below}", encoded=True))
            assert (before, below, plain(got)) == (before, below, missing)


PREFLIGHT = {
    "Origin": "https://krant.example", "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "if-none-match",
}  # fmt: skip


async def is_open(door: Door, path: str) -> bool:
    return (await door.get(path)).status == 200


async def is_closed(door: Door, path: str) -> bool:
    return (await door.get(path)).status == 404


def plain(got: Any) -> tuple[int, bytes, dict[str, str]]:
    return got.status, got.body, {name: value for name, value in got.headers.items() if name != "Date"}


async def test_when_nobody_can_say_what_was_revoked_closed_feeds_stay_closed(
    door: Door, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL is away: good tokens and bad get the same 503, and the open feed is served all the same (0016)."""
    good = await path_of(connection, "governors")
    await eventually(lambda: is_open(door, good))
    monkeypatch.setattr("services.public.access.TRUSTED_SECONDS", 0.0)
    closed, wrong = await door.get(good), await door.get(f"{good}x")
    assert plain(closed) == plain(wrong) and (closed.status, closed.headers["Retry-After"]) == (503, "2")
    assert await is_open(door, "/feeds/public.atom")
