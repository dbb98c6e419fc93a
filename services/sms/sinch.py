"""Sinch's SMS REST API, as far as a sender needs it: https://developers.sinch.com/docs/sms/api-reference/sms.

An SMS is a batch to one number. `client_reference` names the delivery (128 characters), and batches are listed by it
(https://developers.sinch.com/sdk/sinch-sdk-node/1.5.0/interfaces/Sms.ListBatchesRequestData.html), so that what may
have been taken is found whatever else was said to that number. Lists go 14 days back.
"""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from services.runtime import clock
from services.sms.answering import ruled
from services.sms.codes import Ruling, Verdict
from services.sms.provider import SINCH, MayGo, MessageResource, Sms
from services.sms.settings import SinchSettings
from services.sms.sinch_codes import rule
from services.sms.wire import Answer, Wire, open_wire

LISTED: Final = timedelta(days=14)
MARGIN: Final = timedelta(days=1)
"""Added to an SMS's age: its reference says which it is, so that clocks need not agree."""
PAGE: Final = 30
_TOO_OLD: Final = Ruling(Verdict.IN_DOUBT, reason="too-old-to-look-up")


@asynccontextmanager
async def open_sinch(settings: SinchSettings, connections: int) -> AsyncIterator["Sinch"]:
    """Sinch, with room for so many messages at once, and as many look-ups."""
    seconds, connect = settings.sinch_timeout_seconds, settings.sinch_connect_seconds
    async with open_wire(2 * connections, seconds=seconds, connect_seconds=connect) as wire:
        yield Sinch(settings, wire)


class Sinch:
    """The batches of one service plan."""

    name = "sinch"
    by_reference = True

    def __init__(self, settings: SinchSettings, wire: Wire) -> None:
        plan, token, self.sender = settings.account()
        self._wire = wire
        self._batches = f"{settings.address()}/xms/v1/{quote(plan, safe='')}/batches"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    @property
    def retry_after(self) -> float | None:
        """Seconds that Sinch asked us to wait when it last said that we go too fast."""
        return self._wire.retry_after

    async def send(self, sms: Sms, may_go: MayGo = lambda: True) -> MessageResource | Ruling:
        """Ask Sinch to send this, once. `may_go` is asked when a connection stands; until then nothing has left."""
        return await ruled(lambda: self._create(sms, may_go))

    async def find(self, sms: Sms, *, age: timedelta, others: Collection[str] = ()) -> MessageResource | Ruling | None:
        """The batch with this SMS's reference; None when there is none."""
        del others
        return _TOO_OLD if age > LISTED else await ruled(lambda: self._find(sms, min(age + MARGIN, LISTED)))

    async def fetch(self, sid: str, to: str) -> MessageResource | Ruling | None:
        """What became of the SMS to this number in the batch of this id; None when Sinch does not know it."""
        return await ruled(lambda: self._fetch(sid.removeprefix(SINCH), to))

    async def ask(self) -> Ruling | None:
        """None when Sinch answers and knows us."""
        answer = await ruled(lambda: self._wire.ask("GET", self._batches, self._headers, params={"page_size": "1"}))
        if isinstance(answer, Ruling):
            return answer
        return None if answer.status == 200 else _refusal(answer)

    def _body(self, sms: Sms) -> bytes:
        body: dict[str, Any] = {"from": self.sender, "to": [sms.to], "body": sms.text, "type": "mt_text"}
        if sms.reference:
            body["client_reference"] = sms.reference
        if sms.callback:
            body |= {"delivery_report": "per_recipient", "callback_url": sms.callback}
        if sms.valid_for is not None:
            body["expire_at"] = _instant(clock.now() + max(sms.valid_for, timedelta(seconds=1)))
        return json.dumps(body).encode()

    async def _create(self, sms: Sms, may_go: MayGo) -> MessageResource | Ruling:
        headers = {**self._headers, "Content-Type": "application/json"}
        answer = await self._wire.post(self._batches, headers, self._body(sms), may_go)
        if not 200 <= answer.status < 300:
            return _refusal(answer)
        return _held(json.loads(answer.text))

    async def _find(self, sms: Sms, age: timedelta) -> MessageResource | Ruling | None:
        """Page by page: of a list that is filtered by the reference there is one; of any other, each is looked at."""
        asked = {"client_reference": sms.reference, "start_date": _instant(clock.now() - age), "page_size": str(PAGE)}
        page = 0
        while True:
            answer = await self._wire.ask("GET", self._batches, self._headers, params={**asked, "page": str(page)})
            if answer.status != 200:
                return _refusal(answer)
            listed = json.loads(answer.text)
            for batch in listed["batches"]:
                if batch.get("client_reference") == sms.reference and not batch.get("canceled"):
                    return _held(batch)
            page += 1
            if not listed["batches"] or page * PAGE >= int(listed["count"]):
                return None

    async def _fetch(self, batch: str, to: str) -> MessageResource | Ruling | None:
        address = f"{self._batches}/{quote(batch, safe='')}/delivery_report/{quote(to, safe='')}"
        answer = await self._wire.ask("GET", address, self._headers)
        if answer.status == 404:
            return None
        if answer.status != 200:
            return _refusal(answer)
        report = json.loads(answer.text)
        return MessageResource(f"{SINCH}{batch}", str(report["status"]).lower(), int(report.get("code") or 0) or None)


def _held(batch: Mapping[str, Any]) -> MessageResource:
    if not isinstance(batch["id"], str):
        raise TypeError("a batch without id")
    return MessageResource(SINCH + batch["id"], "queued", None)


def _refusal(answer: Answer) -> Ruling:
    """The ruling on an answer that is no success; its text may hold the number, and goes no further."""
    try:
        said = json.loads(answer.text)
        code, text = said["code"], str(said.get("text", ""))
    except (ValueError, KeyError, TypeError):
        return rule(answer.status, None, "")
    if not answer.status >= 400:  # a redirect, or a success that is none
        return Ruling(Verdict.CLOSED, answer.status, "unexpected-answer")
    return rule(answer.status, str(code), text)


def _instant(moment: datetime) -> str:
    """ISO 8601 to the millisecond, in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
