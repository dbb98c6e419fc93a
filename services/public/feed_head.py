"""What stands at the head of a feed in any form: its id, title and language, and the links to its other pages."""

from collections.abc import Iterator
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from services.domain.problems import Refused
from services.public.cap_alert import ALERT_TYPE, alert_path, is_alert
from services.public.documents import Feed, feed_path, list_path, message_path
from services.public.entry_text import plain
from services.public.pages import templates
from services.rendering.pages import feed_words, page_language
from services.store.feeds import FeedEntry

STYLE_PATH: Final = "feeds/style.css"

Link = dict[str, str]
"""The attributes of a link: `rel`, `href`, and `type` and `title` where they say something."""


def feed_id(feed: Feed) -> str:
    """The same for all pages and forms of it; no token is in it."""
    of = f"/incidents/{feed.incident}" if feed.incident else ""
    return uuid5(NAMESPACE_URL, f"{feed.public_url}/feeds/{feed.audience}{of}").urn


def title_of_feed(feed: Feed) -> str:
    """`Centre: audience`, or `Centre: title of the incident (audience)`."""
    if feed.incident is None:
        return plain(f"{feed.centre}: {feed.audience_name}")
    title = feed.entries[0].incident_title if feed.entries else feed.incident
    return plain(f"{feed.centre}: {title} ({feed.audience_name})")


def language_of(feed: Feed) -> str:
    """That of the latest entry."""
    return feed.entries[0].language if feed.entries else feed.configuration.languages[0]


def explanation(feed: Feed) -> tuple[str, str] | None:
    """What a person is told who opens a feed: before a link to the page, and in it.

    None for words of the centre's own that are wrong: a feed is there for machines first, and `check_templates` tells.
    """
    known = templates()
    try:
        return feed_words(known, page_language(known, language_of(feed), feed.configuration))
    except Refused:
        return None


def links_of(feed: Feed, form: str, media_type: str) -> Iterator[Link]:
    """Itself, its page for people, its hub (WebSub §4), and the archives before and after it (RFC 5005 §4)."""

    def page(number: int | None) -> str:
        return feed.address(feed_path(feed.beside(number), form))

    yield {"rel": "self", "href": page(feed.page), "type": media_type}
    yield {"rel": "alternate", "href": feed.address(list_path(feed)), "type": "text/html"}
    if feed.hub and feed.page is None:
        yield {"rel": "hub", "href": feed.hub}
    if feed.page is not None:
        yield {"rel": "current", "href": page(None), "type": media_type}
    if feed.older is not None:
        yield {"rel": "prev-archive", "href": page(feed.older), "type": media_type}
    if feed.newer is not None:
        yield {"rel": "next-archive", "href": page(feed.newer), "type": media_type}


def related(feed: Feed, entry: FeedEntry) -> Iterator[Link]:
    """What an entry puts right, and what put it right: links to their pages."""
    for message_id, title in ((entry.put_right_by, entry.put_right_title), (entry.corrects, entry.corrects_title)):
        if message_id:
            href = feed.address(message_path(entry.audience, message_id))
            yield {"rel": "related", "href": href, "type": "text/html", "title": plain(title or "")}


def alert_of(feed: Feed, entry: FeedEntry) -> Iterator[Link]:
    """The same for machines (docs/cap.md), if it is an alert."""
    if is_alert(entry):
        yield {"rel": "alternate", "href": feed.address(alert_path(entry)), "type": ALERT_TYPE}


def stylesheet(path: str) -> str:
    """The style sheet as seen from a document: relative, so that it is found behind any proxy and under any name."""
    return "../" * path.count("/") + STYLE_PATH
