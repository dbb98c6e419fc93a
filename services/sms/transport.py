"""The HTTP under Twilio's SDK: one pool, timeouts that hold, and no request sent a second time.

The SDK's own async client ignores its timeout, and its RetryClient may post a message twice. Here a failure says one
of two things, which is all that a sender needs to know: nothing was handed over, or perhaps.
"""

import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from logging import getLogger
from typing import Final
from urllib.parse import urlencode

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from services.runtime.errors import Foreseen
from services.sms.settings import TWILIO, TwilioSettings

KEEP_ALIVE_SECONDS: Final = 15.0
"""Less than servers and middle boxes usually wait: a connection they close under a request leaves us in doubt."""


class NotHandedOver(Foreseen):
    """No connection: the request never left."""


class Withheld(Foreseen):
    """It may not go any more: the request never left."""


class NoAnswer(Foreseen):
    """The request may have arrived; no answer did."""


MayGo = Callable[[], bool]
"""Asked once a connection stands, just before the first byte of a request: finding one may take seconds."""


SHARE_TO_CONNECT: Final = 0.8
"""Of the time for a whole request, what finding the address, TCP and TLS may take together. Less than all of it, so
that a name server or a TLS handshake that hangs is known to have been before anything was handed over."""


_MAY_GO: ContextVar[MayGo | None] = ContextVar("may_go", default=None)


class _Request(aiohttp.ClientRequest):
    """A request of aiohttp's that asks before it is written; each is made and sent in the task that wants it."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        may_go = _MAY_GO.get()
        if may_go is not None and not may_go():
            raise Withheld  # aiohttp closes the connection
        return await super().send(conn)


@asynccontextmanager
async def open_transport(settings: TwilioSettings, connections: int) -> AsyncIterator["Transport"]:
    """A transport with room for as many requests at once; closed on leaving."""
    seconds = settings.twilio_timeout_seconds
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE_SECONDS, ttl_dns_cache=30),
        timeout=aiohttp.ClientTimeout(
            total=seconds, connect=SHARE_TO_CONNECT * seconds, sock_connect=settings.twilio_connect_seconds
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=_Request,
    )
    async with session:
        yield Transport(session, settings)


class Transport(AsyncHttpClient):  # type: ignore[misc]  # the SDK has no types
    """What the SDK calls for each request. Knows what Twilio's clock says, and how long it asked us to wait."""

    def __init__(self, session: aiohttp.ClientSession, settings: TwilioSettings) -> None:
        super().__init__(getLogger(__name__), True, None)
        self._session, self._base_url = session, settings.twilio_base_url
        self._authorization = "Basic " + b64encode(":".join(settings.account()).encode()).decode()
        self._date, self._clock = "", (datetime.now(UTC), time.monotonic())
        self.retry_after: float | None = None
        """Seconds, of the last answer 429; None when it named none."""

    def now(self) -> datetime:
        """The time by Twilio's clock, as far as its answers told (to the second); else by ours."""
        said, at = self._clock
        return datetime.fromtimestamp(said.timestamp() + time.monotonic() - at, UTC)

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        **_: object,  # credentials, timeout and redirects: ours hold
    ) -> Response:
        """One request of the SDK's, once. Raises `NotHandedOver` or `NoAnswer`."""
        body = urlencode(data).encode() if data else None
        return await self._ask(method, self.address(url), self.headers(headers or {}), body, params=_spelled(params))

    def address(self, url: str) -> str:
        """Where to ask what the SDK would ask at `url`."""
        return url.replace(TWILIO, self._base_url, 1)

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        """These headers, and who we are."""
        return {**more, "Authorization": self._authorization}

    async def post(self, address: str, headers: dict[str, str], body: bytes, may_go: MayGo) -> Response:
        """One request that was made ready before, once: what the SDK builds anew each time costs more than sending.

        Raises `NotHandedOver`, `Withheld` when `may_go` says no, or `NoAnswer`.
        """
        asked = _MAY_GO.set(may_go)
        try:
            return await self._ask("POST", address, headers, body)
        finally:
            _MAY_GO.reset(asked)

    async def _ask(
        self,
        method: str,
        address: str,
        headers: dict[str, str],
        body: bytes | None,
        *,
        params: dict[str, str] | None = None,
    ) -> Response:
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
        return Response(answer.status, text, answer.headers)

    def _take_note(self, answer: aiohttp.ClientResponse) -> None:
        date = answer.headers.get("Date", "")
        if date != self._date and (said := _moment(date)) is not None:
            self._date, self._clock = date, (said, time.monotonic())
        if answer.status == 429:
            self.retry_after = _seconds(answer.headers.get("Retry-After"), self.now())


def _spelled(params: dict[str, object] | None) -> dict[str, str] | None:
    return {name: str(value) for name, value in params.items() if value is not None} if params else None


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    if retry_after and retry_after.strip().isdecimal():
        return float(retry_after)
    until = _moment(retry_after)
    return max(0.0, (until - now).total_seconds()) if until else None


def _moment(date: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except ValueError:
        return None
