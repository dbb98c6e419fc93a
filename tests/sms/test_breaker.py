"""When a provider is left alone, and when it is trusted again. Pure, on a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from services.sms.breaker import FEWEST, IN_A_ROW, LONGEST_BACK, Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(0.5, 30, clock)
    for _ in range(FEWEST):
        breaker.went(False)
    assert breaker.tripped
    return breaker


def test_a_few_failures_say_nothing_and_a_share_of_many_does() -> None:
    """One lost answer at night is no outage."""
    breaker = Breaker(0.5, 30, Clock())
    for _ in range(FEWEST - 1):
        breaker.went(False)
    assert breaker.allows
    breaker.went(True)
    assert breaker.tripped and not breaker.allows


def test_what_is_a_minute_ago_does_not_count() -> None:
    """An outage that is over is over."""
    clock = Clock()
    breaker = Breaker(0.5, 30, clock)
    for _ in range(FEWEST - 1):
        breaker.went(False)
    clock.now = 61
    for _ in range(FEWEST):
        breaker.went(True)
    assert not breaker.tripped


def test_it_is_tried_one_at_a_time_and_some_must_go_well() -> None:
    """With all that is to be sent it would fall over again."""
    clock = Clock()
    breaker = broken(clock)
    clock.now = 29
    assert not breaker.allows
    clock.now = 31
    for _ in range(IN_A_ROW):
        assert breaker.allows and breaker.tripped
        breaker.begin()
        assert not breaker.allows, "another is on its way"
        breaker.went(True)
    assert not breaker.tripped


def test_each_time_that_it_fails_it_is_left_alone_for_longer() -> None:
    """Up to a bound: it may be back."""
    clock = Clock()
    breaker = broken(clock)
    waits = []
    for _ in range(6):
        began = clock.now
        while not breaker.allows:
            clock.now += 1
        waits.append(clock.now - began)
        breaker.begin()
        breaker.went(False)
    assert waits == [30, 60, 120, 240, LONGEST_BACK, LONGEST_BACK]


@given(st.lists(st.tuples(st.sampled_from(["begin", "well", "badly", "nothing"]), st.floats(0, 90)), max_size=60))
def test_it_never_stays_shut_for_ever(steps: list[tuple[str, float]]) -> None:
    """Whatever came in whatever order: after the longest wait an SMS may be tried, once none is on its way."""
    clock = Clock()
    breaker = Breaker(0.5, 30, clock)
    for what, passes in steps:
        clock.now += passes
        if what == "begin":
            breaker.begin()
        else:
            breaker.went({"well": True, "badly": False, "nothing": None}[what])
    breaker.went(None)
    clock.now += LONGEST_BACK + 1
    assert breaker.allows
