"""How many at once, who goes first, and slowing down."""

import asyncio

from services.sms import pace
from services.sms.pace import Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_routine_leaves_a_quarter_to_urgent() -> None:
    """A million routine SMS under way add nothing to an urgent one."""
    roads, inside, release = Pace(8), [], asyncio.Event()

    async def go(lane: str) -> None:
        assert await roads.enter(lane, lambda: True)
        inside.append(lane)
        await release.wait()
        roads.leave(lane)

    tasks = [asyncio.create_task(go("routine")) for _ in range(20)]
    await asyncio.sleep(0.01)
    assert inside == ["routine"] * 6
    tasks += [asyncio.create_task(go("urgent")) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert inside[6:] == ["urgent"] * 2
    release.set()
    await asyncio.gather(*tasks)
    assert len(inside) == 22


async def test_urgent_goes_first_when_all_are_busy() -> None:
    """Who rang later but is urgent gets the next free connection."""
    roads, order, all_rang = Pace(1), [], asyncio.Event()

    async def go(lane: str) -> None:
        assert await roads.enter(lane, lambda: True)
        order.append(lane)
        await all_rang.wait()
        roads.leave(lane)

    tasks = [asyncio.create_task(go("routine")) for _ in range(3)]
    await asyncio.sleep(0.01)
    tasks.append(asyncio.create_task(go("urgent")))
    await asyncio.sleep(0.01)
    all_rang.set()
    await asyncio.gather(*tasks)
    assert order == ["routine", "urgent", "routine", "routine"]


async def test_who_may_not_start_any_more_does_not_wait_for_a_connection() -> None:
    """A stop is obeyed while everything hangs."""
    roads, stopped = Pace(1), asyncio.Event()
    assert await roads.enter("urgent", lambda: True)
    waiting = asyncio.create_task(roads.enter("urgent", lambda: not stopped.is_set()))
    await asyncio.sleep(0.01)
    stopped.set()
    async with asyncio.timeout(5):
        assert not await waiting


async def test_who_is_stopped_as_its_turn_comes_leaves_it_to_the_next() -> None:
    """Given a connection and not allowed to use it: it is not lost."""
    roads, stopped = Pace(1), asyncio.Event()
    assert await roads.enter("urgent", lambda: True)
    first = asyncio.create_task(roads.enter("urgent", lambda: not stopped.is_set()))
    second = asyncio.create_task(roads.enter("routine", lambda: True))
    await asyncio.sleep(0.01)
    stopped.set()
    roads.leave("urgent")
    async with asyncio.timeout(5):
        assert not await first
        assert await second


async def test_who_is_cut_off_as_its_turn_comes_leaves_it_to_the_next() -> None:
    """Cancelled in the very moment in which it was let in: the connection is not lost."""
    roads = Pace(1)
    assert await roads.enter("urgent", lambda: True)
    first = asyncio.create_task(roads.enter("urgent", lambda: True))
    second = asyncio.create_task(roads.enter("urgent", lambda: True))
    await asyncio.sleep(0.01)
    roads.leave("urgent")
    first.cancel()
    async with asyncio.timeout(5):
        assert await second


async def test_too_fast_holds_all_then_one_goes_alone_then_half() -> None:
    """One storm of 429s counts as one, the wait that was asked for holds, one tries, speed comes back step by step."""
    clock = Clock()
    roads = Pace(8, clock)
    told = [roads.slow_down(3.0) for _ in range(8)]
    assert told == [3.0] + [None] * 7  # what other workers are told, once
    assert await _fits(roads) == 0
    clock.now = 2.9
    assert await _fits(roads) == 0
    clock.now = 3.1
    assert await _fits(roads) == 1
    roads.went_well()
    assert await _fits(roads) == 4
    for _ in range(5):
        roads.went_well()
    assert await _fits(roads) == 5


async def test_what_was_under_way_before_does_not_end_a_wait() -> None:
    """Some of a burst were taken, some refused; the answers come in any order."""
    clock = Clock()
    roads = Pace(8, clock)
    roads.slow_down(3.0)
    roads.went_well()
    clock.now = 3.1
    assert await _fits(roads) == 1


async def test_a_longer_wait_is_news_and_a_shorter_one_is_not() -> None:
    """The longest of what was asked holds, and no header holds us for more than five minutes."""
    clock = Clock()
    roads = Pace(8, clock)
    assert roads.slow_down(3.0) == 3.0
    assert roads.slow_down(2.0) is None
    assert roads.slow_down(86_400.0) == pace.LONGEST_ASKED == 300.0


async def test_what_left_before_a_wait_is_no_news_after_it() -> None:
    """Answers take longer than a short wait: a burst of 429s is one, and not many, each with a longer wait."""
    clock = Clock()
    roads = Pace(8, clock)
    clock.now = 1.0
    assert roads.slow_down(None, began=0.9) == pace.FIRST_PAUSE
    clock.now += 2 * pace.FIRST_PAUSE
    assert [roads.slow_down(None, began=0.95) for _ in range(7)] == [None] * 7
    roads.went_well(began=0.95)
    assert await _fits(roads) == 1, "taken before: it says nothing of now"
    roads.went_well(began=1.15)
    assert await _fits(roads) == 4


async def test_a_steady_share_of_429s_costs_a_part_of_the_speed() -> None:
    """One in twenty refused, answers after 50 ms, 50 connections: some dozens a second, where it used to be a few."""
    clock = Clock()
    roads = Pace(50, clock)
    done = sent = 0
    while clock.now < 30:
        began, going = clock.now, max(1, await _fits(roads))
        clock.now += max(0.05, roads.held)
        for _ in range(going):
            sent += 1
            if sent % 20:
                done += 1
                roads.went_well(began)
            else:
                roads.slow_down(None, began)
    assert done / clock.now > 40


async def test_without_being_told_how_long_it_waits_longer_each_time() -> None:
    """Three times as long each time, until something goes well."""
    clock = Clock()
    roads = Pace(4, clock)
    assert roads.slow_down(None) == pace.FIRST_PAUSE
    clock.now += pace.FIRST_PAUSE + 0.01
    assert roads.slow_down(None) == pace.LONGER * pace.FIRST_PAUSE
    clock.now += pace.FIRST_PAUSE + 0.01
    assert await _fits(roads) == 0
    clock.now += pace.LONGER * pace.FIRST_PAUSE
    assert await _fits(roads) == 1
    roads.went_well()
    assert roads.slow_down(None) == pace.FIRST_PAUSE


async def test_when_a_wait_is_over_urgent_goes_first() -> None:
    """A routine message was waiting for longer; the alert that came meanwhile is told before it."""
    roads, order = Pace(8), []
    roads.hold(0.3)

    async def go(lane: str) -> None:
        assert await roads.enter(lane, lambda: True)
        order.append(lane)
        roads.went_well()
        roads.leave(lane)

    tasks = [asyncio.create_task(go("routine")) for _ in range(10)]
    await asyncio.sleep(0.01)
    tasks += [asyncio.create_task(go("urgent")) for _ in range(3)]
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks)
    assert order == ["urgent"] * 3 + ["routine"] * 10


async def test_routine_that_comes_just_as_a_wait_is_over_does_not_push_in() -> None:
    """Nobody was let in yet: who was waiting and is urgent is before who comes now and is not."""
    clock = Clock()
    roads = Pace(8, clock)
    roads.hold(60)
    urgent = asyncio.create_task(roads.enter("urgent", lambda: True))
    await asyncio.sleep(0.01)
    clock.now = 61
    routine = asyncio.create_task(roads.enter("routine", lambda: True))
    async with asyncio.timeout(5):
        assert await urgent
    assert not routine.done()
    routine.cancel()


async def _fits(roads: Pace) -> int:
    """How many urgent requests may start now."""
    tasks = [asyncio.create_task(roads.enter("urgent", lambda: True)) for _ in range(10)]
    await asyncio.sleep(0.02)
    entered = [task for task in tasks if task.done() and task.result()]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for _ in entered:
        roads.leave("urgent")
    return len(entered)
