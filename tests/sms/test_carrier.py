"""The carrier against the Twilio stand-in, which misbehaves on purpose. What counts is what the stand-in holds."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.domain.states import GOOD, State
from services.fanout.retry import ENOUGH
from services.sms.provider import Sms
from services.sms.settings import TwilioSettings
from services.sms.twilio import open_twilio
from tests.sms.jobs import BODY, NUMBERS, Sent, job, world
from tests.stack import Twilio

pytestmark = pytest.mark.stack

ONE = NUMBERS[0]


async def test_every_sms_is_accepted_once_with_its_slots_filled(twilio: Twilio, database_url: str) -> None:
    """The ledger learns Twilio's id and when its answer was read."""
    before = datetime.now(UTC)
    async with world(twilio, database_url) as here:
        sent = await here.carry(*NUMBERS[:50])
    held = {message["sid"]: message for message in twilio.messages()}
    assert sent.states == [State.ACCEPTED] * 50
    assert {result.provider_id for result in sent.results} == set(held)
    assert {message["to"] for message in held.values()} == set(NUMBERS[:50])
    assert {message["body"] for message in held.values()} == {BODY}
    assert all(result.handed_over and result.at and result.at >= before for result in sent.results)


async def test_refused_numbers_fail_alone_each_with_its_code(twilio: Twilio, database_url: str) -> None:
    """Twilio's own magic numbers: invalid, unreachable, region, opted out, not a mobile; the rest is sent."""
    magic = [f"+1500555000{n}" for n in (1, 2, 3, 4, 9)]
    async with world(twilio, database_url) as here:
        sent = await here.carry(*magic, ONE, None)
    assert sent.states == [State.FAILED] * 5 + [State.ACCEPTED, State.SUPPRESSED]
    by_sequence = sorted(sent.results, key=lambda result: result.sequence)
    assert [(result.code, result.reason) for result in by_sequence[:5]] == [
        (21211, "invalid-number"), (21612, "unreachable"), (21408, "region-not-enabled"),
        (21610, "opted-out"), (21614, "not-mobile"),
    ]  # fmt: skip
    assert [message["to"] for message in twilio.messages()] == [ONE]


async def test_too_fast_slows_down_and_nobody_fails(twilio: Twilio, database_url: str) -> None:
    """429 hands nothing over: all are sent once when it is over."""
    twilio.faults({"at": "request", "do": "reply", "code": 429, "count": 8})
    async with world(twilio, database_url) as here:
        sent = await here.carry(*NUMBERS[:30])
    assert sent.states == [State.ACCEPTED] * 30
    assert len(twilio.messages()) == 30


@pytest.mark.parametrize(
    "fault",
    [
        {"at": "response", "do": "reply", "code": 503},  # stored, and answered as if not
        {"at": "response", "do": "drop"},
        {"at": "response", "do": "forget"},  # hangs until our timeout
        {"at": "request", "do": "reply", "code": 500},  # not stored
        {"at": "request", "do": "drop"},
        {"at": "request", "do": "forget"},
        {"at": "connect", "do": "drop"},
    ],
)
async def test_an_sms_without_an_answer_is_looked_up_and_never_sent_twice(
    twilio: Twilio, database_url: str, fault: dict[str, Any]
) -> None:
    """Whether Twilio stored it or not before the answer went missing: everyone gets exactly one."""
    async with world(twilio, database_url) as here:
        await here.carrier.available()
        twilio.faults({**fault, "count": 3})
        sent = await here.carry(*NUMBERS[:10])
    assert set(sent.states) <= GOOD and len(sent.states) == 10  # by the time of the look-up it may have arrived
    held = twilio.messages()
    assert sorted(message["to"] for message in held) == sorted(NUMBERS[:10])
    assert {result.provider_id for result in sent.results} == {message["sid"] for message in held}


async def test_when_the_look_up_fails_too_it_stays_in_doubt(twilio: Twilio, database_url: str) -> None:
    """Nothing is sent on a guess; the doubt is recorded, and the next claim looks it up."""
    async with world(twilio, database_url) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": "drop"}, {"at": "lookup", "do": "reply", "code": 503})
        sent = await here.carry(ONE)
        assert (sent.only.state, sent.only.in_doubt, sent.only.handed_over) == (State.DEFERRED, True, True)
        assert here.health.is_down("twilio")
        twilio.no_faults()
        again = await here.carry(ONE, doubts=1, released_at=datetime.now(UTC) - timedelta(minutes=1))
    assert again.only.state is not State.DEFERRED
    assert again.only.provider_id == twilio.messages()[0]["sid"]
    assert len(twilio.messages()) == 1


