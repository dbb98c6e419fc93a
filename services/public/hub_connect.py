"""Connecting to a subscriber, whose name and addresses a stranger chose.

What is looked at is the very address that is connected to: no name server can change it between the check and the call
(DNS rebinding). Names are asked of the name servers that the system uses, at each call, without the system's threads: a
name server that hangs would hold one for as long as it likes. (So /etc/hosts is not read.)
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.resolver

CONNECT_SECONDS: Final = 3.0
"""For names, connection and TLS together; of several addresses the last one has half of it."""

ADDRESSES: Final = 4
"""Tried at most, of those that a name has."""

HEAD_BYTES: Final = 16 * 1024
"""What a reader holds before somebody reads it: no head of an answer is longer."""

Names = dns.asyncresolver.Resolver
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NoAnswer(Exception):
    """Nobody answered as HTTP wants it, or in time; in a few words, without names or addresses."""


@dataclass(frozen=True, slots=True)
class Line:
    """`may`: to which addresses. `names`: whom to ask for them."""

    may: Callable[[str], bool]
    names: Names
    tls: ssl.SSLContext

    async def connect(self, host: str, port: int, *, secure: bool) -> Streams:
        """A connection to the first address that takes one. Raises `NoAnswer`, `OSError`, `TimeoutError`."""
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await self._addresses(host)
            allowed = [address for address in found if self.may(address)][:ADDRESSES]
            if not allowed:
                raise NoAnswer("not on the open internet" if found else "unknown host")
            connected = await _first(allowed, port)
            try:
                return await asyncio.open_connection(
                    sock=connected, limit=HEAD_BYTES, ssl=self.tls if secure else None,
                    server_hostname=host if secure else None,
                )  # fmt: skip
            except BaseException:
                connected.close()
                raise

    async def _addresses(self, host: str) -> list[str]:
        """Of a name, or the address itself."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            v4, v6 = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"))
            return [*v4, *v6]

    async def _ask(self, host: str, kind: str) -> list[str]:
        try:
            found = await self.names.resolve(host, kind, raise_on_no_answer=False, lifetime=CONNECT_SECONDS)
        except dns.exception.DNSException:
            return []
        return [record.to_text() for record in found]


def system_names() -> Names:
    """The name servers of /etc/resolv.conf; none where there is no such file: then no name is known."""
    try:
        return Names()
    except dns.resolver.NoResolverConfiguration:
        return Names(configure=False)


async def _first(addresses: list[str], port: int) -> socket.socket:
    """A socket that is connected. Raises the problem that the last address had."""
    *others, last = addresses
    for address in others:
        try:
            async with asyncio.timeout(CONNECT_SECONDS / 2 / len(others)):
                return await _socket(address, port)
        except OSError:  # a timeout is one
            continue
    return await _socket(last, port)


async def _socket(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made
