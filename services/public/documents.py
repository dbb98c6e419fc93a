"""What the newsfeed is made of: a feed as PostgreSQL holds it, and the documents that are made from it, as files.

Pure on both sides: the same feed makes the same bytes in every copy of `public`, after every restart. So a document
never says when it was made, and never holds the token of whoever reads it: where that belongs stands `TOKEN`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.domain.configuration import Configuration
from services.store.feeds import PUBLIC, FeedEntry

TOKEN: Final = "__token__"  # noqa: S105  (a place for one)
"""In a path and in a document of a closed feed: here stands the reader's own token. It is filled in at serving."""

EMPTY_SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed in which nothing ever stood last changed."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of an audience's feed, or of one incident in it; newest first.

    `incident`: its slug, or None for the whole feed. `page` None: the current one, which shows the latest 50; else an
    archive (RFC 5005 §4), full, numbered from the oldest, 1. `older`, `newer`: numbers of the archives beside it; for
    the current one `older` is the latest archive, and for the latest archive `newer` is None: the current one.
    `contact`: how to reach the centre, if it says so; `timezone`: where times are told in a zone, this one. `hub`:
    where to subscribe to changes (WebSub), if anywhere.
    """

    audience: str
    audience_name: str
    incident: str | None
    entries: Sequence[FeedEntry]
    centre: str
    public_url: str
    configuration: Configuration
    page: int | None = None
    older: int | None = None
    newer: int | None = None
    contact: str = ""
    timezone: str = "Europe/Brussels"
    hub: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it."""
        return self.audience == PUBLIC

    @property
    def modified(self) -> datetime:
        """When what it shows last changed."""
        return max((entry.updated_at for entry in self.entries), default=EMPTY_SINCE)

    def address(self, path: str) -> str:
        """Where the world finds a path of this feed; absolute, or from the root while no public address is set."""
        return f"{self.public_url}/{path}"

    def beside(self, page: int | None) -> "Feed":
        """Another page of it, for its paths alone: it has no entries."""
        return replace(self, page=page, older=None, newer=None, entries=())


@dataclass(frozen=True, slots=True)
class Document:
    """A file: its path under the folder (`feeds/public.atom`), what it is, and when what it shows last changed.

    The path is the address, but for what ends in `.html`: `messages/ID.html` is at `/messages/ID`, `index.html` at `/`.
    """

    path: str
    media_type: str
    body: bytes
    modified: datetime


Maker = Callable[[Feed], Iterable[Document]]
"""Makes the documents that show a page of a feed; pure. Called for each page whose entries changed."""

EntryMaker = Callable[[Feed, FeedEntry], Iterable[Document]]
"""Makes the documents of one entry; pure. Called when it changes, or what it corrects, or what corrects it; and when
another comes after it in its incident.

The feed has all entries of its incident in its audience, newest first, however many. What is taken of others than
these three must not change: ids, kinds, times of publication.
"""

StaticMaker = Callable[[], Iterable[Document]]
"""Makes documents that show no entries, such as a style sheet; `modified` is a constant that changes with them."""


def feed_path(feed: Feed, form: str) -> str:
    """The path of a feed's page in a form (`atom`, `rss`, `json`, `cap`), as `feeds/public/incidents/SLUG.atom`."""
    root = f"feeds/{feed.audience}" if feed.is_public else f"feeds/{feed.audience}/{TOKEN}"
    of = f"{root}/incidents/{feed.incident}" if feed.incident else root
    return f"{of}.{form}" if feed.page is None else f"{of}/archive/{feed.page}.{form}"


def page_root(audience: str) -> str:
    """What the paths of an audience's pages begin with: nothing for the public, `feeds/AUDIENCE/TOKEN/` for others."""
    return "" if audience == PUBLIC else f"feeds/{audience}/{TOKEN}/"


def message_path(audience: str, message_id: UUID) -> str:
    """The page of a message, without `.html`; its CAP is there with `.cap`."""
    return f"{page_root(audience)}messages/{message_id}"


def list_path(feed: Feed) -> str:
    """The page for people that lists a feed's page, without `.html`; `` and `feeds/AUDIENCE/TOKEN/` are an index."""
    of = page_root(feed.audience) + (f"incidents/{feed.incident}" if feed.incident else "")
    if feed.page is None:
        return of
    return f"{of}/archive/{feed.page}" if feed.incident else f"{of}archive/{feed.page}"
