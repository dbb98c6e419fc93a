"""Two providers: the second carries while the first does not, and nobody ever gets an SMS through both."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.domain.states import GOOD, State
from services.runtime.postgres import DatabaseSettings, open_pool
from services.sms.provider import provider_of
from services.store import alarms
from tests.situation.running import eventually
from tests.sms.jobs import NUMBERS, Sent, World, job, world
from tests.stack import Sinch, Twilio

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

ONE = NUMBERS[0]
GONE = {"at": "connect", "do": "refuse"}
MUTE = {"at": "lookup", "do": "drop"}
"""Beside `GONE`: connections that stand are not cut."""


def held(twilio: Twilio, sinch: Sinch) -> Counter[str]:
    """How many SMS each number has, at both together."""
    return Counter([m["to"] for m in twilio.messages()] + [m["to"][0] for m in sinch.messages()])


async def test_while_the_first_is_well_the_second_gets_nothing(twilio: Twilio, sinch: Sinch, database_url: str) -> None:
    """It costs money, and its sender is not the one that people know."""
    async with world(twilio, database_url, sinch=sinch) as here:
        sent = await here.carry(*NUMBERS[:20])
    assert set(sent.states) <= GOOD and len(twilio.messages()) == 20
    assert sinch.messages() == []


async def test_when_the_first_is_away_the_second_carries_all(twilio: Twilio, sinch: Sinch, database_url: str) -> None:
    """Nothing is handed over to a provider that cannot be reached, so that all may go another way."""
    twilio.faults(GONE)
    async with world(twilio, database_url, sinch=sinch) as here:
        sent = await here.carry(*NUMBERS[:20])
    assert set(sent.states) <= GOOD and held(twilio, sinch) == Counter(NUMBERS[:20])
    assert {provider_of(result.provider_id or "") for result in sent.results} == {"sinch"}
    assert {result.provider_id for result in sent.results} == {f"sinch:{m['id']}" for m in sinch.messages()}


@pytest.mark.parametrize(("status", "error"), [(401, 20003), (403, 30002)])
async def test_money_that_is_finished_sends_everything_the_other_way_at_once(
    twilio: Twilio, sinch: Sinch, database_url: str, status: int, error: int
) -> None:
    """Nobody mends that within seconds. It rings its own alarm, not the channel's."""
    twilio.faults({"at": "request", "do": "reply", "code": status, "error": error})
    async with world(twilio, database_url, sinch=sinch, after=60, back=60) as here:
        first = await here.carry(ONE)
        assert (first.only.state, first.only.handed_over) == (State.PLANNED, False)
        sent = await here.carry(ONE)
        assert sent.only.state in GOOD
        assert [message["to"] for message in sinch.messages()] == [[ONE]]
        await eventually(lambda: _standing(database_url, {(alarms.PROVIDER_OUT, "sms/twilio")}))


async def test_errors_above_the_threshold_send_what_is_new_the_other_way(
    twilio: Twilio, sinch: Sinch, database_url: str
) -> None:
    """5xx to every POST, while look-ups work: what is in doubt is cleared up where it may be, and goes elsewhere."""
    twilio.faults({"at": "request", "do": "reply", "code": 500})
    async with world(twilio, database_url, sinch=sinch, back=60) as here:
        sent = await _until_settled(here, NUMBERS[:40])
    assert set(sent) <= GOOD
    assert held(twilio, sinch) == Counter(NUMBERS[:40])
    assert len(sinch.messages()) == 40