async def test_in_doubt_to_the_end_of_the_horizon_is_unknown(twilio: Twilio, database_url: str) -> None:
    """Then, and only then, someone has to call."""
    async with world(twilio, database_url, horizon=timedelta(0)) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": "drop"}, {"at": "lookup", "do": "drop"})
        assert (await here.carry(ONE, tries=ENOUGH)).only.state is State.UNKNOWN


async def test_refused_for_now_to_the_end_of_the_horizon_has_failed(twilio: Twilio, database_url: str) -> None:
    """A server that never takes it, and surely does not have it."""
    async with world(twilio, database_url, horizon=timedelta(0)) as here:
        await here.carrier.available()
        twilio.faults({"at": "request", "do": "reply", "code": 500})
        sent = await here.carry(ONE, tries=ENOUGH)
    assert (sent.only.state, sent.only.in_doubt) == (State.FAILED, False)


async def test_after_an_outage_longer_than_the_horizon_the_first_no_is_not_the_last(
    twilio: Twilio, database_url: str
) -> None:
    """Twilio was away for hours, and stumbles over the first request: everybody gets as many attempts as any other."""
    async with world(twilio, database_url, horizon=timedelta(0)) as here:
        await here.carrier.available()
        twilio.faults({"at": "request", "do": "reply", "code": 500})
        sent = await here.carry(ONE, tries=ENOUGH - 1)
    assert sent.only.state is State.DEFERRED


@pytest.mark.parametrize("stopped", [False, True])
async def test_what_a_dead_worker_sent_is_found_also_after_a_stop(
    twilio: Twilio, database_url: str, stopped: bool
) -> None:
    """Taken over with a doubt: found, and recorded with its fate by now; also when nothing may be sent any more."""
    async with world(twilio, database_url) as here:
        first = (await here.carry(ONE)).only
        twilio.faults({"at": "request", "do": "reply", "code": 400})
        sent = await here.carry(ONE, doubts=1, sent=Sent(stopped=stopped))
    assert sent.only.state in {State.ACCEPTED, State.DELIVERED}
    assert (sent.only.provider_id, sent.only.handed_over) == (first.provider_id, False)


async def test_what_a_dead_worker_did_not_send_is_sent_now_and_is_no_duplicate(
    twilio: Twilio, database_url: str
) -> None:
    """Not found, after a moment: the fate of the first is known, so the second counts as the first."""
    async with world(twilio, database_url) as here:
        sent = await here.carry(*NUMBERS[:40], doubts=1)
    assert sent.states == [State.ACCEPTED] * 40
    assert not any(result.handed_over for result in sent.results)
    assert len(twilio.messages()) == 40


async def test_what_may_not_be_sent_any_more_is_looked_up_and_given_back(twilio: Twilio, database_url: str) -> None:
    """Stopped, and Twilio does not have it: nothing goes out."""
    async with world(twilio, database_url) as here:
        sent = await here.carry(*NUMBERS[:3], doubts=1, sent=Sent(stopped=True))
    assert sent.states == [State.PLANNED] * 3
    assert twilio.messages() == []


async def test_an_older_sms_with_the_same_text_is_not_taken_for_this_one(twilio: Twilio, database_url: str) -> None:
    """Last week's exercise said the same to the same number. Durations are compared, not clocks."""
    async with world(twilio, database_url) as here:
        old = (await here.carry(ONE)).only
        sent = await here.carry(ONE, doubts=1, released_at=datetime.now(UTC) + timedelta(seconds=10))
    assert sent.only.state is State.ACCEPTED
    assert sent.only.provider_id != old.provider_id


async def test_a_look_up_reads_on_past_the_first_page(twilio: Twilio, database_url: str) -> None:
    """A number that gets much: the one we look for is on the second page."""
    async with world(twilio, database_url, twilio_timeout_seconds=5.0) as here:
        first = (await here.carry(ONE)).only
        async with open_twilio(_settings(twilio), 10) as other:
            await asyncio.gather(*(other.send(Sms(ONE, f"Ander bericht {n}")) for n in range(60)))
        found = await here.carry(ONE, doubts=1)
    assert found.only.provider_id == first.provider_id


async def test_wrong_credentials_fail_nobody_and_raise_one_alarm(twilio: Twilio, database_url: str) -> None:
    """All wait until someone mends the token; the health page says which setting."""
    async with world(twilio, database_url, twilio_auth_token=SecretStr("wrong")) as here:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await here.carrier.available()
        here.gate.open = True  # as if the token was taken back in mid-flight
        sent = Sent()
        await here.carrier.carry_out(job(sent, *NUMBERS[:40]))
        assert sent.states == [State.PLANNED] * 40
        assert not here.gate.open
        assert here.health.is_down("twilio")


