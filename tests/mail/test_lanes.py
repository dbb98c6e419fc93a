"""Urgent mail does not wait for routine mail."""

import asyncio

import pytest
from pydantic import SecretStr

from services.domain.states import State
from services.mail.pool import Pool
from services.mail.relay import opener
from services.mail.settings import MailSettings
from tests.mail.jobs import carrier, job, people
from tests.mail.relays import Relay, until

pytestmark = pytest.mark.usefixtures("way")


async def test_urgent_finds_a_connection_while_routine_fills_the_rest(relay: Relay) -> None:
    """Routine mails hang in the relay's hands; the connection that they may not take is there for an alert."""
    relay.faults.put({"at": "after-body", "do": "forget", "match": "^p"})
    sending = carrier(relay.url(), smtp_answer_seconds=30)
    routine, _ = job(people(50), lane="routine")
    slow = asyncio.create_task(sending.carry_out(routine))
    await until(lambda: len(relay.mails()) >= 3)
    relay.faults.put([])
    urgent, reports = job(people(20, first=100))
    await asyncio.wait_for(sending.carry_out(urgent), 2)
    assert set(reports.states().values()) == {State.ACCEPTED}
    slow.cancel()


async def test_routine_gives_way_and_goes_on_afterwards(relay: Relay) -> None:
    """While urgent mails wait, routine finishes what is under way and begins nothing: it adds nothing to an alert."""
    relay.faults.put({"at": "after-body", "do": "delay", "delay_seconds": 0.02})
    sending = carrier(relay.url())
    routine, slow = job(people(60), lane="routine")
    first = asyncio.create_task(sending.carry_out(routine))
    await until(lambda: len(slow.results) >= 6)
    before = len(slow.results)
    urgent, reports = job(people(60, first=100))
    await sending.carry_out(urgent)
    meanwhile = len(slow.results) - before
    assert set(reports.states().values()) == {State.ACCEPTED}
    assert meanwhile <= 12  # two on each connection, and what begins again while the last urgent ones end
    await first
    assert set(slow.states().values()) == {State.ACCEPTED}


async def test_two_jobs_share_the_pool(relay: Relay) -> None:
    """Several claims are in hand at once; together they use no more connections than the settings allow."""
    sending = carrier(relay.url())
    works = [job(people(25, first=100 * number), lane=lane) for number, lane in enumerate(("urgent", "routine") * 2)]
    await asyncio.gather(*(sending.carry_out(work) for work, _ in works))
    assert all(set(reports.states().values()) == {State.ACCEPTED} for _, reports in works)
    assert len(relay.mails()) == 100
    assert len(relay.conversations) <= 4


async def test_a_waiter_that_gives_up_leaves_its_place_to_others(relay: Relay) -> None:
    """Cancelling one job must not cost the pool a connection for ever."""
    relay.faults.put({"at": "after-body", "do": "delay", "delay_seconds": 0.02, "count": 40})
    sending = carrier(relay.url(), smtp_connections=2)
    for number in range(5):
        one, _ = job(people(10, first=100 * number))
        two, reports = job(people(10, first=100 * number + 50))
        tasks = [asyncio.create_task(sending.carry_out(work)) for work in (one, two)]
        await asyncio.sleep(0.03)
        tasks[0].cancel()
        await asyncio.wait_for(tasks[1], 5)
        assert set(reports.states().values()) == {State.ACCEPTED}


async def test_a_turn_that_comes_too_late_goes_to_the_next(relay: Relay) -> None:
    """Cancelled in the moment in which its turn came: the connection must not be counted as taken for ever."""
    settings = MailSettings(smtp_url=SecretStr(relay.url()))
    pool = Pool(opener(settings), size=1, reserved=0, mails_per_connection=500)

    async def take() -> None:
        async with pool.lease("urgent"):
            pass

    async with pool.lease("urgent"):
        waiting = asyncio.create_task(take())
        await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    await asyncio.wait_for(take(), 1)
    await pool.close()


async def test_no_connection_too_many_is_opened_to_ask_whether_the_relay_is_there(relay: Relay) -> None:
    """A relay that takes so many and no more would refuse it, and be taken for one that is away."""
    settings = MailSettings(smtp_url=SecretStr(relay.url()))
    pool = Pool(opener(settings), size=1, reserved=0, mails_per_connection=500)
    async with pool.lease("urgent"):
        await pool.check("crisis@ccvo.example")
    assert len(relay.conversations) == 1
