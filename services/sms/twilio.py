"""Twilio's Messages API, as far as a sender needs it: send one, look one up, ask whether it answers.

Nothing that the SDK raises is passed on or logged: its exceptions hold numbers and texts.
"""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus, urlencode

from twilio.base.exceptions import (
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.base.version import Version
from twilio.http.response import Response
from twilio.rest import Client

from services.domain.texts import gsm_typography, one_line
from services.sms.answering import UNREADABLE, ruled
from services.sms.codes import Ruling, rule
from services.sms.provider import MayGo, MessageResource, Sms
from services.sms.settings import TWILIO, TwilioSettings
from services.sms.transport import Transport
from services.sms.wire import open_wire

T = TypeVar("T")

PAGE: Final = 50
"""Messages per page of a look-up; it ends when so many in a row are too old."""

MARGIN: Final = timedelta(seconds=5)
"""Twilio tells time to the second; and what was sent for this release was not made long before it."""

VALIDITY: Final = (1, 36_000)
"""Seconds, https://www.twilio.com/docs/messaging/api/message-resource (ValidityPeriod)."""


@asynccontextmanager
async def open_twilio(settings: TwilioSettings, connections: int) -> AsyncIterator["Twilio"]:
    """Twilio, with room for so many messages at once, and as many look-ups."""
    seconds, connect = settings.twilio_timeout_seconds, settings.twilio_connect_seconds
    async with open_wire(2 * connections, seconds=seconds, connect_seconds=connect) as wire:
        yield Twilio(settings, Transport(wire, settings))


class Twilio:
    """The account's messages."""

    name = "twilio"
    by_reference = False

    def __init__(self, settings: TwilioSettings, transport: Transport) -> None:
        self.sender = settings.sender()
        sid, token = settings.account()
        self._transport = transport
        self._client = Client(sid, token, http_client=transport)
        self._messages = self._client.messages
        self._address = transport.address(f"{TWILIO}/2010-04-01/Accounts/{quote(sid, safe='')}/Messages.json")
        self._headers = transport.headers(self._client.get_headers("POST", None))
        self._from = urlencode({"From" if settings.twilio_from else "MessagingServiceSid": self.sender})

    @property
    def retry_after(self) -> float | None:
        """Seconds that Twilio asked us to wait when it last said that we go too fast."""
        return self._transport.retry_after

    async def send(self, sms: Sms, may_go: MayGo = lambda: True) -> MessageResource | Ruling:
        """Ask Twilio to send this, once. `may_go` is asked when a connection stands; until then nothing has left."""
        return await _ruled(lambda: self._create(self._form(sms), may_go))

    async def find(self, sms: Sms, *, age: timedelta, others: Collection[str] = ()) -> MessageResource | Ruling | None:
        """This SMS, if Twilio made it no longer than `age` ago by its own clock; None when it is not there.

        `others`: the sids of those with the same number and text that are not this one. The clocks of Twilio, of
        PostgreSQL and of this machine need not agree: only durations are compared.
        """
        return await _ruled(lambda: self._find(sms, age + MARGIN, others))

    async def fetch(self, sid: str, to: str) -> MessageResource | Ruling | None:
        """What became of the message of this sid; None when Twilio does not know it (any more)."""
        del to
        found = await _ruled(lambda: self._fetch(sid))
        return None if isinstance(found, Ruling) and found.code == 20404 else found

    async def ask(self) -> Ruling | None:
        """None when Twilio answers and knows us."""
        return await _ruled(self._list_one)

    def _form(self, sms: Sms) -> bytes:
        """The request's body (docs/decisions/0008-sms-speed.md says why the SDK does not build it)."""
        form = f"{self._from}&To={quote_plus(sms.to)}&Body={quote_plus(sms.text)}"
        if sms.callback:
            form += f"&StatusCallback={quote_plus(sms.callback)}"
        if sms.valid_for is not None:
            low, high = VALIDITY
            form += f"&ValidityPeriod={min(max(int(sms.valid_for.total_seconds()), low), high)}"
        return form.encode()

    async def _create(self, form: bytes, may_go: MayGo) -> MessageResource:
        answer = await self._transport.post(self._address, self._headers, form, may_go)
        if not 200 <= answer.status_code < 300:
            raise Version.exception("POST", "", answer, "")
        made = json.loads(answer.text)
        return _held(made["sid"], made["status"], made.get("error_code"), made.get("num_segments"))

    async def _find(self, sms: Sms, age: timedelta, others: Collection[str]) -> MessageResource | None:
        text, too_old, asked = _comparable(sms.text), 0, time.monotonic()
        async for message in await self._messages.stream_async(to=sms.to, page_size=PAGE):
            created = message.date_created
            waited = timedelta(seconds=time.monotonic() - asked)  # an answer may be slow, and pages many
            if created is not None and self._transport.now() - created > age + waited:
                too_old += 1  # Twilio sorts by the date of sending, which comes later
                if too_old == PAGE:
                    return None
                continue
            too_old = 0
            if _comparable(message.body or "") == text and message.status != "canceled" and message.sid not in others:
                return _held(message.sid, message.status, message.error_code)
        return None

    async def _fetch(self, sid: str) -> MessageResource:
        message = await self._messages(sid).fetch_async()
        return _held(message.sid, message.status, message.error_code)

    async def _list_one(self) -> None:
        await self._messages.page_async(page_size=1)


async def _ruled(work: Callable[[], Awaitable[T]]) -> T | Ruling:
    try:
        return await ruled(work)
    except TwilioException as problem:
        return _refusal(problem)


def _refusal(problem: Exception) -> Ruling:
    """The ruling on what the SDK raises; for a page of a list it is bare, with the answer as an argument."""
    answer = next((given for given in problem.args if isinstance(given, Response)), None)
    if answer is not None and answer.status_code != 200:
        problem = Version.exception("GET", "", answer, "")
    if not isinstance(problem, TwilioRestException | TwilioServiceException):
        return UNREADABLE
    return rule(problem.status, problem.code if problem.code != problem.status else None)


def _held(sid: object, status: object, error_code: str | int | None, segments: object = None) -> MessageResource:
    """`segments`: `0` until a messaging service has chosen its sender, which says nothing."""
    if not isinstance(sid, str):
        raise TypeError("a message without sid")
    counted = int(segments) if isinstance(segments, str) and segments.isdecimal() else 0
    return MessageResource(sid, str(status), int(error_code) if error_code else None, counted or None)


def _comparable(text: str) -> str:
    """Messaging services may replace typography ("smart encoding"); trial accounts prefix a line of their own."""
    return one_line(gsm_typography(text)).removeprefix("Sent from your Twilio trial account - ")