async def test_what_the_first_may_have_is_never_sent_through_the_second(
    twilio: Twilio, sinch: Sinch, database_url: str
) -> None:
    """Taken, the answer lost, and then it cannot be asked: it waits for that one, however well the other does."""
    async with world(twilio, database_url, sinch=sinch) as here:
        await here.carrier.available()
        twilio.faults({"at": "response", "do": "drop"}, {"at": "lookup", "do": "drop"})
        lost = await here.carry(ONE)
        assert (lost.only.state, lost.only.in_doubt) == (State.DEFERRED, True)
        twilio.faults(GONE, MUTE)
        await asyncio.sleep(0.7)
        other = await here.carry(None, NUMBERS[1])  # somebody else is told through the second
        assert {result.provider_id for result in other.results} == {None, f"sinch:{sinch.messages()[0]['id']}"}
        still = await here.carry(ONE, doubts=1)
        assert (still.only.state, still.only.in_doubt) == (State.DEFERRED, True)
        assert [message["to"] for message in sinch.messages()] == [[NUMBERS[1]]]
        twilio.no_faults()
        await eventually(lambda: _is_open(here))
        found = await here.carry(ONE, doubts=1)
    assert found.only.provider_id == twilio.messages()[0]["sid"]
    assert held(twilio, sinch) == Counter([ONE, NUMBERS[1]])


@pytest.mark.parametrize("first_has_it", [True, False])
async def test_an_heir_asks_both(twilio: Twilio, sinch: Sinch, database_url: str, first_has_it: bool) -> None:
    """After kill -9 nobody knows which provider it went to: it is found where it is, and sent to nobody again."""
    if not first_has_it:
        twilio.faults(GONE)
    async with world(twilio, database_url, sinch=sinch) as before:
        first = (await before.carry(ONE)).only
    twilio.no_faults()
    async with world(twilio, database_url, sinch=sinch) as heir:
        await eventually(lambda: _all_open(heir))
        sent = await heir.carry(ONE, doubts=1)
    assert sent.only.provider_id == first.provider_id
    assert held(twilio, sinch) == Counter([ONE])


async def test_an_heir_sends_nothing_while_one_of_the_two_cannot_be_asked(
    twilio: Twilio, sinch: Sinch, database_url: str
) -> None:
    """Not at the one that answers; perhaps at the other."""
    async with world(twilio, database_url, sinch=sinch) as here:
        await eventually(lambda: _all_open(here))
        sinch.faults(GONE, MUTE)
        sent = await here.carry(ONE, doubts=1)
        assert (sent.only.state, sent.only.in_doubt) == (State.DEFERRED, True)
        sinch.no_faults()
        await eventually(lambda: _all_open(here))
        sent = await here.carry(ONE, doubts=1)
    assert sent.only.state in GOOD
    assert held(twilio, sinch) == Counter([ONE])


async def test_the_first_is_used_again_by_itself_with_a_few_before_all(
    twilio: Twilio, sinch: Sinch, database_url: str
) -> None:
    """And as long as these fail it is left alone for longer each time."""
    twilio.faults(GONE)
    async with world(twilio, database_url, sinch=sinch, back=0.5, connections=1) as here:
        await here.carry(ONE)
        twilio.no_faults()
        sent = Sent()
        for number in NUMBERS[1:]:
            await here.carry(number, sent=sent)
            if not here.switch.trunks[0].breaker.tripped:
                break
            await asyncio.sleep(0.05)
        last = await here.carry(*NUMBERS[350:360])
    assert {provider_of(result.provider_id or "") for result in last.results} == {"twilio"}
    assert [m["to"][0] for m in sinch.messages()], "not at the moment at which it answered"
    assert max(held(twilio, sinch).values()) == 1


async def test_when_both_are_down_there_is_one_alarm_and_nothing_is_claimed(
    twilio: Twilio, sinch: Sinch, database_url: str
) -> None:
    """`cannot-send` of `sms`: what falls back to mail for everybody goes by it. It ends when one of them is back."""
    twilio.faults(GONE)
    sinch.faults(GONE)
    async with world(twilio, database_url, sinch=sinch) as here:
        waiting = asyncio.create_task(here.carrier.available())
        await eventually(lambda: _standing(database_url, {(alarms.CANNOT_SEND, "sms")}))
        assert not waiting.done()
        sinch.no_faults()
        await asyncio.wait_for(waiting, 15)
        await eventually(lambda: _standing(database_url, set()))


