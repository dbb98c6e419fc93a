"""How reports about one delivery merge."""

from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.domain.states import (
    FINAL,
    GOOD,
    OPEN,
    REACHED,
    TRANSITIONS,
    UNSENT,
    Event,
    Halt,
    Rule,
    State,
    after,
    done,
    merge,
)

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


def test_no_two_rules_speak_of_the_same_case() -> None:
    """Else the order of the table would decide what becomes of a delivery."""
    for event, state, halt, doubt in product(Event, State, Halt, (True, False)):
        speaking = [
            rule
            for rule in TRANSITIONS
            if rule.event is event and state in rule.of and halt in rule.halts and rule.doubt in (None, doubt)
        ]
        assert len(speaking) <= 1


@given(st.sampled_from(Event), states, states, st.sampled_from(Halt), st.booleans())
def test_nothing_that_is_final_ever_opens_whatever_happens(
    event: Event, state: State, said: State, halt: Halt, doubt: bool
) -> None:
    """That would send a second copy, or leave a message unfinished for ever."""
    became = after(event, state, said, halt=halt, doubt=doubt)
    assert state in OPEN or (became in FINAL and became >= state)
    assert halt is Halt.NONE or event is Event.TAKE_OVER or state is State.CLAIMED or became not in OPEN - {state}


def test_the_page_shows_the_table_as_it_is() -> None:
    """docs/delivery.md is what people read; the ledger's SQL is made from the table."""
    page = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text()
    for rule in TRANSITIONS:
        assert drawn(rule) in page


def drawn(rule: Rule) -> str:
    """A rule as a line of the page's table."""
    of = "any" if len(rule.of) == len(State) else ", ".join(state.word for state in sorted(rule.of))
    to = rule.to.word if rule.to is not None else "what it says, if it ranks higher" if rule.merges else "what it says"
    halts = "" if len(rule.halts) == len(Halt) else " or ".join(sorted(rule.halts))
    doubt = "" if rule.doubt is None else "yes" if rule.doubt else "no"
    return f"| {rule.event} | {of} | {halts} | {doubt} | {to} |"


def _standing(given_reports: Sequence[State]) -> list[State]:
    return [merge(*given_reports[: count + 1]) for count in range(len(given_reports))]
