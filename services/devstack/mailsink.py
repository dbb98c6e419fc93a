"""A mail relay that delivers nothing: it keeps every mail as a file in a maildir, and misbehaves when told to.

`python -m services.devstack.mailsink --port 1025 --control-port 1026 --maildir DIR`; faults in docs/devstack.md.
"""

import argparse
import asyncio
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from services.devstack import maildir
from services.devstack.control import Door, serve
from services.devstack.faults import Faults, Rule

SIZE = 32 * 1024 * 1024
"""Largest mail, in bytes, as announced."""

GREETING = "Roeland mail sink"

_PLAIN = re.compile(r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+)>( .*)?")
_ADDRESS = re.compile(r"<([^>]*)>")


class Sink(SMTP):
    """aiosmtpd, with PIPELINING announced, a body read in a few pieces, and faults at every moment."""

    line_length_limit = 2 * SIZE  # also the reader's buffer: a body is then found by its end, not line by line

    def __init__(self, faults: Faults, maildir: Path, **options: Any) -> None:
        super().__init__(_Announcements(), data_size_limit=SIZE, enable_SMTPUTF8=True, ident=GREETING, **options)
        self.faults, self.maildir = faults, maildir

    async def _handle_client(self) -> None:
        if not await self.goes_wrong("connect"):
            await super()._handle_client()
        else:
            self._writer.close()

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802  (aiosmtpd finds commands by these names)
        """Greet."""
        if not await self.goes_wrong("ehlo"):
            await super().smtp_EHLO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        """Log in; offered when the sink was started with a user."""
        if not await self.goes_wrong("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        """Begin a mail."""
        if not await self.goes_wrong("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        """Name a recipient."""
        if not await self.goes_wrong("rcpt", *_ADDRESS.findall(arg or "")):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Take a mail and keep it."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        envelope = cast(Envelope, self.envelope)
        recipients = tuple(envelope.rcpt_tos)
        if not recipients:
            await self.push("503 Error: need RCPT command")
        elif not await self.goes_wrong("data", *recipients):
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self._take(envelope.mail_from, recipients)

    async def _take(self, sender: str | None, recipients: tuple[str, ...]) -> None:
        first = await self._reader.readexactly(1)
        cut_off = await self.goes_wrong("body", *recipients)
        content = await self._content(first)
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd's own
        if cut_off:
            return
        rule = self.faults.hit("after-body", *recipients)
        refused = rule is not None and rule.do == "reply" and (rule.code or 0) >= 400
        if not refused and len(content) <= SIZE:
            maildir.keep(self.maildir, sender, recipients, content)
        if not await self._misbehave(rule):
            await self.push("250 2.0.0 kept" if len(content) <= SIZE else "552 5.3.4 too much mail data")

    async def _content(self, first: bytes) -> bytes:
        """All up to the lone dot, without the dots that SMTP put before dots (RFC 5321 §4.5.2)."""
        if first not in b".\r":
            body = first + await self._reader.readuntil(b"\r\n.\r\n")
        else:  # the lone dot may come at once, or after one empty line
            body = first + await self._reader.readuntil(b"\n")
            while body != b".\r\n" and not body.endswith(b"\r\n.\r\n"):
                body += await self._reader.readuntil(b"\n")
        return (b"\r\n" + body[:-3]).replace(b"\r\n.", b"\r\n")[2:]

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Find the address; the plain ones quickly, for aiosmtpd's way costs more than all the rest of a mail."""
        found = _PLAIN.fullmatch(arg)
        if found:
            return found[1], (found[2] or "").strip()
        address, rest = super()._getaddr(arg)
        return address, rest

    async def goes_wrong(self, at: str, *recipients: str) -> bool:
        """Do what a rule says; True when the usual must not follow."""
        return await self._misbehave(self.faults.hit(at, *recipients)) if self.faults.rules else False

    async def _misbehave(self, rule: Rule | None) -> bool:
        if rule is None:
            return False
        await asyncio.sleep(rule.delay_seconds)
        if rule.do == "reply":
            await self.push(f"{rule.code} {rule.text or 'told to say so'}")
        elif rule.do == "drop":
            self._writer.transport.abort()
        if rule.do in {"drop", "forget"}:
            await asyncio.Event().wait()  # cancelled when the connection ends
        return rule.do != "delay"


class _Announcements:
    """What EHLO says beside SIZE, 8BITMIME and SMTPUTF8, which aiosmtpd says itself."""

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Commands are read one by one from a buffer, so several may be sent at once: PIPELINING (RFC 2920)."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]


def _login(user: str, password: str) -> Callable[..., AuthResult]:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        expected = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=given == expected, handled=False)

    return check


def _routes(folder: Path) -> list[web.RouteDef]:
    async def count(_: web.Request) -> web.Response:
        return web.json_response({"kept": len(maildir.kept(folder)), "maildir": str(folder)})

    async def clear(request: web.Request) -> web.Response:
        for path in maildir.kept(folder):
            path.unlink()
        return await count(request)

    return [web.get("/mails", count), web.delete("/mails", clear)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control-port", type=int, required=True)
    parser.add_argument("--maildir", type=Path, required=True)
    parser.add_argument("--user", help="ask for a login")
    parser.add_argument("--password", default="")
    return parser.parse_args()


async def _main(given: argparse.Namespace) -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    folder = maildir.make(given.maildir.resolve())
    faults = Faults("mail")
    login = {
        "auth_required": True, "auth_require_tls": False, "authenticator": _login(given.user, given.password),
    } if given.user else {}  # fmt: skip
    door = Door(lambda: Sink(faults, folder, **login), given.port)
    await serve(faults, door, control_port=given.control_port, routes=_routes(folder))


if __name__ == "__main__":
    uvloop.run(_main(_arguments()))
