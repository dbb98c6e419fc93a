"""What the hub needs of the feeds: the seam between WebSub and the rest of this door."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


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

    async def served(self, path: str) -> Served | None:
        """What a GET of this path gets; None where that is 404: a wrong token and a missing feed alike."""
