"""What holds for every answer, and for every request before anything reads it."""

from typing import Any, Final

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.client import Client
from services.console.settings import ConsoleSettings
from services.console.unread import unread

SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "content-security-policy": SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "referrer-policy": "same-origin",
    "server": "roeland",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
TRANSPORT: Final = "max-age=63072000; includeSubDomains"

BODY_BYTES: Final = 256 * 1024
UPLOADS: Final[dict[str, int]] = {}
"""Paths that take more than `BODY_BYTES`, with how much: whoever takes files says so here."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})
"""Those that somebody defined. Of any other we know no path that has it: 501 (RFC 9110 §9.1)."""

log = structlog.get_logger(__name__)


def install(app: FastAPI, settings: ConsoleSettings) -> None:
    """Put these around the application, outermost last."""
    app.add_middleware(Limited)
    app.add_middleware(Hardened, secure=settings.url.startswith("https://"))
    app.add_middleware(Client, trusted=settings.trusted_proxies)


class Hardened:
    """Every answer, also a failure, has our headers; nothing is kept by a cache unless a route says so."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.headers = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
        if secure:
            self.headers.append((b"strict-transport-security", TRANSPORT.encode()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                given: list[Any] = message["headers"]
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [each for each in self.headers if each[0] not in names]
                if b"cache-control" not in names:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        return await self.app(scope, receive, hardened)


class _TooLarge(HTTPException):
    """More came than may. FastAPI lets this pass where it reads a body, and would make 400 of any other."""

    def __init__(self) -> None:
        super().__init__(413, "Content Too Large")


class Limited:
    """No body is larger than its path may have, nor packed: nothing reads on then. No method is one of nobody's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        most = UPLOADS.get(scope["path"], BODY_BYTES)
        if scope["method"] not in METHODS:
            return await unread(scope, 501, most=most)(scope, receive, send)
        given = dict(scope["headers"])
        if given.get(b"content-encoding", b"identity").strip().lower() not in {b"identity", b""}:
            return await unread(scope, 415, most=most)(scope, receive, send)
        declared = given.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            return await unread(scope, 413, most=most)(scope, receive, send)
        read, started = 0, False

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, limited, noted)
        except _TooLarge:
            if not started:
                await unread(scope, 413, most=most)(scope, receive, send)
