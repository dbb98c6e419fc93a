"""Replies by SMS, as Twilio hands them over: signed, kept once, and answered with nothing, in milliseconds.

What is answered would go out as an SMS of its own, so the answer is an empty TwiML document. Twilio may call twice;
the second time it is the same reply.
"""

import re
from collections.abc import Mapping
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import Counter
from twilio.request_validator import RequestValidator

from services.domain.answers import Meaning, meaning
from services.domain.texts import few_lines
from services.public.confirm import CONFIRMED
from services.runtime.service import Service
from services.store import replies
from services.store.replies import Incoming

PATH: Final = "/twilio/inbound"
TWIML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<Response/>\n'
REPLIES: Final = Counter("roeland_replies_total", "Replies by SMS, by what they mean", ["meaning"])

POSTGRES_SECONDS: Final = 2.0
TEXT_CHARACTERS: Final = 1_600
"""Twilio hands over no more than ten segments."""

_SID: Final = re.compile(r"(SM|MM)[0-9a-f]{32}")
_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")
_THEIRS: Final[Mapping[str, Meaning]] = {"STOP": "stop", "START": "start", "HELP": "help"}
"""Twilio's own reading (OptOutType), where it handles these words itself: then it sends nothing more to that number."""

log = structlog.get_logger(__name__)


class Inbound:
    """Takes replies into the record."""

    def __init__(self, service: Service, validator: RequestValidator | None, public_url: str | None) -> None:
        self._service, self._validator, self._public_url = service, validator, public_url

    def routes(self) -> list[web.RouteDef]:
        """The address that stands as *A message comes in* at Twilio."""
        return [web.post(PATH, self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """200 with an empty document when it is kept, or was before; 403 unless Twilio signed it."""
        if request.content_type != "application/x-www-form-urlencoded":
            return web.Response(status=415)
        try:
            form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        except (UnicodeDecodeError, LookupError):  # no text, or in an encoding that nobody knows
            return web.Response(status=400)
        if not self._signed(request, form):
            return web.Response(status=403)
        came = incoming(form)
        if came is None:
            return web.Response(status=400)
        if self._service.health.is_down("postgres"):
            return web.Response(status=503, headers={"Retry-After": "5"})
        await self._keep(came)
        return web.Response(text=TWIML, content_type="text/xml", charset="utf-8")

    def _signed(self, request: web.Request, form: Mapping[str, str]) -> bool:
        """Whether Twilio signed this for the address that the world knows, whatever a proxy made of it on the way."""
        if self._validator is None or self._public_url is None:
            return False
        query = request.rel_url.raw_query_string
        url = f"{self._public_url}{PATH}{'?' if query else ''}{query}"
        return bool(self._validator.validate(url, form, request.headers.get("X-Twilio-Signature", "")))

    async def _keep(self, came: Incoming) -> None:
        async with self._service.pool.connection(timeout=POSTGRES_SECONDS) as connection, connection.transaction():
            taken = await replies.take(connection, came)
        if taken.new:
            REPLIES.labels(came.meaning).inc()
            CONFIRMED.labels("reply").inc(taken.confirmed)
            log.info("replied", meaning=came.meaning, message=taken.message, confirmed=taken.confirmed)


def incoming(form: Mapping[str, str]) -> Incoming | None:
    """The reply that a form tells of; None when it lacks what makes it one."""
    sid, number = form.get("MessageSid", ""), form.get("From", "")
    if not _SID.fullmatch(sid) or not _NUMBER.fullmatch(number):
        return None
    text = few_lines(form.get("Body", ""))[:TEXT_CHARACTERS]
    theirs = _THEIRS.get(form.get("OptOutType", "").upper())
    return Incoming("twilio", sid, number, text, theirs or meaning(text))
