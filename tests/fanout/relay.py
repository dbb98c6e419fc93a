"""A relay that writes down every line it gets, and a PostgreSQL proxy that can be cut; both real sockets."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit


class Relay:
    """What was handed over, by sequence; `answers` says whether the next one is answered, `seconds` after how long."""

    def __init__(self) -> None:
        self.got: Counter[int] = Counter()
        self.answered: Counter[int] = Counter()
        self.answers: Callable[[], bool] = lambda: True
        self.seconds = 0.005
        self.port = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while line := await reader.readline():
                self.got[int(line)] += 1
                await asyncio.sleep(self.seconds)
                if self.answers():
                    self.answered[int(line)] += 1
                    writer.write(b"ok\n")
                    await writer.drain()
        writer.close()

    @property
    def second_copies(self) -> int:
        """How many lines came again."""
        return sum(self.got.values()) - len(self.got)


@contextlib.asynccontextmanager
async def relay() -> AsyncIterator[Relay]:
    """A relay that listens while inside."""
    here = Relay()
    server = await asyncio.start_server(here.take, "127.0.0.1", 0)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()


class Proxy:
    """PostgreSQL behind a wire that can be cut. `cut_after` sees what a client sends, and on which connection it does:
    if true, the server still gets it and no answer comes back."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 5432
        self._url, self.open = url, True
        self._server: asyncio.Server | None = None
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self.cut_after: Callable[[bytes, object], bool] = lambda _, __: False

    @property
    def url(self) -> str:
        """The database through this wire."""
        assert self._server
        port = self._server.sockets[0].getsockname()[1]
        return self._url.replace(f"{self._host}:{self._port}", f"127.0.0.1:{port}", 1)

    def cut(self) -> None:
        """Nothing comes through any more."""
        self.open = False
        for pair in self._pairs:
            for end in pair:
                end.close()

    async def serve(self) -> None:
        """Begin."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.close()
            return
        there, to_there = await asyncio.open_connection(self._host, self._port)
        pair = (writer, to_there)
        self._pairs.add(pair)
        cut = asyncio.Event()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.wait(
                {
                    asyncio.create_task(self._forth(reader, to_there, cut)),
                    asyncio.create_task(self._back(there, writer, cut)),
                },
                return_when=asyncio.FIRST_COMPLETED,
            )
        self._pairs.discard(pair)
        for end in pair:
            end.close()

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if self.cut_after(data, writer):
                cut.set()
            writer.write(data)

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if cut.is_set():  # the server did it; nobody hears of it
                return
            writer.write(data)


@contextlib.asynccontextmanager
async def proxy(url: str) -> AsyncIterator[Proxy]:
    """A wire to this database while inside."""
    here = Proxy(url)
    await here.serve()
    try:
        yield here
    finally:
        here.cut()


@contextlib.contextmanager
def worker(
    port: int, env: dict[str, str], log: Path, *, connections: int = 5, limit: int = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker process; killed on leaving. Its log is in a file."""
    command = [
        sys.executable,
        "-m",
        "tests.fanout.child",
        str(port),
        str(connections),
        *([str(limit)] if limit else []),
    ]
    with log.open("ab") as out, subprocess.Popen(command, env={**os.environ, **env}, stderr=out) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
