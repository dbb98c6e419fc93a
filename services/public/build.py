"""Making documents of a piece: what PostgreSQL holds in, files out. The makers are pure, and named in makers.py."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from services import domain, public, rendering
from services.domain.configuration import Configuration
from services.public.documents import Document, Feed
from services.public.makers import ENTRY_MAKERS, MAKERS, STATIC_MAKERS
from services.public.pieces import Piece
from services.rendering.centre import RenderingSettings
from services.rendering.templates import folders
from services.store.feeds import FeedEntry

_SOURCES: Final = tuple(Path(folder) for each in (public, domain, rendering) for folder in each.__path__)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Imprint:
    """What is the same in all documents."""

    centre: str
    public_url: str
    configuration: Configuration
    contact: str = ""
    timezone: str = "Europe/Brussels"
    hub: str | None = None

    @property
    def audiences(self) -> list[str]:
        """Those that have a feed, in the configured order."""
        return [each.id for each in self.configuration.audiences if "newsfeed" in each.channels]


def documents(piece: Piece, entries: Sequence[FeedEntry], imprint: Imprint) -> list[Document]:
    """What is made of a piece; `entries` are those that it names, newest first."""
    feed = feed_of(piece, entries, imprint)
    if piece.entry is None:
        return _made([partial(maker, feed) for maker in MAKERS], piece.key)
    about = next((each for each in entries if each.number == piece.entry), None)
    return _made([partial(maker, feed, about) for maker in ENTRY_MAKERS], piece.key) if about else []


def static_documents() -> list[Document]:
    """What shows no entries."""
    return _made(STATIC_MAKERS, "static")


def version(imprint: Imprint) -> str:
    """Of what makes documents: our own files, the templates, and what is the same in all. Another one: all anew."""
    settings = RenderingSettings()
    files = [file for top in (*_SOURCES, *folders(settings)) for file in sorted(top.rglob("*")) if file.is_file()]
    files += [settings.centre_logo] if settings.centre_logo else []
    named = [settings.newsletter_images, imprint.centre, imprint.contact, imprint.timezone, imprint.hub or ""]
    told = [*named, imprint.public_url, imprint.configuration.model_dump_json(), settings.model_dump_json()]
    hashes = [sha256(file.read_bytes()).digest() for file in files if "__pycache__" not in file.parts]
    return sha256(repr((told, hashes)).encode()).hexdigest()[:16]


def feed_of(piece: Piece, entries: Sequence[FeedEntry], imprint: Imprint) -> Feed:
    """The feed, or the page of it, that a piece is about."""
    return Feed(
        piece.audience, _name(piece.audience, imprint.configuration), piece.incident, entries, imprint.centre,
        imprint.public_url, imprint.configuration, piece.page, piece.older, piece.newer, imprint.contact,
        imprint.timezone, imprint.hub,
    )  # fmt: skip


def _made(makers: Iterable[Callable[[], Iterable[Document]]], key: str) -> list[Document]:
    """All of them; a maker that fails takes none of the others along."""
    found: list[Document] = []
    for maker in makers:
        try:
            found += list(maker())
        except Exception:
            log.exception("unforeseen", piece=key)
    return found


def _name(audience: str, configuration: Configuration) -> str:
    names = {each.id: each.names for each in configuration.audiences}
    return names.get(audience, {}).get(configuration.languages[0], audience)
