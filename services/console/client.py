"""Who is at the other end: the peer, or, where the peer is a proxy that is trusted, whom it names.

`Client` puts it in the request before anything reads it, so that nothing else looks at these headers.
"""

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


class Client:
    """X-Forwarded-For and -Proto count where a trusted proxy set them, and nowhere else. -Host counts never: our
    address is ROELAND_CONSOLE_URL."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network]) -> None:
        self.app, self.trusted = app, trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and (peer := _address((scope.get("client") or ("", 0))[0])):
            headers = dict(scope["headers"])
            if _is_in(peer, self.trusted):
                named = _all(scope, b"x-forwarded-for")
                scope["client"] = (str(client_behind(peer, named, self.trusted)), 0)
                scheme = headers.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()
                scope["scheme"] = scheme if scheme in {"http", "https"} else scope["scheme"]
        await self.app(scope, receive, send)


def client_behind(peer: Address, named: str, trusted: Sequence[Network]) -> Address:
    """The last one in X-Forwarded-For that is no proxy of ours: what stands before it anyone can have written."""
    client = peer
    for each in reversed([part.strip() for part in named.split(",") if part.strip()]):
        if not _is_in(client, trusted):
            break
        written = _address(each)
        if written is None:
            break
        client = written
    return client


def network_of(request: Request) -> str:
    """Whose tries are counted together: an IPv4 address, or the /56 that one household or office has of IPv6."""
    address = _address(request.client.host if request.client else "")
    if address is None:
        return "unknown"
    return str(ip_network((address, 32 if address.version == 4 else 56), strict=False))


def _all(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in each for each in networks)


def _address(written: str) -> Address | None:
    """Also with a port, as some proxies write it: `203.0.113.5:4711`, `[2001:db8::1]:4711`."""
    host = written.partition("]")[0].strip("[") if written.startswith("[") else written
    with suppress(ValueError):
        found = ip_address(host.partition(":")[0] if host.count(":") == 1 else host)
        return getattr(found, "ipv4_mapped", None) or found
    return None
