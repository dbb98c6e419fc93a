"""Calling subscribers over HTTP: whoever answers is a stranger, and may be anywhere.

The address is checked when the socket is made, with the very address that is connected to: no name server can change
it between the check and the call (DNS rebinding), and one that gives an inner address beside an outer one has us
connect to the outer. Names are asked of the name servers that the system uses, without its threads: a name server that
hangs would hold one for as long as it likes. (So /etc/hosts is not read.)

No redirect is followed, no cookie kept, no proxy used; of an answer no more is read than is needed.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import dns.asyncresolver
import dns.exception
import dns.resolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.public.hub_addresses import is_open

CONNECT_SECONDS: Final = 3.0
CALL_SECONDS: Final = 10.0
CALLS: Final = 64
"""At once, in this copy of `public`."""

AGENT: Final = "Roeland (WebSub hub)"

Names = dns.asyncresolver.Resolver


class NoAnswer(Exception):
    """Nobody answered as HTTP wants it, or in time; in a word, without names or addresses."""


@asynccontextmanager
async def open_caller(*, anywhere: bool, names: Names | None = None) -> AsyncIterator["Caller"]:
    """Whoever calls subscribers. `anywhere`: also inside our own network. `names`: asked instead of the system's."""
    connector = aiohttp.TCPConnector(
        limit=CALLS,
        force_close=True,
        use_dns_cache=False,
        resolver=_Resolver(names or _names()),
        socket_factory=_any_socket if anywhere else _open_socket,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, connect=CONNECT_SECONDS),
        trust_env=False,
    ) as session:
        yield Caller(session)


class Caller:
    """Two requests, and what came of them. Both raise `NoAnswer`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str, *, most: int = 0) -> tuple[int, bytes]:
        """The status, and the body up to one byte more than `most`."""
        return await self._call("GET", url, most=most)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status; what else is answered is not looked at (§7)."""
        return (await self._call("POST", url, data=body, headers=headers))[0]

    async def _call(self, method: str, url: str, *, most: int = 0, **more: Any) -> tuple[int, bytes]:
        try:
            async with self._session.request(method, URL(url, encoded=True), allow_redirects=False, **more) as answer:
                body = await _up_to(answer.content, most + 1) if most else b""
                return answer.status, body
        except TimeoutError:
            raise NoAnswer("timeout") from None
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            raise NoAnswer(_word(problem)) from None


async def _up_to(content: aiohttp.StreamReader, most: int) -> bytes:
    """The whole body, or its first `most` bytes, in however many pieces they come."""
    body = b""
    while len(body) < most and (piece := await content.read(most - len(body))):
        body += piece
    return body


def _word(problem: Exception) -> str:
    cause = getattr(problem, "os_error", problem)
    if isinstance(cause, _Closed):
        return "not on the open internet"
    if isinstance(problem, aiohttp.ClientConnectorDNSError):
        return "unknown host"
    if isinstance(problem, aiohttp.ClientSSLError):
        return "no trusted certificate"
    return "no connection" if isinstance(problem, aiohttp.ClientConnectorError) else "no answer"


class _Closed(OSError):
    """An address that we do not connect to."""


def _open_socket(found: aiohttp.AddrInfoType) -> socket.socket:
    """A socket for this address, if it is one of the open internet; else the next address of the name is tried."""
    if not is_open(str(found[4][0])):
        raise _Closed
    return _any_socket(found)


def _any_socket(found: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = found
    return socket.socket(family, kind, protocol)


def _names() -> Names:
    """The name servers of /etc/resolv.conf; none where there is no such file: then no name is known."""
    try:
        return Names()
    except dns.resolver.NoResolverConfiguration:
        return Names(configure=False)


class _Resolver(AbstractResolver):
    """Asks name servers for addresses."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Both kinds of addresses; raises OSError when there is none."""
        asked = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"))
        found = [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, addresses in zip((socket.AF_INET, socket.AF_INET6), asked, strict=True)
            for address in addresses
            if family in (kind, socket.AF_UNSPEC)
        ]
        if not found:
            raise OSError("no address")
        return found

    async def _ask(self, host: str, kind: str) -> list[str]:
        try:
            found = await self._names.resolve(host, kind, raise_on_no_answer=False, lifetime=CONNECT_SECONDS)
        except dns.exception.DNSException:
            return []
        return [record.to_text() for record in found]

    async def close(self) -> None:
        """Nothing is held."""
