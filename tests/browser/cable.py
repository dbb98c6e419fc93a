"""The line between a browser and the console, which a test cuts and mends: no answer, no refusal, as on a train.

with cable_to(site.url, background) as cable:
    …goto(cable.url)…
    await cable.cut()
    await cable.mend()              # or: cable.mend(another.url), a console that was started anew
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.stack import Background


class Cable:
    """What listens in place of the console."""

    def __init__(self, console: str) -> None:
        self._console = console
        self._port = 0
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The console's address, through the cable."""
        return f"http://127.0.0.1:{self._port}"

    async def mend(self, console: str | None = None) -> None:
        """It works again; `console`: another one stands there now."""
        self._console = console or self._console
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Nothing goes through any more, and whoever tries finds nobody."""
        if self._server:
            self._server.close()
        for each in list(self._ends):
            each.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to = urlsplit(self._console)
        there, away = await asyncio.open_connection(to.hostname, to.port)
        self._ends |= {writer, away}
        with suppress(OSError):
            await asyncio.gather(self._pass(reader, away), self._pass(there, writer))
        self._ends -= {writer, away}

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while some := await source.read(65536):
            sink.write(some)
            await sink.drain()
        sink.close()


@contextmanager
def cable_to(console: str, background: Background) -> Iterator[Cable]:
    """One that works, to this console."""
    cable = Cable(console)
    background.run(cable.mend())
    try:
        yield cable
    finally:
        background.run(cable.cut())
