"""Relays with manners of their own: what each does differently from `Talk`, and no more."""

import asyncio
import re
import time

from tests.faults.relays import Talk


class Plain(Talk):
    """Announces no PIPELINING, and counts as `broken` each command that came before its answer to the last."""

    extensions = ("SIZE 33554432", "8BITMIME", "ENHANCEDSTATUSCODES")
    broken = 0

    async def answer(self, verb: str, line: bytes) -> bool:
        """Look whether more came than was asked for."""
        type(self).broken += bool(self.early())
        return await super().answer(verb, line)

    async def body(self) -> bytes:
        """What comes after the dot came too early."""
        content = await super().body()
        type(self).broken += bool(self.early())
        return content


class Deaf(Talk):
    """Lies: throws away whatever came before its answer was out, as old relays do that empty their buffer first."""

    async def answer(self, verb: str, line: bytes) -> bool:
        """Answer the first, and forget that there was more."""
        if self.greeted:
            self.early()
        return await super().answer(verb, line)

    async def body(self) -> bytes:
        """Nor is anything heard that came with the end of the body."""
        content = await super().body()
        self.early()
        return content


class Strict(Talk):
    """Lies: refuses every command that came too early (as Postfix does with reject_unauth_pipelining)."""

    refusal = "503 5.5.0 improper use of command pipelining"
    ends = False

    async def answer(self, verb: str, line: bytes) -> bool:
        """Refuse all that came at once."""
        if self.greeted and (early := self.early()):
            self.forget()
            await self.say(*[self.refusal] * (1 if self.ends else 1 + early.count(b"\n")))
            return self.ends
        return await super().answer(verb, line)


class OutOfSync(Strict):
    """Lies: ends the conversation when something came too early (as Exim does: smtp_enforce_sync)."""

    refusal = "554 SMTP synchronization error"
    ends = True


class Cutting(Strict):
    """Lies: drops the connection when something came too early, without a word."""

    async def answer(self, verb: str, line: bytes) -> bool:
        """Gone."""
        if self.greeted and self.early():
            return True
        return await super().answer(verb, line)


class Mumbling(Talk):
    """Lies: gives one answer to a group of commands, that of the last."""

    async def answer(self, verb: str, line: bytes) -> bool:
        """Say nothing while more is waiting."""
        self.mute = self.greeted and b"\n" in bytes(self.reader._buffer)  # type: ignore[attr-defined]
        return await super().answer(verb, line)

    mute = False

    async def say(self, *lines: str) -> None:
        """Only the last word."""
        if not self.mute:
            await super().say(*lines)


class Eager(Talk):
    """Allowed, and a trap (RFC 2920 §3.1): says 354 although it refused the only recipient. Then it keeps nothing."""

    async def rcpt(self, line: bytes) -> bool | None:
        """Refuse one in five."""
        if _last_digit(line) in (0, 5):
            await self.say("550 5.1.1 no such user")
            return None
        return await super().rcpt(line)

    async def data(self, line: bytes) -> bool | None:
        """Ask for a body in any case."""
        await self.say("354 go on")
        content = await self.body()
        if not self.recipients:
            self.forget()
            await self.say("554 5.5.1 no valid recipients")
            return None
        return await self.after_body(content)


class Hasty(Talk):
    """Says that it has a body before it can have any of it, and goes; on the second mail of each of its first talks."""

    async def data(self, line: bytes) -> bool | None:
        """250 right behind 354."""
        if self.mails != 1 or self.number > 3:
            return await super().data(line)
        await self.say("354 go on", "250 2.0.0 kept")
        return True


class Slow(Talk):
    """Takes its time over every answer."""

    seconds = 0.3

    async def say(self, *lines: str) -> None:
        """Later; but the greeting, so that there is something to be slow about."""
        if self.greeted:
            await asyncio.sleep(self.seconds)
        await super().say(*lines)


class SlowAndPlain(Slow):
    """The same without PIPELINING."""

    extensions = Plain.extensions


class SlowBody(Talk):
    """Quick with envelopes, slow with bodies: the next envelope is answered long before its body may go."""

    async def after_body(self, content: bytes) -> bool | None:
        """Later."""
        self.take(content)
        await asyncio.sleep(0.6)
        await self.say("250 2.0.0 kept")
        return None


class Limiting(Talk):
    """Takes twenty mails a second from anybody, and says 450 to MAIL beyond that."""

    per_second = 20
    free, refused = 0.0, 0

    async def mail(self, line: bytes) -> bool | None:
        """Another one in its time; a tenth of a second's worth may come at once."""
        kind, now = type(self), time.monotonic()
        kind.free = max(kind.free, now - 0.1)
        if kind.free > now:
            kind.refused += 1
            await self.say("450 4.7.1 too much mail from you")
            return None
        kind.free += 1 / self.per_second
        return await super().mail(line)


class Full(Talk):
    """Has no room for anything while `full`."""

    full, refused = True, 0

    async def mail(self, line: bytes) -> bool | None:
        """Not now."""
        if not self.full:
            return await super().mail(line)
        type(self).refused += 1
        await self.say("452 4.3.1 insufficient system storage")
        return None


class Forgetful(Talk):
    """Keeps every mail and never says so."""

    async def after_body(self, content: bytes) -> bool | None:
        """Not a word."""
        self.take(content)
        await asyncio.Event().wait()
        return None


class Holding(Talk):
    """Keeps every mail; answers for the first thirty, and for the others once it is told to."""

    free, held = 30, 0
    answering = asyncio.Event()

    async def after_body(self, content: bytes) -> bool | None:
        """In its time."""
        self.take(content)
        if self.relay.taken() > self.free:
            type(self).held += 1
            await self.answering.wait()
        await self.say("250 2.0.0 kept")
        return None


def _last_digit(line: bytes) -> int:
    found = re.search(rb"(\d)@", line)
    return int(found[1]) if found else -1
