"""Pipelined (RFC 2920): the next mail's MAIL, RCPT and DATA travel with the present body.

Per mail one write and, as a rule, one read; no task, future or timer per mail. At most one body is unanswered per
connection, so that little is in doubt when it breaks. Where the relay has not proved that it can (`trust.py`), the
same conversation is held one command at a time.

Everything is written while nothing is awaited; so what is written at once is one group, whose answers come in order.
"""

import asyncio
from collections import deque
from typing import Any, Final

from services.mail.envelope import Announced, Unsendable, body, continues, mail_from
from services.mail.framing import Framing
from services.mail.replies import Reply, Stage, Verdict, read_reply
from services.mail.session import CHECK_SECONDS, SILENT_SECONDS, Mail, SessionLost, Source
from services.mail.silence import Silence
from services.mail.trust import Trust

AT_ONCE: Final = 65_536
"""Bytes. Of a larger mail the end is kept back until the rest has left: without it, the relay cannot have the mail."""
KEPT_BACK: Final = 512

_MAIL, _RCPT, _DATA, _BODY = Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY
_GO_ON, _CLOSING, _OUT_OF_STEP = Verdict.GO_ON, Verdict.CLOSING, Verdict.OUT_OF_STEP

# What an answer is read as, and whether it is a mail's; else it belongs to nobody, or to who asked.
_Awaited = tuple[Stage, bool]
_OF_BODY: Final[_Awaited] = (_BODY, True)
_OF_ENVELOPE: Final[tuple[_Awaited, ...]] = ((_MAIL, True), (_RCPT, True), (_DATA, True))
_OF_RESET: Final[_Awaited] = (_MAIL, False)
_OF_DOT: Final[_Awaited] = (_BODY, False)


