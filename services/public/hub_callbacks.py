"""Which addresses a subscriber may give to be called at. Pure: what is behind a name is looked at when it is called."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlencode

from yarl import URL

from services.runtime.open_addresses import is_open

LENGTH: Final = 2_000

PORTS: Final = frozenset({80, 443, 8443, *range(8080, 8090)})
"""Where web servers listen. Whoever could name any port would have us talk to mail servers and databases, also to our
own by our own outside address."""


_NAME: Final = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_-]{1,63}\.)*(?!0x|[0-9]+\.?$)[a-z0-9_-]{1,63}\.?", re.IGNORECASE)
"""The last part is no number: `127.1`, `0x7f.1` and `2130706433` are addresses to some, and names to others."""


class Refused(Exception):
    """What was asked for cannot be had; in words for whoever develops a subscriber."""


@dataclass(frozen=True, slots=True)
class Callback:
    """`url` may hold a secret: it is never logged. `host` may be."""

    url: str = field(repr=False)
    host: str

    def asking(self, **parameters: str) -> str:
        """The address with `hub.…` parameters after those that it has, which stay as they are (§5.1.1)."""
        more = urlencode({f"hub.{name}": value for name, value in parameters.items()})
        return f"{self.url}{'&' if '?' in self.url else '?'}{more}"


def callback_of(text: str, *, anywhere: bool) -> Callback:
    """The callback at this address. `anywhere`: at any address and port. Raises `Refused`.

    It is read by what will call it, so that both see the same host.
    """
    if len(text) > LENGTH:
        raise Refused(f"hub.callback is longer than {LENGTH} characters")
    if not text.isascii() or not text.isprintable() or any(char in text for char in ' "<>\\^`{|}'):
        raise Refused("hub.callback has characters that must be percent-encoded")
    try:
        url = URL(text, encoded=True)
        host, port = url.raw_host, url.port
    except ValueError:
        raise Refused("hub.callback is no address") from None
    if url.scheme not in {"http", "https"} or not host or port is None:
        raise Refused("hub.callback must begin with https:// or http://, and name a host")
    if not _is_address(host) and not _NAME.fullmatch(host):
        raise Refused("hub.callback names a host that cannot be")
    if "@" in text.split("/", 3)[2]:
        raise Refused("hub.callback must not hold a user or password")
    if "#" in text:
        raise Refused("hub.callback must not hold a fragment")
    if not anywhere:
        _on_the_internet(host, port)
    return Callback(text, host.lower().rstrip("."))


def _on_the_internet(host: str, port: int) -> None:
    if port not in PORTS:
        raise Refused("hub.callback must be at a port of the web: 80, 443, 8080 to 8089 or 8443")
    if _is_address(host) and not is_open(host):
        raise Refused("hub.callback must be an address of the open internet")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