@pytest.mark.parametrize("at", ["request", "response"])
@pytest.mark.parametrize("do", [{"do": "reply", "code": 503}, {"do": "drop"}])
async def test_the_second_loses_and_doubles_nothing_either(
    twilio: Twilio, sinch: Sinch, database_url: str, at: str, do: dict[str, Any]
) -> None:
    """Whether Sinch stored it or not before the answer went missing: found by our reference, or sent once more."""
    twilio.faults(GONE)
    async with world(twilio, database_url, sinch=sinch, share=1) as here:
        await here.carrier.available()
        sinch.faults({"at": at, **do, "count": 3})
        sent = await _until_settled(here, NUMBERS[:10])
    assert set(sent) <= GOOD
    assert held(twilio, sinch) == Counter(NUMBERS[:10])


@pytest.mark.parametrize("seed", range(3))
async def test_under_faults_at_both_nobody_gets_two_and_everybody_one(
    twilio: Twilio, sinch: Sinch, database_url: str, seed: int
) -> None:
    """Lost answers, 5xx, outages of one and then the other, and workers that die in the middle of it."""
    chance = random.Random(seed)
    numbers = NUMBERS[:40]
    open_, doubts = set(numbers), Counter[str]()
    for _ in range(4):
        for stand_in in (twilio, sinch):
            stand_in.faults(*_some(chance))
        async with world(twilio, database_url, sinch=sinch, after=0.2, back=0.3) as here:
            await _claim(here, open_, doubts, cut_off=chance.random() < 0.5)
    twilio.no_faults()
    sinch.no_faults()
    async with world(twilio, database_url, sinch=sinch, after=0.2, back=0.3) as here:
        await eventually(lambda: _all_open(here))
        for _ in range(5):
            await _claim(here, open_, doubts, cut_off=False)
    assert not open_
    assert held(twilio, sinch) == Counter(numbers)


def _some(chance: random.Random) -> list[dict[str, Any]]:
    at = chance.choice(["request", "response"])
    return chance.choice([
        [],
        [GONE],
        [{"at": at, "do": "drop", "probability": 0.4}],
        [{"at": at, "do": "reply", "code": 503, "probability": 0.6}],
        [{"at": "response", "do": "drop", "probability": 0.5}, {"at": "lookup", "do": "drop", "probability": 0.5}],
        [{"at": "request", "do": "reply", "code": 401, "probability": 0.3}],
    ])  # fmt: skip


async def _claim(here: World, open_: set[str], doubts: Counter[str], *, cut_off: bool) -> None:
    """One claim of all that are open, as the ledger hands it out; cut off, it is as if the worker had been killed."""
    numbers = sorted(open_)
    if not numbers:
        return
    sent = Sent()
    claim = job(sent, *numbers, released_at=datetime.now(UTC) - timedelta(minutes=1), by_number=doubts)
    carrying = asyncio.create_task(here.carrier.carry_out(claim))
    done, _ = await asyncio.wait({carrying}, timeout=0.3 if cut_off else 20)
    if not done:
        carrying.cancel()
        await asyncio.wait({carrying})
        if cut_off:  # of what it had in hand, nobody heard
            doubts.update(dict.fromkeys(numbers, 1))
            return
    for result in sent.results:
        number = NUMBERS[result.sequence - 1]
        doubts[number] = int(result.in_doubt) + (0 if result.cleared else doubts[number])
        if result.state in GOOD:
            open_.discard(number)


async def _until_settled(here: World, numbers: list[str]) -> list[State]:
    """Claim again what was given back or deferred, as a worker does, until all is known."""
    open_, doubts = set(numbers), Counter[str]()
    for _ in range(30):
        await here.carrier.available()
        await _claim(here, open_, doubts, cut_off=False)
        if not open_:
            return [State.ACCEPTED] * len(numbers)
    raise AssertionError(f"{len(open_)} are open")


async def _is_open(here: World) -> bool:
    return here.gate.open


async def _all_open(here: World) -> bool:
    return all(trunk.gate.open for trunk in here.switch.trunks)


async def _standing(database_url: str, wanted: set[tuple[str, str]]) -> bool:
    async with (
        open_pool(DatabaseSettings(database_url=SecretStr(database_url))) as pool,
        pool.connection() as connection,
    ):
        return {(each.kind, each.subject) for each in await alarms.rung(connection)} == wanted
