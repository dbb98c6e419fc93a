"""What happens to a message after Twilio took it, and the signed callbacks that tell of it.

No callback tells of the status that a message begins with
(https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks).
"""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

import aiohttp

from services.devstack.faults import Faults, Rule
from services.devstack.twilio_messages import VERSION, Message, Messages

Step = tuple[str, int | None]
"""A status, with Twilio's error code where one comes with it."""
Course = Iterator[Step]

RETRY_AFTER = (0.2, 1.0, 5.0)
"""Seconds before each further try of a callback that was not answered, or with 5xx."""


class Callbacks:
    """Moves messages on, `pause` seconds from one status to the next, and posts callbacks, so many at a time."""

    def __init__(self, messages: Messages, faults: Faults, auth_token: str, pause: float) -> None:
        self._messages, self._faults, self._pause = messages, faults, pause
        self._auth_token = auth_token
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._flushing: asyncio.Handle | None = None
        self._closed = False

    def begin(self, message: Message) -> None:
        """Let a message go its way."""
        rule = self._faults.hit("callback", message.to)
        self._next(message, iter(_course(message, rule)), rule)

    async def close(self) -> None:
        """Drop what is still to come."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._session:
            await self._session.close()

    def _next(self, message: Message, course: Course, rule: Rule | None) -> None:
        step = next(course, None)
        if step is not None and not self._closed:
            asyncio.get_running_loop().call_later(self._pause, self._move_on, message, step, course, rule)

    def _move_on(self, message: Message, step: Step, course: Course, rule: Rule | None) -> None:
        if self._closed:
            return
        self._messages.move_on(message, *step)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_soon(self._flush)
        if message.callback and not (rule and rule.do == "never"):
            task = asyncio.create_task(self._tell(message, course, rule))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._next(message, course, rule)

    def _flush(self) -> None:
        self._flushing = None
        self._messages.flush()

    async def _tell(self, message: Message, course: Course, rule: Rule | None) -> None:
        await asyncio.sleep(rule.delay_seconds if rule else 0)
        for _ in range(2 if rule and rule.do == "duplicate" else 1):
            await self._post(message.callback or "", self._form(message))
        self._next(message, course, rule)

    def _form(self, message: Message) -> dict[str, str]:
        """Twilio's parameters of a status callback."""
        form = {
            "AccountSid": self._messages.account_sid,
            "ApiVersion": VERSION,
            "From": message.sender or "",
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": message.to,
        }
        if message.service:
            form["MessagingServiceSid"] = message.service
        if message.error_code:
            form["ErrorCode"] = str(message.error_code)
        return form

    async def _post(self, url: str, form: dict[str, str]) -> None:
        if self._session is None:
            connector, timeout = aiohttp.TCPConnector(limit=20), aiohttp.ClientTimeout(total=None, sock_read=15)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        headers = {"X-Twilio-Signature": signature(self._auth_token, url, form), "User-Agent": "TwilioProxy/1.1"}
        for pause in (*RETRY_AFTER, None):
            try:
                async with self._session.post(url, data=form, headers=headers, allow_redirects=False) as answer:
                    if answer.status < 500:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            if pause is not None:
                await asyncio.sleep(pause)


def signature(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature of a form post: HMAC-SHA1 of the URL and the sorted names and values
    (https://www.twilio.com/docs/usage/security). The tests have Twilio's own library verify it.
    """
    signed = url + "".join(name + form[name] for name in sorted(form))
    return b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()


def _course(message: Message, rule: Rule | None) -> Sequence[Step]:
    """The statuses still to come."""
    first: list[Step] = [("queued", None)] if message.service else []
    if rule and rule.do == "fail":
        on_the_way: list[Step] = [("sent", None)] if rule.status == "undelivered" else []
        return [*first, *on_the_way, (rule.status, rule.code or 30003)]
    return [*first, ("sent", None), ("delivered", None)]
