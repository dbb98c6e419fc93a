"""Calling subscribers over HTTP/1.1: as little of it as a hub needs, for whoever answers is a stranger.

A request, the status of its answer, and of a verification a few bytes more. No redirect is followed, no cookie kept, no
proxy used, nothing decompressed, and no byte is looked at that is not needed: a client that reads whole answers can be
kept busy by one that never ends, such as of a hundred thousand interim answers (aiohttp reads these).
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from io import BytesIO
from typing import Final

from yarl import URL

from services.public.hub_connect import Line, Names, NoAnswer, Streams, system_names
from services.runtime.open_addresses import is_open

CALL_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 1.0

CALLS: Final = 64
"""Deliveries at once, in this copy of `public`."""

AGENT: Final = "Roeland (WebSub hub)"

_INTERIM: Final = 4
"""Answers of 1xx before the real one (RFC 9110 §15.2); no client needs as many."""

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: `body` is no longer than was asked for, and may be cut anywhere."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Caller:
    """Requests, and what came of them. All raise `NoAnswer`."""

    def __init__(
        self,
        *,
        anywhere: bool,
        names: Names | None = None,
        may: Callable[[str], bool] | None = None,
        agent: str = AGENT,
    ) -> None:
        """`anywhere`: also inside our own network; `may`: to which addresses instead.

        `names`: asked instead of the system's name servers.
        """
        may = may or ((lambda _: True) if anywhere else is_open)
        self._line = Line(may, names or system_names(), ssl.create_default_context())
        self._agent = agent

    async def get(self, url: str, *, most: int = 0) -> tuple[int, bytes]:
        """The status, and the body up to one byte more than `most`."""
        return await self._call("GET", url, {}, b"", most)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status; what else is answered is not looked at (§7)."""
        status, _ = await self._call("POST", url, {**headers, "Content-Length": str(len(body))}, body, 0)
        return status

    async def exchange(self, url: str, body: bytes, headers: Mapping[str, str], *, most: int) -> Answered:
        """A POST, and the beginning of what is answered. However the body of the answer ends, its status counts."""
        async with self._told(url) as (target, reader, writer):
            length = {"Content-Length": str(len(body))}
            writer.write(_head("POST", target, {"User-Agent": self._agent, **headers, **length}) + body)
            status, head = await _answer(reader)
            return Answered(status, dict(parse_headers(BytesIO(head))), await _beginning(reader, head, most))

    async def _call(
        self, method: str, text: str, headers: Mapping[str, str], body: bytes, most: int
    ) -> tuple[int, bytes]:
        async with self._told(text) as (url, reader, writer):
            writer.write(_head(method, url, headers) + body)  # it goes out while the answer is waited for
            status, head = await _answer(reader)
            return status, await _body(reader, head, most + 1) if most else b""

    @asynccontextmanager
    async def _told(self, text: str) -> AsyncIterator[tuple[URL, asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection; whatever goes wrong on it is `NoAnswer`, in a few words."""
        try:
            url = URL(text, encoded=True)
            async with self._connected(url) as (reader, writer):
                yield url, reader, writer
        except TimeoutError:
            raise NoAnswer("timeout") from None
        except ssl.SSLCertVerificationError:
            raise NoAnswer("no trusted certificate") from None
        except OSError:
            raise NoAnswer("no connection") from None
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, HTTPException, ValueError):
            raise NoAnswer("no answer") from None

    @asynccontextmanager
    async def _connected(self, url: URL) -> AsyncIterator[Streams]:
        """A connection for as long as a call may take. How it ends says nothing of what was answered."""
        async with asyncio.timeout(CALL_SECONDS) as limit:
            streams = await self._line.connect(url.raw_host or "", url.port or 0, secure=url.scheme == "https")
            try:
                yield streams
                limit.reschedule(None)
                await _close(streams[1])
            finally:
                streams[1].transport.abort()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Send what is left: some answer before they have read all."""
    with suppress(OSError):  # a timeout is one
        async with asyncio.timeout(CLOSE_SECONDS):
            writer.close()
            await writer.wait_closed()


def _head(method: str, url: URL, headers: Mapping[str, str]) -> bytes:
    fields = {
        "Host": url.host_port_subcomponent or "", "User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity",
        "Connection": "close", **headers,
    }  # fmt: skip
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The status, and the head without its first line."""
    for _ in range(_INTERIM + 1):
        head = await reader.readuntil(b"\r\n\r\n")
        found = _STATUS.match(head)
        if found is None:
            raise ValueError("no status")
        if found[1] >= b"200" or found[1] == b"101":
            return int(found[1]), head[found.end() :]
    raise ValueError("too many interim answers")


async def _body(reader: asyncio.StreamReader, head: bytes, most: int) -> bytes:
    """The first `most` bytes, however they are framed (RFC 9112 §6)."""
    headers = parse_headers(BytesIO(head))
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return await _chunks(reader, most)
    length = headers.get("Content-Length", "")
    return await _up_to(reader, min(most, int(length)) if length else most)


async def _beginning(reader: asyncio.StreamReader, head: bytes, most: int) -> bytes:
    """As much of the body as comes soon, and no more than `most`; nothing of one that is wrong."""
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, HTTPException, ValueError):
        async with asyncio.timeout(CLOSE_SECONDS):
            return (await _body(reader, head, most))[:most]
    return b""


async def _chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    body = b""
    while len(body) < most:
        size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
        if size <= 0:
            break
        body += await _up_to(reader, min(size, most - len(body)))
        if len(body) < most:
            await reader.readexactly(2)
    return body


async def _up_to(reader: asyncio.StreamReader, most: int) -> bytes:
    body = b""
    while len(body) < most and (piece := await reader.read(most - len(body))):
        body += piece
    return body
