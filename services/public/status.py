"""Twilio tells what became of an SMS. Whoever else says so is sent away.

Callbacks come twice, in any order, and before our own record of the same SMS: the ledger merges by rank.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from prometheus_client import Counter

from services.domain.sms_failures import CARRIER_FILTERED
from services.public.filtered import Filtered
from services.public.gathering import Gathering
from services.runtime.service import Service
from services.runtime.tokens import Keys
from services.sms.callbacks import AGAIN, PATH, DeliveryName, named
from services.sms.codes import column
from services.sms.outcomes import STATES
from services.sms.signature import Signature
from services.store.ledger import Result

CALLBACKS: Final = Counter("roeland_callbacks_total", "Callbacks of SMS providers, by answer", ["answer"])

_SID: Final = re.compile(r"(SM|MM)[0-9a-f]{32}")


class Callbacks:
    """Takes status callbacks into the ledger."""

    def __init__(self, service: Service, keys: Keys, validator: Signature | None, public_url: str | None) -> None:
        self._service, self._keys, self._validator, self._public_url = service, keys, validator, public_url
        self.gathering = Gathering(service)
        self.filtered = Filtered(service.pool)

    async def take(self, request: web.Request) -> web.Response:
        """204 when it is recorded or says nothing new; 403 unless Twilio signed it; 404 for what we never sent."""
        response = await self._answer(request)
        CALLBACKS.labels(str(response.status)).inc()
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            return web.Response(status=415)
        try:
            form = await _form(request)
        except (UnicodeDecodeError, LookupError):  # no text, or in an encoding that nobody knows
            return web.Response(status=400)
        if not self._signed(request, form):
            return web.Response(status=403)
        name = named(request.query, self._keys)
        if name is None:
            return web.Response(status=404)
        return await self._record(name, form)

    def _signed(self, request: web.Request, form: Mapping[str, str]) -> bool:
        """Whether Twilio signed this for the address that we gave it, whatever a proxy made of it on the way."""
        if self._validator is None or self._public_url is None:
            return False
        url = f"{self._public_url}{PATH}?{request.rel_url.raw_query_string}"
        signature = request.headers.get("X-Twilio-Signature", "")
        return any(self._validator.validate(each, form, signature) for each in (url, url + AGAIN))

    async def _record(self, name: DeliveryName, form: Mapping[str, str]) -> web.Response:
        result = _result(name, form)
        if result is None:
            return web.Response(status=204)
        if self._service.health.is_down("postgres"):
            return web.Response(status=503, headers={"Retry-After": "5"})
        known = await self.gathering.report(name.message, result)
        if known and result.reason == CARRIER_FILTERED:
            self.filtered.note(name.message)
        return web.Response(status=204 if known else 404)


async def _form(request: web.Request) -> dict[str, str]:
    """The form, read once and without what `Request.post` does for files; of a name twice the last value."""
    charset = request.charset or "utf-8"
    body = (await request.read()).rstrip().decode(charset)
    return dict(parse_qsl(body, keep_blank_values=True, encoding=charset))


def _result(name: DeliveryName, form: Mapping[str, str]) -> Result | None:
    """What the callback reports; None when it says no more than that the message is under way."""
    state = STATES.get(form.get("MessageStatus", ""))
    if state is None:
        return None
    error, sid = form.get("ErrorCode", ""), form.get("MessageSid", "")
    code, reason = column(int(error) if error.isdecimal() and len(error) <= 6 else None)
    return Result(name.sequence, 0, state, code=code, reason=reason, provider_id=sid if _SID.fullmatch(sid) else None)
