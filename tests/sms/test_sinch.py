"""What is asked of Sinch, by its own words, and what its answers mean."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from services.domain.states import State
from services.runtime.errors import Foreseen
from services.sms import outcomes
from services.sms.codes import FALLS_BACK, Ruling, Verdict
from services.sms.provider import MessageResource, Sms
from services.sms.settings import SinchSettings
from services.sms.sinch import PAGE, open_sinch
from services.sms.sinch_codes import CODES, PARAMETERS, REPORTS, rule
from services.store.ledger import Delivery
from tests.sms.jobs import BODY, sinch_settings
from tests.stack import Sinch

pytestmark = pytest.mark.stack

TO = "+32470000001"
SMS = Sms(TO, BODY, "https://x.be/sinch/status?d=1.2&t=a", timedelta(minutes=5), "0199.2")


async def test_a_batch_says_what_sinch_describes(sinch: Sinch) -> None:
    """Names of fields: developers.sinch.com/docs/sms/api-reference/sms/tag/Batches. The stand-in refuses any other."""
    async with open_sinch(sinch_settings(sinch), 1) as api:
        sent = await api.send(SMS)
    [batch] = sinch.messages()
    assert isinstance(sent, MessageResource) and sent.sid == f"sinch:{batch['id']}"
    expected = {
        "from": "CCVO", "to": [TO], "body": BODY, "type": "mt_text", "client_reference": "0199.2",
        "delivery_report": "per_recipient", "callback_url": SMS.callback,
    }  # fmt: skip
    assert expected.items() <= batch.items()
    kept = datetime.fromisoformat(batch["expire_at"]) - datetime.fromisoformat(batch["created_at"])
    assert timedelta(minutes=4, seconds=50) < kept <= timedelta(minutes=5, seconds=1)


async def test_it_is_found_by_our_reference_and_nothing_else(sinch: Sinch) -> None:
    """The same text to the same number, of another message, is not this one."""
    async with open_sinch(sinch_settings(sinch), 1) as api:
        other = Sms(TO, BODY, reference="0199.1")
        await api.send(other)
        assert await api.find(SMS, age=timedelta(seconds=1)) is None
        sent = await api.send(SMS)
        found = await api.find(SMS, age=timedelta(seconds=1))
        assert isinstance(sent, MessageResource) and isinstance(found, MessageResource) and found.sid == sent.sid
        assert await api.find(SMS, age=timedelta(days=20)) == Ruling(Verdict.IN_DOUBT, reason="too-old-to-look-up")


async def test_what_became_of_it_is_read_from_its_report(sinch: Sinch) -> None:
    """One that is not known (any more) is None, and no refusal of anything."""
    sinch.faults({"at": "callback", "do": "fail", "code": 27})
    async with open_sinch(sinch_settings(sinch), 1) as api:
        sent = await api.send(Sms(TO, BODY))
        assert isinstance(sent, MessageResource)
        async with asyncio.timeout(10):
            while sinch.messages()[0]["status"] != "Failed":  # noqa: ASYNC110  (another process moves it on)
                await asyncio.sleep(0.05)
        assert await api.fetch(sent.sid, TO) == MessageResource(sent.sid, "failed", 27)
        assert await api.fetch("sinch:01NOTHING", TO) is None
    delivery = Delivery(1, 1, 1, 0, 1, TO, "", "", "", "")
    result = outcomes.taken(delivery, MessageResource(sent.sid, "failed", 27))
    assert (result.state, result.code, result.reason) == (State.BOUNCED, 27, "unreachable")


async def test_a_wrong_token_is_told_by_asking(sinch: Sinch) -> None:
    """`roeland doctor` asks the same."""
    async with open_sinch(sinch_settings(sinch), 1) as api:
        assert await api.ask() is None
    async with open_sinch(sinch_settings(sinch, sinch_api_token=SecretStr("wrong")), 1) as api:
        assert await api.ask() == Ruling(Verdict.CLOSED, 401, "credentials")


@dataclass
class Unfiltered:
    """A Sinch that does not know `client_reference`, and lists what others sent too."""

    batches: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    async def list_(self, request: web.Request) -> web.Response:
        self.asked += 1
        page, size = int(request.query["page"]), int(request.query["page_size"])
        shown = self.batches[page * size : (page + 1) * size]
        return web.json_response({"count": len(self.batches), "page": page, "page_size": size, "batches": shown})


@pytest.fixture
async def unfiltered(unused_tcp_port: int) -> AsyncIterator[Unfiltered]:
    here, app = Unfiltered(), web.Application()
    app.add_routes([web.get("/xms/v1/plan/batches", here.list_)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield here
    await runner.cleanup()


async def test_a_list_that_is_not_filtered_is_read_to_its_end(unfiltered: Unfiltered, unused_tcp_port: int) -> None:
    """`Not on the first page` is not `not there`: else it would be sent a second time."""
    unfiltered.batches = [{"id": f"01{n}", "client_reference": f"other.{n}"} for n in range(3 * PAGE)]
    settings = SinchSettings(
        sinch_service_plan_id="plan", sinch_api_token=SecretStr("t"), sinch_from="CCVO",
        sinch_base_url=f"http://127.0.0.1:{unused_tcp_port}",
    )  # fmt: skip
    async with open_sinch(settings, 1) as api:
        assert await api.find(SMS, age=timedelta(0)) is None
        assert unfiltered.asked == 3
        unfiltered.batches.append({"id": "01X", "client_reference": "0199.2", "canceled": True})
        assert await api.find(SMS, age=timedelta(0)) is None
        unfiltered.batches.append({"id": "01Y", "client_reference": "0199.2"})
        assert await api.find(SMS, age=timedelta(0)) == MessageResource("sinch:01Y", "queued", None)


@pytest.mark.parametrize(
    ("status", "body", "verdict", "reason"),
    [
        (400, ("syntax_invalid_parameter_format", "The format of parameter 'to[0]' is invalid; value '+1' …"),
         Verdict.REFUSED, "invalid-number"),
        (400, ("syntax_invalid_parameter_format", "parameter 'from'"), Verdict.CLOSED, "sender"),
        (400, ("syntax_constraint_violation", "'body' must have 1 to 2000 characters"), Verdict.REFUSED, "too-long"),
        (400, ("syntax_invalid_json", "?"), Verdict.REFUSED, "refused"),
        (403, ("missing_callback_url", ""), Verdict.CLOSED, "callback-address"),
        (403, ("unknown_campaign", ""), Verdict.CLOSED, "sender"),
        (401, None, Verdict.CLOSED, "credentials"),
        (402, None, Verdict.CLOSED, "payment"),
        (404, None, Verdict.CLOSED, "account-not-found"),
        (429, None, Verdict.SLOW_DOWN, "rate-limited"),
        (400, None, Verdict.CLOSED, "unexpected-answer"),
        (302, None, Verdict.CLOSED, "unexpected-answer"),
        (500, None, Verdict.IN_DOUBT, "server-error"),
        (503, ("syntax_invalid_json", ""), Verdict.IN_DOUBT, "server-error"),
    ],
)  # fmt: skip
def test_each_answer_has_one_meaning(status: int, body: tuple[str, str] | None, verdict: Verdict, reason: str) -> None:
    """What is wrong for all closes the gate, so that nobody fails for a setting."""
    ruling = rule(status, *(body or (None, "")))
    assert (ruling.verdict, ruling.reason) == (verdict, reason)


def test_its_words_are_the_ledgers() -> None:
    """Else whoever got none would not be written to by mail."""
    refusals = {word for verdict, word in [*CODES.values(), *PARAMETERS.values()] if verdict is Verdict.REFUSED}
    assert refusals | set(REPORTS.values()) <= set(FALLS_BACK)


def test_half_an_account_is_named_at_the_start() -> None:
    """A second provider that is not there would be missed at the worst moment."""
    assert not SinchSettings().on
    with pytest.raises(Foreseen, match="belong together"):
        assert SinchSettings(sinch_service_plan_id="plan").on
    settings = SinchSettings(
        sinch_service_plan_id="plan", sinch_api_token=SecretStr("t"), sinch_from="CCVO", sinch_region="us"
    )
    assert settings.on and settings.address() == "https://us.sms.api.sinch.com"


async def test_an_answer_that_is_none_leaves_a_doubt(unfiltered: Unfiltered, unused_tcp_port: int) -> None:
    """A page instead of JSON: perhaps taken."""
    settings = SinchSettings(
        sinch_service_plan_id="plan", sinch_api_token=SecretStr("t"), sinch_from="CCVO",
        sinch_base_url=f"http://127.0.0.1:{unused_tcp_port}",
    )  # fmt: skip
    unfiltered.batches = [{"id": json.dumps(1), "client_reference": 3}]
    async with open_sinch(settings, 1) as api:
        assert await api.find(Sms(TO, BODY, reference="0199.9"), age=timedelta(0)) is None
        assert (await api.send(SMS)) == Ruling(Verdict.CLOSED, 405, "unexpected-answer")
