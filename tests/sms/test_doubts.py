"""Doubt under load: what may have been sent is looked up, and holds nobody else up."""

import asyncio
import time
from dataclasses import replace

import pytest

from services.domain.states import GOOD, State
from services.fanout.carrier import Job
from services.store.ledger import Delivery
from tests.sms.jobs import NUMBERS, Sent, job, world
from tests.stack import Twilio

pytestmark = [pytest.mark.long, pytest.mark.stack]


@pytest.mark.parametrize("fault", ["drop", "forget", "reply"])
async def test_under_load_with_one_answer_in_ten_lost_everyone_gets_exactly_one(
    twilio: Twilio, database_url: str, fault: str
) -> None:
    """Stored, and not answered, in two hundred: found by their numbers, none sent again, no possible duplicate."""
    async with world(twilio, database_url, connections=20) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": fault, "code": 500, "probability": 0.1})
        sent = await here.carry(*NUMBERS[:200])
    held = twilio.messages()
    assert set(sent.states) <= GOOD
    assert sorted(message["to"] for message in held) == sorted(NUMBERS[:200])
    assert {result.provider_id for result in sent.results} == {message["sid"] for message in held}
    assert not any(result.in_doubt for result in sent.results)


async def test_look_ups_hold_nobody_else_up(twilio: Twilio, database_url: str) -> None:
    """Every line had an answer lost and Twilio's lists are slow: the others are sent meanwhile."""
    async with world(twilio, database_url, connections=4, twilio_timeout_seconds=20.0) as here:
        await here.carrier.available()
        twilio.faults(
            {"at": "response", "do": "drop", "count": 4}, {"at": "lookup", "do": "delay", "delay_seconds": 5.0}
        )
        sent = Sent()
        carrying = asyncio.create_task(here.carry(*NUMBERS[:60], sent=sent))
        async with asyncio.timeout(4.5):
            while len(sent.results) < 56:  # noqa: ASYNC110  (the stand-in is another process)
                await asyncio.sleep(0.02)
        await carrying
    assert set(sent.states) <= GOOD and len(sent.states) == 60
    assert len(twilio.messages()) == 60


async def test_a_slow_look_up_still_finds_it(twilio: Twilio, database_url: str) -> None:
    """Twilio takes longer over its list than the margin between clocks: what it made is not taken for an older one."""
    async with world(twilio, database_url, twilio_timeout_seconds=20.0) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": "drop"}, {"at": "lookup", "do": "delay", "delay_seconds": 7.5})
        sent = await here.carry(NUMBERS[0])
    assert sent.states[0] in GOOD
    assert len(twilio.messages()) == 1


async def test_what_was_never_in_doubt_is_not_held_up_by_what_a_dead_worker_left(
    twilio: Twilio, database_url: str
) -> None:
    """A batch taken over: those in doubt are looked up, the others go out at once, on the same few lines."""
    async with world(twilio, database_url, connections=2, twilio_timeout_seconds=20.0) as here:
        await here.carrier.available()
        twilio.faults({"at": "lookup", "do": "delay", "delay_seconds": 5.0})
        sent = Sent()
        mixed = _some_in_doubt(sent, every=2)
        carrying = asyncio.create_task(here.carrier.carry_out(mixed))
        async with asyncio.timeout(4.5):
            while len(sent.results) < 10:  # noqa: ASYNC110  (the stand-in is another process)
                await asyncio.sleep(0.02)
        assert all(result.sequence % 2 for result in sent.results)
        twilio.no_faults()
        await carrying
    assert len(sent.results) == 20
    assert len(twilio.messages()) == 20


@pytest.mark.parametrize(("doubts", "state"), [(0, State.SUPPRESSED), (1, State.UNKNOWN)])
async def test_a_number_erased_after_a_doubt_is_unknown(
    twilio: Twilio, database_url: str, doubts: int, state: State
) -> None:
    """An earlier attempt may have been sent, and there is no number left to look it up by: somebody must call."""
    async with world(twilio, database_url) as here:
        sent = await here.carry(None, doubts=doubts)
    assert (sent.only.state, sent.only.reason, sent.only.cleared) == (state, "no-number", False)


async def test_a_refusal_after_a_doubt_stands_because_a_look_up_cleared_the_doubt(
    twilio: Twilio, database_url: str
) -> None:
    """Failed means that it surely was not sent: so it is looked up first, and not found."""
    async with world(twilio, database_url) as here:
        sent = await here.carry("+15005550001", doubts=1)
    assert (sent.only.state, sent.only.code, sent.only.cleared) == (State.FAILED, 21211, True)


async def test_a_refusal_while_nothing_can_be_looked_up_says_nothing_of_the_first(
    twilio: Twilio, database_url: str
) -> None:
    """It is not even sent: the doubt stays, and the next claim asks again."""
    async with world(twilio, database_url) as here:
        await here.carrier.available()
        twilio.faults({"at": "lookup", "do": "reply", "code": 503})
        sent = await here.carry("+15005550001", doubts=1)
    assert (sent.only.state, sent.only.in_doubt, sent.only.cleared) == (State.DEFERRED, True, False)


async def test_cut_off_during_a_look_up_stays_in_doubt(twilio: Twilio, database_url: str) -> None:
    """The service ends while Twilio is being asked: every delivery has one result, and none is guessed."""
    async with world(twilio, database_url, connections=4, twilio_timeout_seconds=20.0) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": "drop", "count": 3}, {"at": "lookup", "do": "forget"})
        sent = Sent()
        carrying = asyncio.create_task(here.carry(*NUMBERS[:10], sent=sent))
        async with asyncio.timeout(10):
            while len(sent.results) < 7:  # noqa: ASYNC110  (the stand-in is another process)
                await asyncio.sleep(0.02)
        carrying.cancel()
        await asyncio.wait({carrying})
    assert len(sent.results) == 10
    assert sum(result.in_doubt for result in sent.results) == 3
    assert sum(result.state is State.ACCEPTED for result in sent.results) == 7


async def test_an_opening_is_said_before_the_request_leaves_and_only_then(twilio: Twilio, database_url: str) -> None:
    """The crash journal: what was opened may be with Twilio; what has no number, or waits its turn, is not."""
    async with world(twilio, database_url, connections=1) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": "forget"})
        sent, opened = Sent(), list[int]()
        one = _opening(job(sent, NUMBERS[0], None, *NUMBERS[1:4]), opened)
        carrying = asyncio.create_task(here.carrier.carry_out(one))
        deadline = time.monotonic() + 10
        while not twilio.messages():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        assert opened == [1]
        carrying.cancel()
        await asyncio.wait({carrying})
    assert opened == [1]
    assert [result.in_doubt for result in sorted(sent.results, key=lambda r: r.sequence)] == [True] + [False] * 4


def _opening(one: Job, opened: list[int]) -> Job:
    def note(delivery: Delivery) -> None:
        opened.append(delivery.sequence)

    return replace(one, opening=note)


def _some_in_doubt(sent: Sent, *, every: int) -> Job:
    whole = job(sent, *NUMBERS[:20])
    deliveries = tuple(
        replace(delivery, doubts=int(delivery.sequence % every == 0)) for delivery in whole.claim.deliveries
    )
    return replace(whole, claim=replace(whole.claim, deliveries=deliveries))
