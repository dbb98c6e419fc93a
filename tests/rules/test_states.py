"""How reports about one delivery merge."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.domain.states import FINAL, GOOD, OPEN, REACHED, UNSENT, State, done, merge

states = st.sampled_from(State)
reports = st.lists(states, min_size=1)


@given(reports, st.randoms())
def test_the_order_of_reports_does_not_matter(given_reports: list[State], chance: Any) -> None:
    """Kafka, callbacks and takeovers bring reports in any order; the record must not depend on it."""
    shuffled = list(given_reports)
    chance.shuffle(shuffled)
    assert merge(*shuffled) is merge(*given_reports)


@given(states, states, states)
def test_reports_merge_in_any_grouping_and_a_second_copy_changes_nothing(a: State, b: State, c: State) -> None:
    """Late ones are merged one at a time, others by the hundred; everything may come twice."""
    assert merge(merge(a, b), c) is merge(a, merge(b, c))
    assert merge(a, b) is merge(b, a)
    assert merge(a, a) is a


@given(reports)
def test_what_stands_only_rises(given_reports: list[State]) -> None:
    """A late `deferred` must never undo `accepted`: that would send a second copy."""
    standing = _standing(given_reports)
    assert all(earlier <= later for earlier, later in pairwise(standing))
    assert standing[-1] in given_reports


@given(reports)
def test_what_is_final_never_opens_again(given_reports: list[State]) -> None:
    """Nothing that has ended is claimed anew."""
    ended = False
    for state in _standing(given_reports):
        assert not (ended and state in OPEN)
        ended = ended or state in FINAL


def test_every_state_is_open_or_final_and_the_words_are_the_contracts() -> None:
    """A state that is neither would leave its message forever unfinished."""
    assert set(State) == OPEN | FINAL
    assert OPEN.isdisjoint(FINAL)
    assert UNSENT < OPEN
    assert GOOD < REACHED
    assert sorted(state.word for state in State) == sorted(
        ["planned", "claimed", "deferred", "accepted", "delivered", "bounced", "failed", "unknown", "suppressed",
         "superseded", "expired"]
    )  # fmt: skip


@given(st.lists(states))
def test_done_is_when_nothing_is_open(given_states: list[State]) -> None:
    """The contract: nothing is planned, claimed or deferred."""
    words = {state.word for state in given_states}
    assert done(given_states) is words.isdisjoint({"planned", "claimed", "deferred"})


def _standing(given_reports: Sequence[State]) -> list[State]:
    return [merge(*given_reports[: count + 1]) for count in range(len(given_reports))]
