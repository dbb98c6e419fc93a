"""Sinch tells what became of an SMS. Whoever else says so is sent away.

Sinch signs nothing (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/): what proves a report is the
address, which names the delivery and which only we can make; and a login, where Sinch was asked to come with one. It
calls again after 5xx, for a day, and not after 4xx.
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Final

from aiohttp import web
from pydantic import SecretStr

from services.domain.sms_failures import CARRIER_FILTERED
from services.public.filtered import Filtered
from services.public.gathering import Gathering
from services.public.status import CALLBACKS
from services.runtime.health import Health
from services.runtime.tokens import Keys
from services.sms.callbacks import SINCH_PURPOSE, DeliveryName, named
from services.sms.outcomes import STATES
from services.sms.provider import SINCH
from services.sms.sinch_codes import column
from services.store.ledger import Result

_BATCH: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class SinchCallbacks:
    """Takes delivery reports into the ledger."""

    def __init__(
        self, health: Health, keys: Keys, gathering: Gathering, filtered: Filtered, login: SecretStr | None
    ) -> None:
        self._health, self._keys, self._gathering, self._filtered = health, keys, gathering, filtered
        self._login = login.get_secret_value().encode() if login else None

    async def take(self, request: web.Request) -> web.Response:
        """204 when it is recorded or says nothing new; 403 without the login; 404 for what we never sent."""
        response = await self._answer(request)
        CALLBACKS.labels(str(response.status)).inc()
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return web.Response(status=415)
        if self._login is not None and not compare_digest(_login(request), self._login):
            return web.Response(status=403)
        name = named(request.query, self._keys, SINCH_PURPOSE)
        if name is None:
            return web.Response(status=404)
        try:
            report = json.loads(await request.read())
        except (ValueError, RecursionError):
            return web.Response(status=400)
        return await self._record(name, report) if isinstance(report, dict) else web.Response(status=400)

    async def _record(self, name: DeliveryName, report: Mapping[str, Any]) -> web.Response:
        result = _result(name, report)
        if result is None:
            return web.Response(status=204)
        if self._health.is_down("postgres"):
            return web.Response(status=503, headers={"Retry-After": "5"})
        known = await self._gathering.report(name.message, result)
        if known and result.reason == CARRIER_FILTERED:
            self._filtered.note(name.message)
        return web.Response(status=204 if known else 404)


def _result(name: DeliveryName, report: Mapping[str, Any]) -> Result | None:
    """What the report says; None when it is no more than that the message is under way, or is about a whole batch."""
    status, batch, said = report.get("status"), report.get("batch_id"), str(report.get("code", ""))
    state = STATES.get(status.lower()) if isinstance(status, str) else None
    if report.get("type") != "recipient_delivery_report_sms" or state is None:
        return None
    code, reason = column(int(said) if said.isascii() and said.isdecimal() and len(said) <= 6 else None)
    named_there = isinstance(batch, str) and _BATCH.fullmatch(batch)
    return Result(
        name.sequence, 0, state, code=code, reason=reason, provider_id=f"{SINCH}{batch}" if named_there else None
    )


def _login(request: web.Request) -> bytes:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        return b64decode(given, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        return b""
