"""HTTP to a provider: one pool, timeouts that hold, and no request sent a second time.

A failure says one of two things, which is all that a sender needs to know: nothing was handed over, or perhaps.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from services.runtime.errors import Foreseen
from services.sms.provider import MayGo

KEEP_ALIVE_SECONDS: Final = 15.0
"""Less than servers and middle boxes usually wait: a connection they close under a request leaves us in doubt."""

SHARE_TO_CONNECT: Final = 0.8
"""Of the time for a whole request, what finding the address, TCP and TLS may take together. Less than all of it, so
that a name server or a TLS handshake that hangs is known to have been before anything was handed over."""


class NotHandedOver(Foreseen):
    """No connection: the request never left."""


class Withheld(Foreseen):
    """It may not go any more: the request never left."""


class NoAnswer(Foreseen):
    """The request may have arrived; no answer did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    text: str
    headers: Mapping[str, str]


_MAY_GO: ContextVar[MayGo | None] = ContextVar("may_go", default=None)


class _Request(aiohttp.ClientRequest):
    """A request of aiohttp's that asks before it is written; each is made and sent in the task that wants it."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        may_go = _MAY_GO.get()
        if may_go is not None and not may_go():
            raise Withheld  # aiohttp closes the connection
        return await super().send(conn)


@asynccontextmanager
async def open_wire(connections: int, *, seconds: float, connect_seconds: float) -> AsyncIterator["Wire"]:
    """A wire with room for as many requests at once; closed on leaving. `seconds`: for one request, all in all."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE_SECONDS, ttl_dns_cache=30),
        timeout=aiohttp.ClientTimeout(total=seconds, connect=SHARE_TO_CONNECT * seconds, sock_connect=connect_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=_Request,
    )
    async with session:
        yield Wire(session)


class Wire:
    """Asks once. Knows what the provider's clock says, and how long it asked us to wait."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._date, self._clock = "", (datetime.now(UTC), time.monotonic())
        self.retry_after: float | None = None
        """Seconds, of the last answer 429; None when it named none."""

    def now(self) -> datetime:
        """The time by the provider's clock, as far as its answers told (to the second); else by ours."""
        said, at = self._clock
        return datetime.fromtimestamp(said.timestamp() + time.monotonic() - at, UTC)

    async def post(self, address: str, headers: Mapping[str, str], body: bytes, may_go: MayGo) -> Answer:
        """Post this, once. Raises `NotHandedOver`, `Withheld` when `may_go` says no, or `NoAnswer`."""
        asked = _MAY_GO.set(may_go)
        try:
            return await self.ask("POST", address, headers, body)
        finally:
            _MAY_GO.reset(asked)

    async def ask(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, once. Raises `NotHandedOver` or `NoAnswer`."""
        try:
            async with self._session.request(
                method, address, params=params, data=body, headers=headers, allow_redirects=False
            ) as answer:
                text = (await answer.read()).decode(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as problem:
            raise NotHandedOver(type(problem).__name__) from None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
            raise NoAnswer(type(problem).__name__) from None
        self._take_note(answer)
        return Answer(answer.status, text, answer.headers)

    def _take_note(self, answer: aiohttp.ClientResponse) -> None:
        date = answer.headers.get("Date", "")
        if date != self._date and (said := _moment(date)) is not None:
            self._date, self._clock = date, (said, time.monotonic())
        if answer.status == 429:
            self.retry_after = _seconds(answer.headers.get("Retry-After"), self.now())


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    if retry_after and retry_after.strip().isdecimal():
        return float(retry_after)
    until = _moment(retry_after)
    return max(0.0, (until - now).total_seconds()) if until else None


def _moment(date: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except (ValueError, OverflowError):  # years and zones of twenty digits are no date either
        return None
