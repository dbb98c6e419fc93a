"""A storm of 429s, and two workers in it: few requests are refused, and everyone gets one SMS."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.domain.states import GOOD, State
from services.runtime.postgres import Connection
from services.store import rate_limits
from tests.sms.jobs import NUMBERS, Sent, world
from tests.stack import Twilio
from tests.store.world import connect

pytestmark = [pytest.mark.stack, pytest.mark.long]

FROM = "+15005550006"
MANY = 1_000_000


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """In autocommit, in a database in which nobody holds the sender yet."""
    async with await connect(database_url) as connection:
        await connection.execute("DELETE FROM sms_sender")
        yield connection


@pytest.mark.parametrize("per_second", [0.0, 200.0])
async def test_in_a_storm_two_workers_refuse_little_and_everyone_gets_one(
    twilio: Twilio, database_url: str, connection: Connection, per_second: float
) -> None:
    """Refused: what was under way, and one probe a pause of each worker (1, 2, 4 s …), not what could be fired."""
    async with (
        world(twilio, database_url, connections=10, per_second=per_second) as one,
        world(twilio, database_url, connections=10, per_second=per_second) as other,
    ):
        await asyncio.gather(one.carrier.available(), other.carrier.available())
        twilio.faults({"at": "request", "do": "reply", "code": 429, "count": MANY})
        sending = [
            asyncio.create_task(one.carry(*NUMBERS[:100])),
            asyncio.create_task(other.carry(*NUMBERS[100:200], lane="routine")),
        ]
        await asyncio.sleep(4.0)
        refused = MANY - _left(twilio)
        assert twilio.messages() == []
        twilio.no_faults()
        sent, routine = await asyncio.wait_for(asyncio.gather(*sending), 60)
    assert 2 <= refused <= 20 + 2 * 4
    assert set(sent.states + routine.states) <= GOOD
    assert sorted(message["to"] for message in twilio.messages()) == sorted(NUMBERS[:200])


async def test_what_one_worker_is_told_holds_the_other(
    twilio: Twilio, database_url: str, connection: Connection
) -> None:
    """Also without a rate: the second worker has not seen a 429 itself, and starts nothing while the first waits."""
    async with world(twilio, database_url) as one, world(twilio, database_url) as other:
        await asyncio.gather(one.carrier.available(), other.carrier.available())
        twilio.faults({"at": "request", "do": "reply", "code": 429, "count": 1, "retry_after": 30})
        first = asyncio.create_task(one.carry(NUMBERS[0]))
        await _until_held(connection)
        told, stopped = Sent(), Sent()
        waiting = asyncio.create_task(other.carry(*NUMBERS[1:50], sent=told, may_start=lambda _: not stopped.stopped))
        await asyncio.sleep(0.5)
        assert twilio.messages() == [] and told.results == []
        assert 25 < (await rate_limits.held(connection, FROM)).total_seconds() <= 30
        stopped.stopped = True
        assert (await asyncio.wait_for(waiting, 10)).states == [State.PLANNED] * 49
        first.cancel()
        await asyncio.wait({first})


async def test_a_worker_in_the_middle_of_sending_notices_too(
    twilio: Twilio, database_url: str, connection: Connection
) -> None:
    """A long message is under way when somebody else is told to wait: it stops within the time of a look."""
    twilio.faults({"at": "request", "do": "delay", "delay_seconds": 0.1})
    async with world(twilio, database_url, connections=4) as here:
        sent = Sent()
        sending = asyncio.create_task(here.carry(*NUMBERS[:300], sent=sent))
        while not sent.results:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await rate_limits.hold(connection, FROM, span=timedelta(seconds=60))
        await asyncio.sleep(1.5)
        before = len(sent.results)
        await asyncio.sleep(0.5)
        assert len(sent.results) == before < 300
        sent.stopped = True
        await asyncio.wait_for(sending, 10)
        assert len(twilio.messages()) == before


async def test_when_the_storm_is_over_urgent_goes_first(
    twilio: Twilio, database_url: str, connection: Connection
) -> None:
    """Routine had waited for longer; the alert that came during the storm is told before it."""
    async with world(twilio, database_url, connections=10) as here:
        await here.carrier.available()
        twilio.faults({"at": "request", "do": "reply", "code": 429, "count": 8, "retry_after": 2})
        routine = asyncio.create_task(here.carry(*NUMBERS[:60], lane="routine"))
        await _until_held(connection)
        urgent = asyncio.create_task(here.carry(*NUMBERS[100:105]))
        await asyncio.wait_for(asyncio.gather(routine, urgent), 60)
    order = [message["to"] for message in reversed(twilio.messages())]
    assert set(order[:5]) == set(NUMBERS[100:105])
    assert len(order) == 65


async def test_429_to_a_look_up_holds_all_and_leaves_the_doubt(
    twilio: Twilio, database_url: str, connection: Connection
) -> None:
    """Nothing is known and nothing is guessed; look-ups stop asking, and Twilio is not taken for closed."""
    async with world(twilio, database_url) as here:
        await here.carrier.available()
        twilio.faults(
            {"at": "response", "do": "drop", "count": 30},
            {"at": "lookup", "do": "reply", "code": 429, "count": MANY, "retry_after": 20},
        )
        sent = await here.carry(*NUMBERS[:30], may_start=lambda sent: not sent.results)
        asked = MANY - _left(twilio, "lookup")
        assert here.gate.open
    assert 1 <= asked <= 10
    assert [result.in_doubt for result in sent.results].count(True) == len(twilio.messages())
    assert State.FAILED not in sent.states


async def test_a_hold_has_a_bound_and_does_not_add_up(connection: Connection) -> None:
    """A day in a header, or fifty workers that say the same: five minutes at most."""
    for _ in range(50):
        await rate_limits.hold(connection, FROM, span=timedelta(days=1))
    assert timedelta(minutes=4.9) < await rate_limits.held(connection, FROM) <= rate_limits.LONGEST_HOLD
    await rate_limits.hold(connection, FROM, span=timedelta(seconds=1))
    assert await rate_limits.held(connection, FROM) > timedelta(minutes=4.9)
    assert await rate_limits.held(connection, "another") == timedelta(0)


async def test_with_a_rate_nothing_is_reserved_before_a_hold_is_over(connection: Connection) -> None:
    """So workers of the version before, which know of no holds, keep to them too."""
    await rate_limits.hold(connection, FROM, span=timedelta(seconds=20))
    second = timedelta(seconds=1)
    assert await rate_limits.reserve(connection, FROM, span=second, within=second) is None
    wait = await rate_limits.reserve(connection, FROM, span=second)
    assert wait is not None and wait > 18 * second


def _left(twilio: Twilio, at: str = "request") -> int:
    """How many more times the rule at this moment will strike."""
    with urllib.request.urlopen(f"{twilio.control_url}/faults", timeout=10) as answer:
        return next(int(rule["count"]) for rule in json.load(answer) if rule["at"] == at)


async def _until_held(connection: Connection) -> None:
    async with asyncio.timeout(10):
        while not await rate_limits.held(connection, FROM):  # noqa: ASYNC110  (another process may hold it)
            await asyncio.sleep(0.02)
