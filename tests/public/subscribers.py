"""Subscribers for tests of the hub: real HTTP servers, well-behaved until told otherwise; and name servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rrset
from aiohttp import web

from services.public.hub_connect import Names

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Sent:
    """A delivery, as the subscriber got it."""

    body: bytes
    headers: Mapping[str, str]
    query: str


@dataclass
class Subscriber:
    """`asked` holds the queries of verifications and denials; `sent` the deliveries. `status` answers deliveries.

    `confirm` and `take` may be replaced by whatever misbehaves.
    """

    url: str
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    status: int = 204
    confirm: Handler | None = None
    take: Handler | None = None

    @property
    def bodies(self) -> list[bytes]:
        """What was delivered."""
        return [each.body for each in self.sent]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            self.asked.append(dict(request.query))
            if self.confirm:
                return await self.confirm(request)
            return web.Response(text=request.query.get("hub.challenge", ""))
        self.sent.append(Sent(await request.read(), dict(request.headers), request.rel_url.raw_query_string))
        return await self.take(request) if self.take else web.Response(status=self.status)


@asynccontextmanager
async def subscriber(host: str = "127.0.0.1", port: int = 0, path: str = "/hook") -> AsyncIterator[Subscriber]:
    """A subscriber that listens."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    made = Subscriber("")
    app.router.add_route("*", "/{any:.*}", made.answer)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    made.url = f"http://{host}:{runner.addresses[0][1]}{path}"
    try:
        yield made
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(talk: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Whatever `talk` writes to a request's head; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(await reader.readuntil(b"\r\n\r\n"), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


@dataclass
class NameServer:
    """A name server on a real socket: every name has `addresses` (IPv4), or, while they are empty, no answer comes."""

    names: Names
    addresses: list[str]
    asked: int = 0


@asynccontextmanager
async def name_server(*addresses: str) -> AsyncIterator[NameServer]:
    """A name server, and the `names` that asks it."""
    names = Names(configure=False)
    made = NameServer(names, list(addresses))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Answers(made), local_addr=("127.0.0.1", 0)
    )
    names.nameservers = ["127.0.0.1"]
    names.port = transport.get_extra_info("sockname")[1]
    try:
        yield made
    finally:
        transport.close()


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.asked += 1
        if not self._server.addresses:
            return
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if question.question[0].rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(question.question[0].name, 0, "IN", "A", *self._server.addresses))
        self._transport.sendto(answer.to_wire(), addr)
