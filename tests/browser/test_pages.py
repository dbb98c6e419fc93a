"""The pages for people in a browser: beautiful is for people to say, the rest is here."""

from collections.abc import Sequence

import pytest

from services.domain.configuration import DEFAULT
from services.public.documents import Feed
from services.public.pages import list_pages, message_pages, style_sheets
from services.rendering.templates import Templates
from services.store.feeds import FeedEntry
from tests.browser.crisis import crisis
from tests.browser.sight import Sight
from tests.browser.subject import File


def feed_of(entries: Sequence[FeedEntry], incident: str | None = None) -> Feed:
    """The current page of a feed, as the builder makes it."""
    audience = entries[0].audience if entries else "public"
    shown = [each for each in entries if incident in (None, each.incident)]
    return Feed(audience, audience, incident, shown, "CCVO", "", DEFAULT)


def site(entries: Sequence[FeedEntry]) -> dict[str, File]:
    """All pages by their address."""
    documents = [*style_sheets(), *list_pages(feed_of(entries))]
    for each in entries:
        documents += message_pages(feed_of(entries, each.incident), each)
    for slug in {each.incident for each in entries}:
        documents += list_pages(feed_of(entries, slug))
    return {
        f"/{each.path.removesuffix('index.html').removesuffix('.html')}": (each.media_type, each.body)
        for each in documents
    }


@pytest.fixture(scope="module")
def public(templates: Templates) -> dict[str, File]:
    return site(crisis(templates))


def test_the_list(sight: Sight, public: dict[str, File]) -> None:
    """Where everybody comes in."""
    sight.look("/", name="list", files=public).flawless()


@pytest.mark.parametrize(
    ("number", "name"), [(1, "message"), (2, "put-right"), (4, "correction"), (5, "withdrawn"), (3, "all-clear")]
)
def test_a_message(sight: Sight, public: dict[str, File], number: int, name: str) -> None:
    """First, updated, put right, withdrawn, over."""
    path = f"/messages/00000000-0000-0000-0000-{number:012}"
    sight.look(path, name=name, files=public).flawless()
    sight.shoot(path, name=name, files=public)


def test_an_incident(sight: Sight, public: dict[str, File]) -> None:
    """Its timeline."""
    sight.look("/incidents/cyber-2026-014", name="incident", files=public).flawless()
