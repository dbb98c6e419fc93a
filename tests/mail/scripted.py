"""A relay of few lines that says what its script tells, cuts its answers anywhere, and lies about PIPELINING.

The sink of the devstack is a relay as they should be. This one is what they can be; it writes down what it got, and
what no client may do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, cast

Lie = Literal["", "first-only", "flush-after-body", "hang-up", "refuse"]
"""`first-only`: of what comes at once only the first command is read. `flush-after-body`: what came behind a body is
forgotten. `hang-up`: a group of commands ends the connection. `refuse`: with 554, as Exim does."""


@dataclass
class Script:
    """What the relay does. `answer(stage, number)`: the whole reply for the mail of this number (from 0, in the order
    of MAIL over all connections); None: the conversation stands still there, until `wake`; b"": the connection ends.
    `cut`: sizes of the pieces that it writes.
    """

    answer: Callable[[str, int], bytes | None] = lambda stage, _: b"354 go\r\n" if stage == "DATA" else b"250 ok\r\n"
    cut: Callable[[], int] | None = None
    lie: Lie = ""
    careless: bool = False
    """Says 354 although it took no recipient, as RFC 2920 §3.1 warns."""
    extensions: tuple[str, ...] = ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME")
    port: int = 0
    mails: int = 0
    kept: list[tuple[str, bytes]] = field(default_factory=list)
    conversations: list[list[str]] = field(default_factory=list)
    offences: list[str] = field(default_factory=list)
    largest_group: int = 0
    transports: list[asyncio.Transport] = field(default_factory=list)
    asleep: "list[Conversation]" = field(default_factory=list)

    def wake(self) -> None:
        """Ask for the answers anew where it stood still."""
        asleep, self.asleep = self.asleep, []
        for conversation in asleep:
            conversation.go_on()


class Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(self, script: Script) -> None:
        self.script, self.heard = script, list[str]()
        script.conversations.append(self.heard)
        self.buffer = b""
        self.body: bytes | None = None
        self.sender, self.recipient, self.number = "", "", -1
        self.over = False
        self.waking: Callable[[], object] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.script.transports.append(self.transport)
        self.say(b"220 scripted\r\n")

    def data_received(self, data: bytes) -> None:
        commands = data.count(b"\r\n") if self.body is None else 0
        self.script.largest_group = max(self.script.largest_group, commands)
        if commands > 1 and self.script.lie == "hang-up":
            self.transport.abort()
            return
        if commands > 1 and self.script.lie == "first-only":
            data = data[: data.index(b"\r\n") + 2]
        self.buffer += data
        self.converse()

    def converse(self) -> None:
        while not self.over and self.waking is None:
            if not (self.take_body() if self.body is not None else self.take_command()):
                return

    def go_on(self) -> None:
        """Answer what was not answered."""
        again, self.waking = self.waking, None
        if again is not None and not self.transport.is_closing():
            again()
            self.converse()

    def take_command(self) -> bool:
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        if rest and self.script.lie == "refuse":
            self.say(b"554 SMTP synchronization error\r\n")
            self.transport.close()
            self.over = True
            return False
        command = line.decode()
        self.heard.append(command)
        getattr(self, f"on_{command[:4].lower()}", self.on_other)(command)
        return True

    def take_body(self) -> bool:
        content = b"\r\n" + self.buffer
        end = content.find(b"\r\n.\r\n")
        if end < 0:
            return False
        body, self.buffer = content[2 : end + 2], content[end + 5 :]
        if self.script.lie == "flush-after-body":
            self.buffer = b""
        self.heard.append(f"({len(body)} bytes)")
        if body and not self.recipient:
            self.script.offences.append("a body without a recipient")
        if not body and self.recipient:
            self.script.offences.append("an empty mail")
        self.body = None
        self.judge(body)
        return True

    def judge(self, body: bytes) -> None:
        said = self.reply("BODY", lambda: self.judge(body)) if self.recipient else b""
        if said == b"2":
            self.script.kept.append((self.recipient, body.replace(b"\r\n..", b"\r\n.")))
        elif not self.recipient:
            self.say(b"554 5.5.1 nobody to send this to\r\n")
        if self.waking is None:
            self.sender = self.recipient = ""

    def on_ehlo(self, _: str) -> None:
        lines = ["scripted", *self.script.extensions]
        self.say("".join(f"250-{line}\r\n" for line in lines[:-1]).encode() + f"250 {lines[-1]}\r\n".encode())

    def on_mail(self, command: str) -> None:
        if self.sender:
            self.script.offences.append("MAIL in a mail")
        self.number, self.script.mails = self.script.mails, self.script.mails + 1
        self.recipient = ""
        if self.reply("MAIL") == b"2":
            self.sender = command

    def on_rcpt(self, command: str) -> None:
        if not self.sender:
            self.say(b"503 5.5.1 MAIL first\r\n")
        elif self.reply("RCPT") == b"2":
            self.recipient = command.partition("<")[2].partition(">")[0]

    def on_data(self, _: str) -> None:
        if not self.recipient and not (self.script.careless and self.sender):
            self.say(b"503 5.5.1 RCPT first\r\n")
        elif not self.recipient:
            self.say(b"354 go\r\n")
            self.body = b""
        elif self.reply("DATA") == b"3":
            self.body = b""

    def on_rset(self, _: str) -> None:
        self.sender = self.recipient = ""
        self.say(b"250 forgotten\r\n")

    def on_noop(self, _: str) -> None:
        self.say(b"250 ok\r\n")

    def on_quit(self, _: str) -> None:
        self.say(b"221 bye\r\n")
        self.transport.close()
        self.over = True

    def on_other(self, command: str) -> None:
        self.script.offences.append(f"no command: {command[:40]!r}")
        self.say(b"500 what?\r\n")

    def reply(self, stage: str, again: Callable[[], object] = lambda: None) -> bytes:
        """Say what the script says; the first digit of the first reply in it. `again`: done on waking."""
        said = self.script.answer(stage, self.number)
        if said is None:
            self.waking = again
            self.script.asleep.append(self)
            return b""
        self.say(said)
        if not said or b"\n421" in b"\n" + said:
            self.transport.close()
            self.over = True
        last = next((line for line in said.split(b"\n") if line[3:4] != b"-"), b"")
        return last[:1]

    def say(self, data: bytes) -> None:
        while self.script.cut is not None and len(data) > (size := self.script.cut()):
            self.transport.write(data[:size])
            data = data[size:]
        self.transport.write(data)


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Script]:
    """The relay of this script, running."""
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(script), "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()
