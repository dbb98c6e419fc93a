"""Relays as no library would make them: each conversation is a script over a raw socket, and what it takes is kept.

The mail worker under test is another process and reaches them over TCP. A kind of relay is a subclass of `Talk` that
says differently what its docstring says; everything else is as RFC 5321 has it.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.devstack import maildir

_PATH = re.compile(rb"<([^>]*)>")


@dataclass
class Relay:
    """Takes connections, and remembers what was said. `kind` makes the conversations."""

    folder: Path
    kind: "Callable[[Relay], Talk]"
    port: int = 0
    talks: "list[Talk]" = field(default_factory=list)
    kept: list[tuple[float, str]] = field(default_factory=list)
    """When (`time.time()`) which recipient's mail was kept."""
    server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, scheme: str = "smtp", login: str = "") -> str:
        """For ROELAND_SMTP_URL."""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def taken(self) -> int:
        """How many mails were kept."""
        return len(self.kept)

    def standing(self) -> int:
        """How many connections stand."""
        return len(self._tasks)

    async def listen(self) -> None:
        """Take connections."""
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, limit=2**26)
        self.port = self.server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Refuse connections, and drop those that stand."""
        if self.server is not None:
            self.server.close()
        self.server = None
        self.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hang_up(self) -> None:
        """Drop the connections that stand, without a word."""
        for talk in self.talks:
            talk.cut()

    def keep(self, talk: "Talk", content: bytes) -> None:
        """A mail was taken."""
        maildir.keep(self.folder, talk.sender, talk.recipients, content)
        self.kept += [(time.time(), recipient) for recipient in talk.recipients]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = self.kind(self)
        talk.reader, talk.writer, talk.number = reader, writer, len(self.talks) + 1
        self.talks.append(talk)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, EOFError, asyncio.LimitOverrunError):
                await talk.run()
        finally:
            self._tasks.discard(task)
            talk.cut()


@asynccontextmanager
async def relay(folder: Path, kind: "Callable[[Relay], Talk]") -> AsyncIterator[Relay]:
    """A relay of this kind, on a port of its own, that keeps mails in this maildir."""
    made = Relay(maildir.make(folder), kind)
    await made.listen()
    try:
        yield made
    finally:
        await made.vanish()


class Talk:
    """One conversation, as the RFCs have it, with PIPELINING."""

    extensions: tuple[str, ...] = ("PIPELINING", "SIZE 33554432", "8BITMIME", "ENHANCEDSTATUSCODES")
    end = b"\r\n"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.mails = 0
        self.greeted = False

    async def run(self) -> None:
        """Greet, then answer until the end."""
        await self.greet()
        while line := await self.reader.readline():
            words = line.strip().split(maxsplit=1) or [b""]
            verb = words[0].upper().decode("ascii", "replace")
            if await self.answer(verb, line):
                return

    async def answer(self, verb: str, line: bytes) -> bool:
        """Answer one command; True ends the conversation."""
        act: dict[str, Any] = {
            "EHLO": self.ehlo, "HELO": self.helo, "MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data,
            "RSET": self.rset, "NOOP": self.noop, "QUIT": self.quit,
        }  # fmt: skip
        return bool(await act.get(verb, self.unknown)(line))

    async def say(self, *lines: str) -> None:
        """Send a reply of one or more lines, each as it stands."""
        self.writer.write(b"".join(line.encode("utf-8", "surrogateescape") + self.end for line in lines))
        await self.writer.drain()

    async def greet(self) -> None:
        """The first word."""
        await self.say("220 relay.example ESMTP")

    async def ehlo(self, line: bytes) -> bool | None:
        """What the relay can do."""
        self.greeted = True
        words = ["relay.example", *self.extensions]
        await self.say(*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}")
        return None

    async def helo(self, line: bytes) -> bool | None:
        """The old greeting."""
        await self.say("250 relay.example")
        return None

    async def mail(self, line: bytes) -> bool | None:
        """A mail begins."""
        self.forget()
        self.sender = _address(line)
        await self.say("250 2.1.0 ok")
        return None

    async def rcpt(self, line: bytes) -> bool | None:
        """Its recipient."""
        if self.sender is None:
            await self.say("503 5.5.1 MAIL first")
        else:
            self.recipients.append(_address(line))
            await self.say("250 2.1.5 ok")
        return None

    async def data(self, line: bytes) -> bool | None:
        """The mail itself."""
        if not self.recipients:
            await self.say("503 5.5.1 RCPT first")
            return None
        await self.say("354 go on")
        content = await self.body()
        return await self.after_body(content)

    async def body(self) -> bytes:
        """All up to the lone dot."""
        lines: list[bytes] = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    async def after_body(self, content: bytes) -> bool | None:
        """Keep it and say so."""
        self.take(content)
        await self.say("250 2.0.0 kept")
        return None

    def take(self, content: bytes) -> None:
        """Keep the mail."""
        self.mails += 1
        self.relay.keep(self, content)
        self.forget()

    def forget(self) -> None:
        """No mail is under way."""
        self.sender, self.recipients = None, []

    async def rset(self, line: bytes) -> bool | None:
        """Forget the mail under way."""
        self.forget()
        await self.say("250 2.0.0 ok")
        return None

    async def noop(self, line: bytes) -> bool | None:
        """Still here."""
        await self.say("250 2.0.0 ok")
        return None

    async def quit(self, line: bytes) -> bool | None:
        """The end."""
        await self.say("221 2.0.0 bye")
        return True

    async def unknown(self, line: bytes) -> bool | None:
        """Anything else."""
        await self.say("502 5.5.1 not here")
        return None

    def leave(self) -> None:
        """End an idle conversation with a word, as RFC 5321 §3.8 has it."""
        self.writer.write(b"421 4.4.2 idle for too long" + self.end)
        self.writer.close()

    def fall_silent(self) -> None:
        """The connection stands, and nothing comes through any more: a firewall that forgot it."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def early(self) -> bytes:
        """Take away what was sent before we answered, as relays that know nothing of pipelining do."""
        buffer: bytearray = self.reader._buffer  # type: ignore[attr-defined]
        found = bytes(buffer)
        buffer.clear()
        return found

    def cut(self) -> None:
        """Drop the connection without a word."""
        self.writer.transport.abort()


def _address(line: bytes) -> str:
    found = _PATH.search(line)
    return found[1].decode("ascii", "replace") if found else ""
