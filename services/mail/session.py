"""One conversation with the relay, and the seam for other ways to hold it.

aiosmtplib opens the connection (TLS, EHLO, AUTH). The commands of a mail are given one by one here and not by its
`sendmail`, because what became of a mail depends on how far it had come when the connection was lost.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

import aiosmtplib
from aiosmtplib import SMTPException

from services.mail.replies import Reply, Stage, Verdict, enhanced_code

CHECK_SECONDS: Final = 2.0
"""A connection that does not answer NOOP in this time is replaced."""


@dataclass(slots=True)
class Mail:
    """One mail on its way. Addresses were checked; `content` has CRLF line ends.

    `handed_over` is set by the session before the end of the body can leave this machine. From then on, only an
    answer tells whether the relay has it. `may_go` is asked once more before that: a slow relay may take longer over
    the envelope than a stop allows.
    """

    sender: str
    recipient: str
    content: bytes
    may_go: Callable[[], bool] = lambda: True
    handed_over: bool = False


class SessionLost(Exception):
    """The connection broke before an answer was read. `stage` is what was to be answered."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.name)
        self.stage = stage


class Withheld(Exception):
    """The mail may not go any more, and nothing of it was handed over."""


class Session(Protocol):
    """A connection to the relay that is ready for mail. Every implementation passes the same suite."""

    sent: int
    """Mails that the relay answered."""

    @property
    def usable(self) -> bool:
        """Whether another mail can be sent."""
        ...

    async def send(self, mail: Mail) -> Reply:
        """Send one mail and return the answer that decided. Raises SessionLost, and Withheld for one that may not go.

        Unusable after a cancellation.
        """
        ...

    async def answers(self) -> bool:
        """Whether the relay still answers on this connection."""
        ...

    async def takes_from(self, sender: str) -> Reply:
        """The relay's answer to this sender, without sending anything. Raises SessionLost."""
        ...

    async def close(self) -> None:
        """Take leave."""
        ...

    def abort(self) -> None:
        """Drop the connection."""
        ...


class PlainSession:
    """One command after the other, by aiosmtplib."""

    def __init__(self, client: aiosmtplib.SMTP, *, answer_seconds: float) -> None:
        self.sent = 0
        self._client = client
        self._answer_seconds = answer_seconds
        self._size = client.supports_extension("size")

    @property
    def usable(self) -> bool:
        """Whether another mail can be sent."""
        return self._client.is_connected

    async def send(self, mail: Mail) -> Reply:
        """Send one mail and return the answer that decided."""
        try:
            reply = await self._converse(mail)
        except BaseException:  # cancelled in mid-command too: the next answer would be for the wrong question
            self.abort()
            raise
        self.sent += 1
        if reply.verdict in {Verdict.CLOSING, Verdict.OUT_OF_STEP}:
            self.abort()
        elif reply.stage is not Stage.BODY:
            await self._reset()
        return reply

    async def answers(self) -> bool:
        """Whether the relay still answers on this connection."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return (await self._command(Stage.MAIL, "NOOP")).code == 250
        except (SessionLost, TimeoutError):
            self.abort()
            return False

    async def takes_from(self, sender: str) -> Reply:
        """The relay's answer to this sender, without sending anything."""
        reply = await self._command(Stage.MAIL, f"MAIL FROM:<{sender}>")
        if self.usable:
            await self._reset()
        return reply

    async def close(self) -> None:
        """Take leave."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._client.quit()
        except (SMTPException, OSError):
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        """Drop the connection."""
        if self._client.transport is not None:
            cast(asyncio.WriteTransport, self._client.transport).abort()
        self._client.close()

    async def _converse(self, mail: Mail) -> Reply:
        size = f" SIZE={len(mail.content)}" if self._size else ""  # RFC 1870: refused before it travels
        for stage, command in (
            (Stage.MAIL, f"MAIL FROM:<{mail.sender}>{size}"),
            (Stage.RCPT, f"RCPT TO:<{mail.recipient}>"),
            (Stage.DATA, "DATA"),
        ):
            reply = await self._command(stage, command)
            if reply.verdict is not Verdict.GO_ON:
                return reply
        return await self._body(mail)

    async def _command(self, stage: Stage, command: str) -> Reply:
        try:
            code, text = await self._client.execute_command(command.encode("ascii"))
        except (SMTPException, OSError):  # gone, silent, or it speaks no SMTP; its text may hold an address
            self.abort()
            raise SessionLost(stage) from None
        return Reply(stage, code, enhanced_code(text))

    async def _body(self, mail: Mail) -> Reply:
        protocol = self._client.protocol
        if protocol is None or not protocol.is_connected:
            raise SessionLost(Stage.DATA)
        if not mail.may_go():  # the relay waits for a body: only the end of the connection says that none comes
            raise Withheld
        mail.handed_over = True
        try:
            protocol.write(stuffed(mail.content))
            code, text = await protocol.read_response(timeout=self._answer_seconds)
        except (SMTPException, OSError):
            raise SessionLost(Stage.BODY) from None
        reply = Reply(Stage.BODY, code, enhanced_code(text))
        if reply.verdict is Verdict.OUT_OF_STEP:
            raise SessionLost(Stage.BODY)
        return reply

    async def _reset(self) -> None:
        try:
            if (await self._command(Stage.MAIL, "RSET")).code != 250:
                self.abort()
        except SessionLost:  # the mail has its answer; the next one gets another connection
            pass


def stuffed(content: bytes) -> bytes:
    """A mail as DATA wants it: dots doubled at the start of lines, and the lone dot (RFC 5321 §4.5.2)."""
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if b"\r\n." in content or content.startswith(b"."):
        content = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    return content + b".\r\n"
