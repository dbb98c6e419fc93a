"""Topics: our own feeds, by the address at which the world reads them. Pure."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from services.public.documents import TOKEN

LENGTH: Final = 1_000

_INCIDENT: Final = r"(?:/incidents/[a-z0-9-]{1,64})?"
_FORM: Final = r"\.(?:atom|rss|json|cap)"
_OPEN: Final = re.compile(rf"feeds/public{_INCIDENT}{_FORM}")
_CLOSED: Final = re.compile(rf"(feeds/[a-z0-9-]{{1,64}}/)([A-Za-z0-9_-][A-Za-z0-9._-]{{0,99}})({_INCIDENT}{_FORM})")


@dataclass(frozen=True, slots=True)
class Topic:
    """A feed. `name`: its path, which tells no secret: where the reader's token belongs stands `TOKEN`."""

    name: str
    token: str | None = field(default=None, repr=False)

    @property
    def path(self) -> str:
        """Under our public address, with the token."""
        return self.name.replace(TOKEN, self.token) if self.token else self.name


def topic_of(url: str, public_url: str) -> Topic | None:
    """The feed at this absolute address, whether there is such a feed or not; None when it could not be one of ours."""
    root = f"{public_url}/"
    if len(url) > LENGTH or not url.isascii() or url[: len(root)].lower() != root.lower():
        return None
    path = _unescaped(url[len(root) :])
    if _OPEN.fullmatch(path):
        return Topic(path)
    closed = _CLOSED.fullmatch(path)
    if closed is None or closed[1] == "feeds/public/":
        return None
    return Topic(f"{closed[1]}{TOKEN}{closed[3]}", closed[2])


def is_topic(name: str) -> bool:
    """Whether a document, by its path under the folder, is one that can be subscribed to."""
    return bool(_OPEN.fullmatch(name) or _CLOSED.fullmatch(name))


def links(path: str, public_url: str, hub_url: str) -> str:
    """As `Link` says it: where the hub is, and what the feed at this path is called there (§4)."""
    return f'<{hub_url}>; rel="hub", <{public_url}/{path}>; rel="self"'


def _unescaped(path: str) -> str:
    """Percent-encoded letters are the same as plain ones (§5.1.1); of what else is encoded, no path of ours has any."""
    return unquote(path, errors="replace") if "%" in path else path