async def test_twilio_away_gives_back_and_goes_on_by_itself(twilio: Twilio, database_url: str) -> None:
    """Refused connections hand nothing over; when Twilio is back, so are we."""
    async with world(twilio, database_url) as here:
        twilio.faults({"at": "connect", "do": "refuse"})
        here.gate.open = True  # as if it went away in mid-flight
        away = Sent()
        await here.carrier.carry_out(job(away, *NUMBERS[1:4]))
        assert away.states == [State.PLANNED] * 3
        waiting = asyncio.create_task(here.carrier.available())
        await asyncio.sleep(0.7)
        assert not waiting.done()
        twilio.no_faults()
        await asyncio.wait_for(waiting, 8)
        assert (await here.carry(*NUMBERS[1:4])).states == [State.ACCEPTED] * 3
    assert len(twilio.messages()) == 3


async def test_after_a_stop_nothing_more_starts(twilio: Twilio, database_url: str) -> None:
    """At most what was already under way goes out; the ledger and Twilio agree to the last one."""
    twilio.faults({"at": "request", "do": "delay", "delay_seconds": 0.05})
    async with world(twilio, database_url, connections=5) as here:
        sent = await here.carry(*NUMBERS[:60], may_start=lambda sent: len(sent.results) < 20)
    assert sent.states.count(State.ACCEPTED) == len(twilio.messages()) <= 25
    assert sent.states.count(State.PLANNED) == 60 - len(twilio.messages())


async def test_cut_off_in_the_middle_reports_what_is_in_hand(twilio: Twilio, database_url: str) -> None:
    """The service ends: what was handed over without an answer is in doubt, the rest is given back."""
    async with world(twilio, database_url, connections=4, twilio_timeout_seconds=30.0) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": "forget"})
        sent = Sent()
        task = asyncio.create_task(here.carrier.carry_out(job(sent, *NUMBERS[:20])))
        async with asyncio.timeout(5):
            while len(twilio.messages()) < 4:  # noqa: ASYNC110  (the stand-in is another process)
                await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait({task})
    assert len(sent.results) == 20
    assert [result.in_doubt for result in sorted(sent.results, key=lambda r: r.sequence)] == [True] * 4 + [False] * 16
    assert sent.states == [State.DEFERRED] * 4 + [State.PLANNED] * 16


@pytest.mark.parametrize("per_second", [20.0, 2.5])
async def test_all_workers_together_keep_to_the_senders_rate(
    twilio: Twilio, database_url: str, per_second: float
) -> None:
    """Two workers, one sender: so many per second in all, spread evenly, and no less than that."""
    count = int(per_second)
    async with (
        world(twilio, database_url, per_second=per_second) as one,
        world(twilio, database_url, per_second=per_second) as other,
    ):
        await asyncio.gather(one.carrier.available(), other.carrier.available())
        began = time.monotonic()
        await asyncio.gather(one.carry(*NUMBERS[:count]), other.carry(*NUMBERS[count : 2 * count]))
        took = time.monotonic() - began
    assert len(twilio.messages()) == 2 * count
    assert (2 * count - 1) / per_second - 0.3 <= took <= 2 * count / per_second + 10.0


async def test_urgent_goes_before_routine_under_the_rate(twilio: Twilio, database_url: str) -> None:
    """A long routine message at ten a second holds an urgent one up by no more than what was already reserved."""
    async with world(twilio, database_url, per_second=10) as here:
        routine = Sent()
        going = asyncio.create_task(here.carry(*NUMBERS[:200], lane="routine", sent=routine))
        await asyncio.sleep(1.0)
        began = time.monotonic()
        await here.carry(*NUMBERS[200:205])
        took = time.monotonic() - began
        routine.stopped = True
        await going
    assert took < 1.2
    assert 5 <= routine.states.count(State.ACCEPTED) <= 30


async def test_nothing_personal_is_logged(twilio: Twilio, database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Twilio's errors and the SDK's own lines hold numbers and texts; ours hold codes."""
    caplog.set_level("DEBUG")
    twilio.faults({"at": "response", "do": "drop", "count": 2})
    async with world(twilio, database_url) as here:
        await here.carry("+15005550001", "+15005550004", *NUMBERS[:3])
        twilio.faults({"at": "request", "do": "reply", "code": 401})
        await here.carry(*NUMBERS[3:5])
    said = caplog.text + str([record.__dict__ for record in caplog.records])
    assert not [secret for secret in (*NUMBERS[:5], "+1500555", "Peer Janssens", twilio.auth_token) if secret in said]


def _settings(twilio: Twilio) -> TwilioSettings:
    return TwilioSettings(
        twilio_account_sid=twilio.account_sid, twilio_auth_token=SecretStr(twilio.auth_token),
        twilio_base_url=twilio.url, twilio_from="+15005550006",
    )  # fmt: skip
