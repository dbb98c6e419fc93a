"""One command after the other, by aiosmtplib: for relays that do not announce PIPELINING.

The commands of a mail are given one by one and not by its `sendmail`, because what became of a mail depends on how
far it had come when the connection was lost.
"""

import asyncio
from typing import Any, cast

import aiosmtplib
from aiosmtplib import SMTPException

from services.mail.envelope import Unsendable, announced, body, continues, mail_from
from services.mail.replies import Reply, Stage, Verdict, enhanced_code
from services.mail.session import CHECK_SECONDS, SILENT_SECONDS, Mail, SessionLost, Source


class PlainSession:
    """A session without pipelining."""

    def __init__(self, client: aiosmtplib.SMTP, *, answer_seconds: float) -> None:
        self.sent = 0
        self._client = client
        self._answer_seconds = answer_seconds
        self._announced = announced(client)
        self._invitation = ""  # the MAIL by which the relay has begun a mail that did not come yet

    @property
    def usable(self) -> bool:
        """Whether another mail can be sent."""
        return self._client.is_connected

    @property
    def excused(self) -> bool:
        """Whether it has served."""
        return self.sent > 0

    @property
    def invited(self) -> bool:
        """Whether the relay has let a mail begin here, and none has come yet."""
        return bool(self._invitation)

    async def carry(self, source: Source[Any]) -> None:
        """Send what `source` gives."""
        while self.usable and (mail := source.next()) is not None:
            try:
                await self._send(mail, source)
            except BaseException:  # cancelled in mid-command too: the next answer would be for the wrong question
                self.abort()
                raise

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
        if self._invitation:
            return Reply(Stage.MAIL, 250)
        command = f"MAIL FROM:<{sender}>"
        reply = await self._command(Stage.MAIL, command)
        if reply.verdict is Verdict.GO_ON:
            self._invitation = command
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

    async def _send(self, mail: Mail, source: Source[Any]) -> None:
        stage = Stage.MAIL
        try:
            command = mail_from(mail.sender, mail.recipient, mail.content, self._announced)
            commands = [(Stage.MAIL, command), (Stage.RCPT, f"RCPT TO:<{mail.recipient}>"), (Stage.DATA, "DATA")]
            if self._invitation and continues(command, mail.content, self._invitation):
                del commands[0]
            elif self._invitation:
                await self._reset()
            self._invitation = ""
            for stage, line in commands:
                reply = await self._command(stage, line)
                if reply.verdict is not Verdict.GO_ON:
                    break
            else:
                if not source.may_go(mail):  # the relay waits: only the end of the connection says that no body comes
                    self.abort()
                    source.withheld(mail)
                    return
                stage = Stage.BODY
                reply = await self._body(mail, source)
        except Unsendable as unsendable:
            source.unsendable(mail, unsendable.reason)
        except SessionLost as lost:
            self.abort()
            source.lost(mail, lost.stage)
        except BaseException:
            self.abort()
            source.lost(mail, stage)
            raise
        else:
            await self._decided(mail, reply, source)

    async def _decided(self, mail: Mail, reply: Reply, source: Source[Any]) -> None:
        source.answered(mail, reply)
        self.sent += 1
        if reply.verdict in {Verdict.CLOSING, Verdict.OUT_OF_STEP}:
            self.abort()
        elif reply.stage is not Stage.BODY:
            await self._reset()

    async def _command(self, stage: Stage, command: str) -> Reply:
        if self._too_much():
            self.abort()
            raise SessionLost(stage)
        try:
            code, text = await self._client.execute_command(command.encode())
        except (SMTPException, OSError):  # gone, silent, or it speaks no SMTP; its text may hold an address
            self.abort()
            raise SessionLost(stage) from None
        except BaseException:  # cancelled in mid-command: the next answer would be for the wrong question
            self.abort()
            raise
        if not 200 <= code < 600:
            self.abort()
            raise SessionLost(stage)
        return Reply(stage, code, enhanced_code(code, text))

    def _too_much(self) -> bool:
        """Whether the relay has said more than it was asked: aiosmtplib would take it for the next answer."""
        protocol = self._client.protocol
        return protocol is not None and len(protocol._buffer) > 0

    async def _body(self, mail: Mail, source: Source[Any]) -> Reply:
        protocol = self._client.protocol
        if protocol is None or not protocol.is_connected or self._too_much():
            raise SessionLost(Stage.DATA)
        source.opening(mail)
        mail.handed_over = True
        silence = asyncio.get_running_loop().call_later(SILENT_SECONDS, source.silent, None)
        try:
            protocol.write(body(mail.content, dotless=mail.dotless))
            code, text = await protocol.read_response(timeout=self._answer_seconds)
        except (SMTPException, OSError):
            raise SessionLost(Stage.BODY) from None
        finally:
            silence.cancel()
        reply = Reply(Stage.BODY, code, enhanced_code(code, text))
        if reply.verdict is Verdict.OUT_OF_STEP:
            raise SessionLost(Stage.BODY)
        return reply

    async def _reset(self) -> None:
        self._invitation = ""
        try:
            if (await self._command(Stage.MAIL, "RSET")).code != 250:
                self.abort()
        except SessionLost:  # the mail has its answer; the next one gets another connection
            pass
