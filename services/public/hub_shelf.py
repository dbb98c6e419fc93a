"""What the hub needs of the feeds: the seam between WebSub and the rest of this door."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from services.public.access import Access
from services.public.bodies import Bodies
from services.public.documents import TOKEN
from services.public.folder import Folder
from services.public.manifest import Kept
from services.public.serving import split_token
from services.public.watch import Watch
from services.store.feeds import PUBLIC


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a feed this is. Another `etag`: another state; an earlier `modified`: an older one."""

    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Served:
    """What a reader gets: `media_type` is the whole `Content-Type`."""

    version: Version
    media_type: str
    body: bytes = field(repr=False)


class Shelf(Protocol):
    """The feeds as this copy of `public` has them. None: not to be had now; it may still be to be built."""

    def version(self, name: str) -> Version | None:
        """Of a feed by its topic's name (`hub_topics`)."""

    def served(self, path: str) -> Served | None:
        """What a GET of this path gets; None for a wrong token and a missing feed alike."""

    def gone(self, path: str) -> bool:
        """Whether it is certain that nothing is to be had there: the token is revoked, or there is no such feed."""


class BuiltFeeds:
    """The shelf of a running `public`: what is built, for whom it opens."""

    def __init__(self, folder: Folder, bodies: Bodies, watch: Watch, access: Access) -> None:
        self._folder, self._bodies, self._watch, self._access = folder, bodies, watch, access

    def version(self, name: str) -> Version | None:
        """Of a document that is built."""
        kept = self._folder.find(name)
        return _version(kept) if kept else None

    def served(self, path: str) -> Served | None:
        """Its bytes, with the reader's own token in them."""
        name, audience, token = _read(path)
        kept = self._folder.find(name)
        if kept is None or not self._opens(audience, token):
            return None
        try:
            body = self._bodies.body(kept, compressed=False)
        except OSError:
            self._watch.distrust(kept)
            return None
        body = body.replace(TOKEN.encode(), token.encode()) if token else body
        return Served(_version(kept), f"{kept.media_type}; charset=utf-8", body)

    def gone(self, path: str) -> bool:
        """What may be a matter of time is not: tokens that are not known yet, documents that are still to be made."""
        name, audience, token = _read(path)
        if audience != PUBLIC and not self._access.known:
            return False
        return not self._opens(audience, token) or (self._watch.complete and self._folder.find(name) is None)

    def _opens(self, audience: str, token: str) -> bool:
        return audience == PUBLIC or (self._access.known and self._access.opens(audience, token))


def _read(path: str) -> tuple[str, str, str]:
    """A topic's path as its document's, the audience, and the token; that is empty where none is needed."""
    _, audience, *rest = path.split("/", 2)
    if not rest or audience == PUBLIC:
        return path, PUBLIC, ""
    token, tail = split_token(rest[0])
    return f"feeds/{audience}/{TOKEN}{tail}", audience, token


def _version(kept: Kept) -> Version:
    return Version(kept.etag, datetime.fromtimestamp(kept.modified, UTC))
