"""Relays that can do less than they say, or less than most: mail gets through, once, and none is in doubt for it."""

import asyncio
from collections.abc import Callable

import pytest

from tests.faults import manners
from tests.faults.harness import Crew
from tests.faults.relays import Talk
from tests.faults.working import working

pytestmark = [pytest.mark.stack, pytest.mark.long]

PEOPLE = 40


async def test_a_relay_without_pipelining_gets_one_command_at_a_time(crew: Crew) -> None:
    """RFC 2920 §3.1: only to a relay that announces it may several commands be sent at once."""
    manners.Plain.broken = 0
    async with working(crew, manners.Plain):
        account = await crew.until_done(await crew.release(people=PEOPLE))
    account.holds()
    assert account.states == {"accepted": PEOPLE}
    assert manners.Plain.broken == 0


@pytest.mark.parametrize("lie", [manners.Deaf, manners.Strict, manners.OutOfSync, manners.Cutting, manners.Mumbling])
async def test_a_relay_that_lies_about_pipelining_gets_every_mail_once(crew: Crew, lie: type[Talk]) -> None:
    """It announces PIPELINING and cannot do it. A lie costs time and nothing else: nobody fails, none is doubled."""
    crew.trouble(f"relay: {lie.__name__}")
    async with working(crew, lie):
        account = await crew.until_done(await crew.release(people=PEOPLE), seconds=90)
    account.holds()
    assert account.states == {"accepted": PEOPLE}
    assert account.possible_duplicates == 0


async def test_an_answer_is_for_its_own_mail_also_when_data_is_welcomed_after_a_refusal(crew: Crew) -> None:
    """MAIL, RCPT and DATA in one go: 550 for the recipient may be followed by 354. Nobody gets another's answer."""
    crew.trouble("relay: Eager")
    async with working(crew, manners.Eager):
        account = await crew.until_done(await crew.release(people=PEOPLE))
    account.holds()
    assert account.states == {"accepted": PEOPLE - PEOPLE // 5, "bounced": PEOPLE // 5}
    assert account.possible_duplicates == 0


async def test_an_answer_that_came_before_its_mail_is_no_answer(crew: Crew) -> None:
    """250 in one piece with 354 cannot be about a body that was not written yet: in doubt, and sent again."""
    crew.trouble("relay: Hasty")
    async with working(crew, manners.Hasty):
        account = await crew.until_done(await crew.release(people=PEOPLE))
    account.holds()
    assert account.states == {"accepted": PEOPLE}
    assert account.second_copies == 0
    assert 1 <= account.possible_duplicates <= 3


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda talk: talk.cut(), id="reset"),
        pytest.param(lambda talk: talk.writer.close(), id="closed"),
        pytest.param(lambda talk: talk.leave(), id="421 and closed"),
        pytest.param(lambda talk: talk.fall_silent(), id="forgotten"),
    ],
)
async def test_idle_connections_dropped_between_two_messages_cost_nothing(
    crew: Crew, leave: Callable[[Talk], None]
) -> None:
    """Relays and firewalls end what is idle, with a word or without one: the next alert finds another way at once."""
    async with working(crew, Talk) as (_, relay):
        (await crew.until_done(await crew.release(people=PEOPLE))).holds()
        for talk in relay.talks:
            leave(talk)
        await asyncio.sleep(0.2)
        account = await crew.until_done(await crew.release(people=PEOPLE))
    account.holds()
    assert account.states == {"accepted": PEOPLE}
    assert {each.attempt for each in account.told} == {1}


async def test_a_relay_that_limits_the_rate_gets_all_at_its_pace(crew: Crew) -> None:
    """Twenty a second, and 450 to MAIL beyond: all are told in the time that it takes, at the first attempt."""
    crew.trouble("relay: Limiting")
    manners.Limiting.refused, count = 0, 200
    async with working(crew, manners.Limiting) as (_, relay):
        account = await crew.until_done(await crew.release(people=count), seconds=60)
        took = relay.kept[-1][0] - relay.kept[0][0]
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": count}, 0)
    assert {each.attempt for each in account.told} == {1}
    assert 0 < manners.Limiting.refused < 5 * count
    assert took < 3 * count / manners.Limiting.per_second


async def test_a_relay_without_room_is_waited_for(crew: Crew) -> None:
    """452 to every MAIL: nobody is deferred for it, it is seldom asked, and when there is room all are told at once."""
    crew.trouble("relay: Full")
    manners.Full.full, manners.Full.refused = True, 0
    async with working(crew, manners.Full):
        message = await crew.release(people=PEOPLE)
        await asyncio.sleep(8)
        assert 0 < manners.Full.refused < 100
        manners.Full.full = False
        account = await crew.until_done(message, seconds=30)
    account.holds()
    assert (account.states, account.possible_duplicates) == ({"accepted": PEOPLE}, 0)