class PipelinedSession(asyncio.Protocol):
    """A session that sends the next envelope behind the present body, on a transport that is ready for mail."""

    def __init__(
        self,
        transport: asyncio.Transport,
        announced: Announced,
        trust: Trust,
        *,
        step_seconds: float,
        answer_seconds: float,
    ) -> None:
        self.sent = 0
        self._caught = False  # it ended because the relay does not do what it announced
        self._transport, self._announced, self._trust = transport, announced, trust
        self._step_seconds, self._answer_seconds = step_seconds, answer_seconds
        self._loop = asyncio.get_running_loop()
        self._framing = Framing()
        self._silence = Silence(min(SILENT_SECONDS, step_seconds, answer_seconds), self._look)  # never looks too late
        self._silent = False  # the answer to the body in hand takes its time
        self._awaited: deque[_Awaited] = deque()
        self._asked_at_once = 0  # answers that the last write asks for
        self._later: deque[tuple[_Awaited, bytes]] = deque()  # commands that wait for the answer to the one before
        self._source: Source[Any] | None = None
        self._stint: asyncio.Future[None] | None = None
        self._question: asyncio.Future[Reply] | None = None
        self._body: Mail | None = None  # the end of it is written, or kept back
        self._tail = b""
        self._next: Mail | None = None  # its envelope is written
        self._behind = False  # and stands behind a body
        self._begun = False  # the relay has begun a mail of which it gets no body
        self._invitation = ""  # the MAIL by which, when there was no mail behind it
        self._ended = False
        transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        """Whether another mail can be sent."""
        return not self._ended and not self._transport.is_closing()

    @property
    def excused(self) -> bool:
        """Whether it has served, or was only the one that tried."""
        return self.sent > 0 or self._caught

    @property
    def invited(self) -> bool:
        """Whether the relay has let a mail begin here, and none has come yet."""
        return bool(self._invitation)

    async def carry(self, source: Source[Any]) -> None:
        """Send what `source` gives."""
        if not self.usable:
            return
        self._source, self._stint = source, self._loop.create_future()
        try:
            self._begin()
            await self._stint
        except BaseException:
            self._end()
            raise
        finally:
            self._trust.leave(self)
            self._source = self._stint = None

    async def answers(self) -> bool:
        """Whether the relay still answers on this connection."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return (await self._ask(b"NOOP\r\n")).code == 250
        except (SessionLost, TimeoutError):
            return False

    async def takes_from(self, sender: str) -> Reply:
        """The relay's answer to this sender, without sending anything."""
        if self._invitation:
            return Reply(_MAIL, 250)
        command = f"MAIL FROM:<{sender}>"
        reply = await self._ask(f"{command}\r\n".encode())
        self._begun, self._invitation = True, command if reply.verdict is _GO_ON else ""
        if reply.verdict in (_CLOSING, _OUT_OF_STEP):
            self._end()
        return reply

    async def close(self) -> None:
        """Take leave."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._ask(b"QUIT\r\n")
        except (SessionLost, TimeoutError):
            pass
        finally:
            self._end()

    def abort(self) -> None:
        """Drop the connection."""
        self._trust.leave(self)
        self._end()

    def data_received(self, data: bytes) -> None:
        """Answers: whole or in part, one or several."""
        try:
            self._read(data)
        except Exception as mistake:  # ours: for who awaits the stint, and not for the transport
            self._end(mistake)

    def resume_writing(self) -> None:
        """All that was written has left."""
        try:
            if self._tail:
                self._write_end()
        except Exception as mistake:
            self._end(mistake)

    def connection_lost(self, exc: Exception | None) -> None:
        """The relay has closed, or the network."""
        if self._awaited and self._asked_at_once > 1:
            self._caught |= self._trust.hang_up(self)
        self._end()

    def _begin(self) -> None:
        """Write the envelope of the next mail; without one the stint is over."""
        lines = self._envelope()
        if lines:
            self._write(lines)
        elif self._stint is not None and not self._stint.done():
            self._stint.set_result(None)

    def _envelope(self) -> bytes:
        """What is to be written for the next mail now; its answers are awaited. Empty when there is none."""
        source = self._source
        while source is not None and (mail := source.next()) is not None:
            try:
                line = mail_from(mail.sender, mail.recipient, mail.content, self._announced)
            except Unsendable as unsendable:
                source.unsendable(mail, unsendable.reason)
                continue
            self._next = mail
            if self._groups() and not self._begun:
                self._awaited += _OF_ENVELOPE
                return f"{line}\r\nRCPT TO:<{mail.recipient}>\r\nDATA\r\n".encode()
            return self._in_step(mail, line)
        return b""

    def _in_step(self, mail: Mail, line: str) -> bytes:
        lines = f"{line}\r\n".encode(), f"RCPT TO:<{mail.recipient}>\r\n".encode(), b"DATA\r\n"
        commands = list(zip(_OF_ENVELOPE, lines, strict=True))
        groups = self._groups()
        if self._invitation and continues(line, mail.content, self._invitation):
            del commands[0]
            groups = False  # a relay that refuses a group as such would say so of the recipient
        elif self._begun:
            commands.insert(0, (_OF_RESET, b"RSET\r\n"))
        self._begun, self._invitation = False, ""
        now = len(commands) if groups else 1
        self._later.extend(commands[now:])
        self._awaited.extend(awaited for awaited, _ in commands[:now])
        return b"".join(line for _, line in commands[:now])

    def _groups(self) -> bool:
        return self._trust.proven or self._trust.may_try(self)

    def _read(self, data: bytes) -> None:
        asked = to_come = len(self._awaited)  # what is written below cannot be answered by what has come already
        for head in self._framing.cut(data):
            reply = read_reply(self._awaited[0][0], head) if asked else None
            if reply is None:
                self._end()  # an answer that nobody asked for, or none at all
                return
            asked -= 1
            self._take(reply, self._awaited.popleft()[1])
            if self._ended:
                return
        if self._framing.overlong:
            self._end()
        elif self._awaited and asked < to_come:
            self._silence.begins()

    def _take(self, reply: Reply, of_a_mail: bool) -> None:
        if not of_a_mail:
            self._take_nobodys(reply)
        elif reply.stage is _BODY:
            self._take_of_body(reply)
        else:
            if reply.stage is _DATA and self._behind and not self._trust.proven:
                self._trust.prove()
            if reply.verdict is not _GO_ON:
                self._take_refusal(reply)
            elif reply.stage is _DATA:
                self._write_body()
            elif self._later:
                self._write_later()

    def _take_of_body(self, reply: Reply) -> None:
        mail = self._body
        if mail is None or self._source is None or reply.verdict is _OUT_OF_STEP:
            self._end()
            return
        early = not mail.handed_over  # refused while its end was kept back
        if early and reply.verdict is Verdict.ACCEPTED:
            self._end()
            return
        self._body, self._tail = None, b""
        self._source.answered(mail, reply)
        self.sent += 1
        if early or reply.verdict is _CLOSING:
            self._end()
        elif not self._awaited:
            self._begin()

    def _take_refusal(self, reply: Reply) -> None:
        """The answers to what was sent behind the refused command still come, and are nobody's (RFC 2920 §3.1)."""
        mail, self._next = self._next, None
        self._later.clear()
        self._awaited = deque((stage, False) for stage, _ in self._awaited)
        self._begun = reply.stage is not _MAIL
        if self._source is not None:
            self._source.answered(mail, reply)
        self.sent += 1
        if reply.verdict in (_CLOSING, _OUT_OF_STEP):
            self._end()
        elif not self._awaited:
            self._begin()

    def _take_nobodys(self, reply: Reply) -> None:
        if self._question is not None:
            if not self._question.done():
                self._question.set_result(reply)
        elif (
            reply.verdict is _CLOSING
            or (reply.stage is _MAIL and reply.verdict is not _GO_ON)  # RSET is never refused
            or (reply.stage is _RCPT and reply.verdict is _GO_ON)  # taken, of a mail that does not come any more
        ):
            self.abort()
        elif reply.stage is _DATA and reply.verdict is _GO_ON:
            self._begun = False  # all recipients were refused, and yet: a lone dot, and nobody gets anything
            self._awaited.append(_OF_DOT)
            self._write(b".\r\n")
        elif self._later:
            self._write_later()
        elif not self._awaited:
            self._begin()

    def _write_body(self) -> None:
        mail, self._next = self._next, None
        if mail is None:
            self._end()
            return
        self._body = mail
        self._awaited.append(_OF_BODY)
        content = body(mail.content, dotless=mail.dotless)
        if len(content) <= AT_ONCE:
            self._tail = content
            self._write_end()
            return
        self._tail = content[-KEPT_BACK:]
        self._transport.set_write_buffer_limits(high=0)  # be told when all has left
        self._write(content[:-KEPT_BACK])
        if not self._transport.get_write_buffer_size():
            self._write_end()

    def _write_end(self) -> None:
        """The end of the body (all of it, as a rule), and the next envelope."""
        mail, tail, source = self._body, self._tail, self._source
        if mail is None or source is None:
            self._end()
            return
        if not source.may_go(mail):  # the relay waits: only the end of the connection says that no body comes
            self._body = None
            source.withheld(mail)
            self.abort()
            return
        lines = self._envelope() if self._groups() and not self._trust.slow else b""
        self._behind = len(lines) > 0
        source.opening(mail)
        self._tail = b""
        mail.handed_over = True
        self._write(tail + lines)

    def _write_later(self) -> None:
        awaited, line = self._later.popleft()
        self._awaited.append(awaited)
        self._write(line)

    def _write(self, data: bytes) -> None:
        self._asked_at_once, self._silent = len(self._awaited), False
        self._transport.write(data)
        self._silence.begins()

    async def _ask(self, line: bytes) -> Reply:
        """Ask something outside of a mail. The connection does not outlive a cancellation."""
        if not self.usable or self._awaited:
            self._end()
            raise SessionLost(_MAIL)
        self._question = self._loop.create_future()
        try:
            self._awaited.append(_OF_RESET)
            self._write(line)
            return await self._question
        except BaseException:
            self._end()
            raise
        finally:
            self._question = None

    def _look(self) -> None:
        if not self._awaited:
            return
        seconds = self._silence.seconds
        allowed = self._answer_seconds if self._awaited[0][0] is _BODY else self._step_seconds
        if seconds >= allowed:
            self._give_up()
            return
        if self._body is not None and not self._silent and seconds >= SILENT_SECONDS:
            self._fall_silent()
        if not self._ended:
            self._silence.look_within(allowed - seconds)

    def _fall_silent(self) -> None:
        """The body's answer takes its time. The mail behind shall not: its own body was not sent, so it is free."""
        self._silent = True
        self._trust.dawdles()
        following, self._next = self._next, None
        self._begun = following is not None
        self._awaited = deque((stage, of_a_mail and stage is _BODY) for stage, of_a_mail in self._awaited)
        try:
            if self._source is not None:
                self._source.silent(following)
        except Exception as mistake:
            self._end(mistake)

    def _give_up(self) -> None:
        if len(self._awaited) < self._asked_at_once:
            self._trust.silence(self)
        elif self._asked_at_once > 1:
            self._caught |= self._trust.hang_up(self)
        self._end()

    def _end(self, mistake: Exception | None = None) -> None:
        """Drop the connection, and tell of what is in hand how far it had come."""
        if self._ended:
            return
        self._ended = True
        self._silence.ends()
        self._transport.abort()
        body, following, stage = self._body, self._next, self._stage()
        self._body = self._next = None
        try:
            if self._source is not None and body is not None:
                self._source.lost(body, _BODY if body.handed_over else _DATA)
            if self._source is not None and following is not None:
                self._source.lost(following, stage)
        except Exception as ours:
            mistake = mistake or ours
        if self._question is not None and not self._question.done():
            self._question.set_exception(SessionLost(_MAIL))
        if self._stint is not None and not self._stint.done():
            self._stint.set_result(None) if mistake is None else self._stint.set_exception(mistake)

    def _stage(self) -> Stage:
        """What of the next mail's envelope was to be answered."""
        awaited = [stage for stage, of_a_mail in self._awaited if of_a_mail and stage is not _BODY]
        later = [stage for (stage, of_a_mail), _ in self._later if of_a_mail]
        return next(iter(awaited + later), _DATA)
