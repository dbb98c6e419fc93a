"""The pages for people as documents: lists, timelines, archives, messages, and the style sheet.

Every address in a page is relative: the same file serves behind a proxy with a path of its own, and for an audience
below every token that was given out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final

from services.public.documents import Document, Feed, feed_path, list_path, message_path, page_root
from services.rendering.list_page import ListLinks, list_page
from services.rendering.message_page import Course, Links, message_page
from services.rendering.pages import PAGE_TYPE, STYLE_PATH, STYLE_TYPE, style_sheet
from services.rendering.templates import Templates, load_templates
from services.store.feeds import FeedEntry, age

_FORMS: Final = (
    ("atom", "application/atom+xml", "Atom"), ("rss", "application/rss+xml", "RSS"),
    ("json", "application/feed+json", "JSON Feed"), ("cap", "application/atom+xml", "CAP"),
)  # fmt: skip
_STYLED: Final = datetime(2026, 11, 26, tzinfo=UTC)
"""Its address changes with it, so nobody asks whether it did."""


@cache
def templates() -> Templates:
    """As they were when `public` started. Raises Refused for what cannot be read."""
    return load_templates()


def list_pages(feed: Feed) -> Iterable[Document]:
    """What is at `/`, `/archive/N` and `/incidents/SLUG`, for the public or below an audience's own address."""
    path = list_path(feed)
    links = ListLinks(
        site=_up(path), home=_home(path, feed.audience), feeds=_feeds(path, feed),
        message=lambda number: _from(path, message_path(feed.audience, number)),
        incident=lambda slug: _from(path, f"{page_root(feed.audience)}incidents/{slug}"),
        older=_from(path, list_path(feed.beside(feed.older))) if feed.older else "",
        newer=_newer(path, feed),
    )  # fmt: skip
    html = list_page(
        feed.entries, links, templates(), feed.configuration, audience=feed.audience, incident=feed.incident,
        number=feed.page,
    )  # fmt: skip
    yield _document(path, html, feed.modified)


def message_pages(feed: Feed, entry: FeedEntry) -> Iterable[Document]:
    """What is at `/messages/ID`. `feed` has all entries of its incident."""
    path = message_path(entry.audience, entry.message_id)
    links = Links(
        site=_up(path), home=_home(path, entry.audience),
        incident=_from(path, f"{page_root(entry.audience)}incidents/{entry.incident}"),
        cap=_from(path, f"{path}.cap"), feeds=_feeds(path, feed),
        message=lambda number: _from(path, message_path(entry.audience, number)),
    )  # fmt: skip
    course = Course(entry, compared_with(entry, feed.entries), _after(entry, feed.entries))
    html = message_page(course, links, templates(), feed.configuration)
    yield _document(path, html, entry.updated_at)


def style_sheets() -> Iterable[Document]:
    """What is at `/style.css`."""
    yield Document(STYLE_PATH, STYLE_TYPE, style_sheet(templates()).encode(), _STYLED)


def compared_with(entry: FeedEntry, of_incident: Sequence[FeedEntry]) -> FeedEntry | None:
    """What it puts right; else the message before it in its incident, in its own language; None for the first.

    `of_incident`: newest first. What becomes of that message later changes nothing here: its page is not made anew
    for it.
    """
    before = of_incident[bisect_right(of_incident, age(entry), key=age) :]
    alike = (each for each in before if each.language == entry.language)
    if entry.corrects is None:
        return next(alike, None)
    earlier = list(alike)
    return next((each for each in earlier if each.message_id == entry.corrects), next(iter(earlier), None))


def _after(entry: FeedEntry, of_incident: Sequence[FeedEntry]) -> FeedEntry | None:
    place = bisect_left(of_incident, age(entry), key=age)
    return of_incident[place - 1] if place else None


def _newer(path: str, feed: Feed) -> str:
    if feed.page is None:
        return ""
    return _from(path, list_path(feed.beside(feed.newer))) or "./"


def _feeds(path: str, feed: Feed) -> list[tuple[str, str, str]]:
    current = feed.beside(None)
    return [(media_type, name, _from(path, feed_path(current, form))) for form, media_type, name in _FORMS]


def _up(path: str) -> str:
    return "../" * path.count("/")


def _home(path: str, audience: str) -> str:
    return _from(path, page_root(audience))


def _from(path: str, target: str) -> str:
    """A relative reference (RFC 3986 §4.2) from one path below the root to another."""
    folders, wanted = path.split("/")[:-1], target.split("/")
    shared = 0
    while shared < min(len(folders), len(wanted) - 1) and folders[shared] == wanted[shared]:
        shared += 1
    return "../" * (len(folders) - shared) + "/".join(wanted[shared:])


def _document(path: str, html: str, modified: datetime) -> Document:
    name = f"{path}index.html" if not path or path.endswith("/") else f"{path}.html"
    return Document(name, PAGE_TYPE, html.encode(), modified)
