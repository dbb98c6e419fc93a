"""How the pace finds a relay's: simulated, second by second, without waiting for any."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import floor

import pytest

from services.mail.brake import LASTED, PATIENCE, Brake

ROUND_TRIP = 0.002
MOST = 8


@dataclass
class Simulation:
    """One connection that sends as the brake lets it; `takes(now)` is what the relay does."""

    takes: Callable[[float], bool]
    now: float = 0.0
    refused: list[float] = field(default_factory=list)

    def send(self, mails: int, most_seconds: float = 3600) -> Brake:
        """Until so many were taken, or the relay counts as away."""
        brake, left = Brake(MOST, lambda: self.now), mails
        while left and not brake.stubborn and self.now < most_seconds:
            self.now += ROUND_TRIP
            if self.takes(self.now):
                left -= 1
                brake.took()
            else:
                self.refused.append(self.now)
                self.now += brake.refused() or 0
                brake.go_on()
        return brake


def spaced(seconds: float) -> Callable[[float], bool]:
    """One mail in so many seconds."""
    free = 0.0

    def takes(now: float) -> bool:
        nonlocal free
        if now < free:
            return False
        free = now + seconds
        return True

    return takes


def windows(count: int, seconds: float) -> Callable[[float], bool]:
    """So many in each stretch of so many seconds by the clock, as Postfix counts."""
    taken: dict[int, int] = {}

    def takes(now: float) -> bool:
        window = floor(now / seconds)
        taken[window] = taken.get(window, 0) + 1
        return taken[window] <= count

    return takes


@pytest.mark.parametrize(
    ("takes", "per_second"),
    [
        pytest.param(lambda: spaced(0.05), 20, id="one in 50 ms"),
        pytest.param(lambda: spaced(0.1), 10, id="one in 100 ms"),
        pytest.param(lambda: spaced(1), 1, id="one in a second"),
        pytest.param(lambda: windows(10, 1), 10, id="ten a second"),
        pytest.param(lambda: windows(20, 2), 10, id="twenty in two seconds"),
    ],
)
def test_it_goes_at_the_pace_that_the_relay_takes(
    takes: Callable[[], Callable[[float], bool]], per_second: int
) -> None:
    """A third more than the time that the rate needs, at most, and few mails are tried in vain."""
    relay = Simulation(takes())
    brake = relay.send(200)
    assert not brake.stubborn
    assert relay.now <= 200 / per_second * 4 / 3
    assert len(relay.refused) <= 4 * 200


def test_a_relay_that_takes_nothing_is_seldom_asked_and_soon_away() -> None:
    """A full disk is not to be hammered, and what is in hand is not to be kept from those who could send it."""
    relay = Simulation(lambda now: False)
    brake = relay.send(1)
    assert brake.stubborn
    assert PATIENCE <= relay.now <= PATIENCE + 2
    assert len(relay.refused) <= 30


def test_all_wait_one_goes_and_each_mail_that_is_taken_lets_one_more_go() -> None:
    """Twenty connections that all come back at once would be refused at once."""
    now = 0.0
    brake = Brake(3, lambda: now)
    assert (brake.on, brake.window) == (False, 3)
    assert brake.refused() == 0.75 * LASTED
    assert brake.refused() is None  # another one, under way before
    assert not brake.took()
    assert (brake.on, brake.window) == (True, 0)
    brake.go_on()
    assert brake.window == 1
    assert list(_taken(brake)) == [(True, 2), (True, 3), (False, 3)]
    assert not brake.on


def _taken(brake: Brake) -> Iterator[tuple[bool, int]]:
    for _ in range(3):
        yield brake.took(), brake.window
