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
        async with roads.turn(lane, lambda: True):
            inside.append(lane)
            await release.wait()

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
    roads, order = Pace(1), []

    async def go(lane: str) -> None:
        async with roads.turn(lane, lambda: True):
            order.append(lane)
            await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(go("routine")) for _ in range(3)]
    await asyncio.sleep(0.01)
    tasks.append(asyncio.create_task(go("urgent")))
    await asyncio.gather(*tasks)
    assert order == ["routine", "urgent", "routine", "routine"]


async def test_who_may_not_start_any_more_does_not_wait_for_a_connection() -> None:
    """A stop is obeyed while everything hangs."""
    roads = Pace(1)
    async with roads.turn("urgent", lambda: True):
        async with asyncio.timeout(2):
            answers = iter([True, False])
            async with roads.turn("urgent", lambda: next(answers)) as ours:
                assert not ours


async def test_too_fast_holds_all_then_lets_half_go() -> None:
    """AIMD: one storm of 429s counts as one, the wait that was asked for holds, and speed comes back step by step."""
    clock = Clock()
    roads = Pace(8, clock)
    for _ in range(8):
        roads.slow_down(3.0)
    assert await _fits(roads) == 0
    clock.now = 2.9
    assert await _fits(roads) == 0
    clock.now = 3.1
    assert await _fits(roads) == 4
    for _ in range(5):
        roads.went_well()
    assert await _fits(roads) == 5


async def test_without_being_told_how_long_it_waits_longer_each_time() -> None:
    """1, 2, 4 … seconds, until something goes well."""
    clock = Clock()
    roads = Pace(4, clock)
    roads.slow_down(None)
    clock.now += pace.FIRST_PAUSE + 0.01
    roads.slow_down(None)
    clock.now += pace.FIRST_PAUSE + 0.01
    assert await _fits(roads) == 0
    clock.now += pace.FIRST_PAUSE
    assert await _fits(roads) == 1


async def _fits(roads: Pace) -> int:
    """How many urgent requests may start now."""
    async with asyncio.TaskGroup() as group:
        done, count = asyncio.Event(), 0

        async def go() -> None:
            nonlocal count
            tries = iter([True] * 1 + [False] * 9)
            async with roads.turn("urgent", lambda: next(tries)) as ours:
                count += ours
                await done.wait()

        for _ in range(10):
            group.create_task(go())
        await asyncio.sleep(0.02)
        done.set()
    return count
