"""What costs much is asked seldom, however many look; what costs little is as good as new."""

import asyncio

from services.runtime.seldom import Seldom


class Dear:
    """Counts how often it is asked; each time takes so many seconds of this clock."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds, self.asked = 0.0, seconds, 0

    async def ask(self) -> int:
        self.asked += 1
        self.now += self.seconds
        await asyncio.sleep(0)
        return self.asked


async def test_an_answer_is_kept_for_twenty_times_as_long_as_it_took() -> None:
    """Half a second of counting is 10 s of rest, for all who look."""
    dear = Dear(0.5)
    seldom = Seldom[int](clock=lambda: dear.now)
    assert await asyncio.gather(*(seldom.get(dear.ask) for _ in range(5))) == [1] * 5
    dear.now += 9.9
    assert await seldom.get(dear.ask) == 1
    assert await seldom.get(dear.ask, anew=True) == 2
    dear.now += 10.1
    assert await seldom.get(dear.ask) == 3


async def test_of_something_else_it_is_asked_anew_and_once_for_all_who_look() -> None:
    """An import changes what the counts are of: the first who looks counts, and the others wait for that."""
    dear = Dear(0.5)
    seldom = Seldom[int](clock=lambda: dear.now)
    assert await seldom.get(dear.ask, of="monday") == 1
    assert await asyncio.gather(*(seldom.get(dear.ask, of="tuesday") for _ in range(5))) == [2] * 5


async def test_what_costs_little_is_kept_for_a_second() -> None:
    """A blast to three hundred."""
    cheap = Dear(0.001)
    seldom = Seldom[int](clock=lambda: cheap.now)
    for now, answer in ((0.0, 1), (0.9, 1), (1.1, 2)):
        cheap.now = now
        assert await seldom.get(cheap.ask) == answer
