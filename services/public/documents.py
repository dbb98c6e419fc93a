"""What the newsfeed is made of: a feed as PostgreSQL holds it, and the documents that are made from it, as files.

Pure on both sides: the same feed makes the same bytes in every copy of `public`, after every restart.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.domain.configuration import Configuration
from services.store.feeds import FeedEntry

TOKEN: Final = "__token__"  # noqa: S105  (a place for one)
"""In a path and in a document of a closed feed: here stands the reader's own token. It is filled in at serving."""


@dataclass(frozen=True, slots=True)
class Feed:
    """All entries of an audience, or those of one incident, newest first.

    `incident`: its slug, or None for the whole feed.
    """

    audience: str
    audience_name: str
    incident: str | None
    entries: Sequence[FeedEntry]
    centre: str
    public_url: str
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Document:
    """A file: its path under the folder (`feeds/public.atom`), what it is, and when what it shows last changed."""

    path: str
    media_type: str
    body: bytes
    modified: datetime


Maker = Callable[[Feed], Iterable[Document]]
"""Makes documents of a feed; pure."""
