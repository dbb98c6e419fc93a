"""The pages for people: what they are made from, and as anyone gets them over HTTP."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.configuration import DEFAULT
from services.domain.variants import Variant
from services.public.documents import Feed
from services.public.pages import compared_with, list_pages, message_pages
from services.runtime.postgres import Connection
from services.store import feed_tokens, feeds
from services.store.feeds import FeedEntry
from tests.public.conftest import Door
from tests.public.entries import AT, entry
from tests.situation.running import eventually
from tests.store.world import add_user, release, submit


def later(number: int, **changes: object) -> FeedEntry:
    return entry(number, published_at=AT + timedelta(hours=number), **changes)


def test_a_message_is_compared_with_what_it_puts_right_else_with_the_one_before() -> None:
    """Of its incident and in its language; the newest first, as a feed is."""
    first, french, second, correction = later(1), later(2, language="fr"), later(3), later(4, corrects=UUID(int=1))
    of_incident = [correction, second, french, first]
    assert compared_with(first, of_incident) is None and compared_with(french, of_incident) is None
    assert compared_with(second, of_incident) == first
    assert compared_with(correction, of_incident) == first
    assert compared_with(later(5, corrects=UUID(int=99)), [later(5), *of_incident]) == correction


def test_an_archive_is_turned_both_ways() -> None:
    """Thousands of messages, fifty on a page; the latest archive leads to the current page."""
    for page, older, newer, links in (
        (None, 3, None, ['href="archive/3" rel="next"']),
        (3, 2, None, ['href="2" rel="next"', 'href="../" rel="prev"']),
        (1, None, 2, ['href="2" rel="prev"']),
    ):
        feed = Feed("public", "", None, [later(1)], "CCVO", "", DEFAULT, page, older, newer)
        (document,) = list_pages(feed)
        html = document.body.decode()
        assert document.path == (f"archive/{page}.html" if page else "index.html")
        assert [each for each in links if each not in html] == []
        assert html.count('rel="next"') + html.count('rel="prev"') == len(links)


def test_who_is_told_of_a_later_message() -> None:
    """Whoever opens an old link in a crisis must not stop there; its correction is said once, and louder."""
    first, second = later(1), later(2, title="Nieuwer")
    feed = Feed("public", "", first.incident, [second, first], "CCVO", "", DEFAULT)
    (old,), (new,) = message_pages(feed, first), message_pages(feed, second)
    assert b"Er is een nieuwer bericht" in old.body and b"Nieuwer" in old.body
    assert b"Er is een nieuwer bericht" not in new.body
    (wrong,) = message_pages(feed, later(1, put_right_by=UUID(int=2), put_right_title="Nieuwer"))
    assert b"Dit bericht is rechtgezet" in wrong.body and b"Er is een nieuwer bericht" not in wrong.body


@pytest.mark.parametrize("incident", [None, "cyber-2026-014"])
def test_a_feed_without_entries_is_a_page_too(incident: str | None) -> None:
    """Before the first crisis somebody looks whether the address works."""
    (document,) = list_pages(Feed("public", "", incident, [], "CCVO", "", DEFAULT))
    assert b"Er zijn nu geen berichten." in document.body


@pytest.mark.stack
async def test_pages_are_served_beside_the_feeds(door: Door, connection: Connection) -> None:
    """The list, the message and its incident, for the public and behind an audience's token, each its own version."""
    author = await add_user(connection, "author@ccvo.example", "author")
    message = await submit(connection, author, audiences=["governors", "public"], channels=["newsfeed"])
    await release(connection, message, author)
    for audience in ("governors", "public"):
        variant = Variant(audience, "nl", "", "newsfeed", f"Titel voor {audience}", "x", "<p>Kern.</p>")
        await feeds.record_entry(connection, message.number, variant)
    addresses = dict(await feed_tokens.feed_urls(connection, DEFAULT, door.url))
    own = addresses["governors"].removesuffix(".atom")
    for root, title, other in (("", "public", "governors"), (own.removeprefix(door.url), "governors", "public")):
        for path in (f"{root}/", f"{root}/messages/{message.id}", f"{root}/incidents/{message.incident}"):

            async def there(path: str = path, said: str = f"Titel voor {title}") -> bool:
                async with door.http.get(door.url + path) as answer:
                    return said in await answer.text()

            await eventually(there)
            async with door.http.get(door.url + path) as answer:
                page = await answer.text()
                assert answer.content_type == "text/html" and other not in page
                assert "default-src 'none'; style-src 'self'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert ('name="robots"' in page) is bool(root)
    async with door.http.get(own) as answer:
        assert answer.url.path == f"{own.removeprefix(door.url)}/" and answer.status == 200, "without its last slash"
    async with door.http.get(own[:-1]) as answer:
        assert answer.status == 404
    async with door.http.get(f"{door.url}/style.css") as answer:
        assert answer.content_type == "text/css" and "color-scheme" in await answer.text()
