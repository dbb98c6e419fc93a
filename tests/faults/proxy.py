"""A way to PostgreSQL that a test can make slow, cut, or close; in particular between COMMIT and its answer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from services.devstack import processes
from tests import stack

COMMITTING = (b"COMMIT", b"locked AS MATERIALIZED", b"_pg3_")
"""What commits: the word, and a claim or settlement in autocommit, as text or as a statement that psycopg prepared."""


class Proxy:
    """Passes bytes between clients and a server on this machine, and does it badly when told to."""

    def __init__(self, background: stack.Background, server_url: str) -> None:
        parts = urlsplit(server_url)
        assert parts.hostname
        assert parts.port
        self._background, self._server = background, (parts.hostname, parts.port)
        self.port = processes.free_port()
        self.url = server_url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{self.port}")
        self.delay = 0.0
        """Seconds by which each piece is late, either way."""
        self.commits_unanswered = 0
        """So many COMMITs, claims and settlements reach the server from now on, and their clients never hear of it."""
        self.cut_commits = 0
        """How many of those there have been."""
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._listening: asyncio.Server | None = None

    def open(self) -> None:
        """Listen."""
        self._background.run(self._open())

    def close(self) -> None:
        """Cut everyone off and refuse connections, as a server that is away."""
        self._background.run(self._close())

    def cut(self) -> None:
        """Cut everyone off; who connects again is served."""
        self._background.run(self._cut())

    async def _open(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        await self._cut()

    async def _cut(self) -> None:
        for pair in list(self._pairs):
            _abort(*pair)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(*self._server)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, to_server)
        self._pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, to_server, pair, asks=True))
                group.create_task(self._pass_on(from_server, writer, pair, asks=False))
        finally:
            _abort(*pair)
            self._pairs.discard(pair)

    async def _pass_on(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
        *,
        asks: bool,
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                unanswered = asks and self.commits_unanswered > 0 and any(mark in data for mark in COMMITTING)
                if unanswered:
                    self.commits_unanswered -= 1
                    self.cut_commits += 1
                    pair[0].transport.abort()
                target.write(data)
                await target.drain()
                if unanswered:
                    await asyncio.sleep(0.2)  # long enough for the server to have committed
                    break
        _abort(*pair)


@contextmanager
def proxy_to(background: stack.Background, server_url: str) -> Iterator[Proxy]:
    """A proxy that listens."""
    proxy = Proxy(background, server_url)
    proxy.open()
    try:
        yield proxy
    finally:
        proxy.close()


def _abort(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.transport.abort()
