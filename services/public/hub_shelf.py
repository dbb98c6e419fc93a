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
    """The feeds as this copy of `public` has them. Both answer None also while it has not built them yet."""

    def ready(self) -> bool:
        """Whether all is built that there was at the start: from then on, what is not there does not exist."""

    def version(self, name: str) -> Version | None:
        """Of a feed by its topic's name (`hub_topics`)."""

    def served(self, path: str) -> Served | None:
        """What a GET of this path gets; None where that is 404: a wrong token and a missing feed alike."""


class BuiltFeeds:
    """The shelf of a running `public`: what is built, for whom it opens."""

    def __init__(self, folder: Folder, bodies: Bodies, watch: Watch, access: Access) -> None:
        self._folder, self._bodies, self._watch, self._access = folder, bodies, watch, access

    def ready(self) -> bool:
        """Whether what is not there does not exist, and what does not open was revoked."""
        return self._watch.complete and self._access.known

    def version(self, name: str) -> Version | None:
        """Of a document that is built."""
        kept = self._folder.find(name)
        return _version(kept) if kept else None

    def served(self, path: str) -> Served | None:
        """Its bytes, with the reader's own token in them."""
        _, audience, rest = path.split("/", 2) if path.count("/") > 1 else ("", PUBLIC, "")
        if audience == PUBLIC:
            return self._served(path, "")
        token, tail = split_token(rest)
        found = self._served(f"feeds/{audience}/{TOKEN}{tail}", token)
        return found if self._access.known and self._access.opens(audience, token) else None

    def _served(self, name: str, token: str) -> Served | None:
        kept = self._folder.find(name)
        if kept is None:
            return None
        try:
            body = self._bodies.body(kept, compressed=False)
        except OSError:
            self._watch.distrust(kept)
            return None
        body = body.replace(TOKEN.encode(), token.encode()) if token else body
        return Served(_version(kept), f"{kept.media_type}; charset=utf-8", body)


def _version(kept: Kept) -> Version:
    return Version(kept.etag, datetime.fromtimestamp(kept.modified, UTC))
