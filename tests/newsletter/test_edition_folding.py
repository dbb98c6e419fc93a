"""What is news is told once, by where its incident stands now; nobody is left with an error."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.domain.edition_folding import Heard, folded, merged
from services.domain.editions import EditionItem, messages_of

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def heard(number: int, kind: str = "update", *, corrects: int | None = None, news: bool = True, **more: Any) -> Heard:
    """Message so many of one incident, released so many minutes after noon."""
    return Heard(
        id=UUID(int=number), number=number, incident="storm", kind=kind, news=news,
        corrects=UUID(int=corrects) if corrects else None, released_at=NOON + timedelta(minutes=number), **more,
    )  # fmt: skip


def items(*said: Heard, before: int | None = None) -> list[EditionItem]:
    """What governors are told."""
    return folded(said, before={"storm": UUID(int=before)} if before else {}, audience="governors")


def shown(found: list[EditionItem]) -> list[int]:
    """The number of the message of each item."""
    return [each.message.int for each in found]


def test_updates_of_one_incident_are_folded_into_the_latest() -> None:
    """One mail instead of thirty."""
    [item] = items(heard(1, "alert"), heard(2), heard(3))
    assert (item.message.int, [each.int for each in item.folded], item.before) == (3, [1, 2], None)


def test_what_the_last_edition_had_is_what_it_is_compared_with() -> None:
    """Else nobody can say what is new since yesterday."""
    [item] = items(heard(1, "alert", news=False), heard(2), before=1)
    assert (item.message.int, item.before and item.before.int, item.folded) == (2, 1, ())


def test_an_incident_without_news_is_not_told_again() -> None:
    """What was in one edition is in no later one."""
    assert items(heard(1, "alert", news=False), heard(2, news=False)) == []


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    """An error that was never told in the newsletter is told right the first time, and as put right."""
    assert shown(items(heard(1, "alert"), heard(2, "correction", corrects=1))) == [2]


def test_a_correction_of_an_older_message_is_told_beside_where_the_incident_stands() -> None:
    """The latest does not say what was wrong before it, and whoever has the error must hear what is right."""
    found = items(heard(1, "alert", news=False), heard(2), heard(3, "correction", corrects=1), before=1)
    assert shown(found) == [3, 2]
    assert found[0].before == UUID(int=1)


def test_only_the_last_of_two_corrections_counts() -> None:
    """A correction that was wrong itself is not told either."""
    said = (heard(1, "alert"), heard(2, "correction", corrects=1), heard(3, "correction", corrects=2))
    [item] = items(*said)
    assert item.message.int == 3
    assert [each.int for each in item.folded] == [1, 2]


def test_an_all_clear_ends_the_story() -> None:
    """What came before it is folded in it."""
    assert shown(items(heard(1, "alert"), heard(2), heard(3, "all-clear"))) == [3]


def test_what_was_withdrawn_is_said_to_be_so_and_what_stood_before_it_stands_again() -> None:
    """Who had it must hear that it holds no more; who never had it is not told of it."""
    gone = heard(2, void=True, withdrawn=True)
    [item] = items(heard(1, "alert", news=False), gone)
    assert (item.message.int, item.withdrawn) == (2, True)
    assert items(heard(1, "alert", news=False), replace(gone, news=False)) == []
    assert shown(items(heard(1, "alert"), replace(gone, news=False))) == [1]


def test_the_notice_of_a_withdrawal_speaks_for_it() -> None:
    """It gives the reason; it is never where an incident stands."""
    [item] = items(heard(1, "alert", void=True, withdrawn=True), heard(2, "update", corrects=1))
    assert (item.message.int, item.notice and item.notice.int, item.withdrawn) == (1, 2, True)
    assert {each.int for each in messages_of(item)} == {1, 2}


def test_what_was_released_out_of_order_is_folded_into_what_was_told_already() -> None:
    """A message that committed late, after a later one was told, is not forgotten and does not turn back the clock."""
    [item] = items(heard(1, news=True), heard(2, news=False), before=2)
    assert (item.message.int, [each.int for each in item.folded]) == (2, [1])


def test_what_is_the_same_for_several_audiences_stands_once() -> None:
    """An edition of seven audiences holds each incident once where it can."""
    for_both = [folded([heard(1)], before={}, audience=each) for each in ("governors", "partners")]
    [item] = merged(each for found in for_both for each in found)
    assert item.audiences == ("governors", "partners")


@st.composite
def histories(draw: st.DrawFn) -> list[Heard]:
    """Any history of one incident that the rules of messages allow, in the order of submission."""
    said: list[Heard] = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        corrected = {each.corrects for each in said}
        right = [each for each in said if each.id not in corrected and not each.notice]
        kind = draw(st.sampled_from(["alert", "update", "all-clear", *(["correction"] if right else [])]))
        corrects = draw(st.sampled_from(right)).id.int if kind == "correction" else None
        void = draw(st.booleans())
        withdrawn = void and draw(st.booleans())
        news = draw(st.booleans()) and (withdrawn or not void)
        said.append(heard(number, kind, corrects=corrects, news=news, void=void, withdrawn=withdrawn))
    at = draw(st.permutations(range(len(said))))
    return [replace(each, released_at=NOON + timedelta(minutes=at[n])) for n, each in enumerate(said)]


@given(histories())
def test_all_that_is_news_is_told_exactly_once(said: list[Heard]) -> None:
    """Nothing is forgotten, and nothing is told twice; nothing that is known to be wrong is shown."""
    found = items(*said)
    told = Counter(message for item in found for message in messages_of(item))
    by_id = {each.id: each for each in said}
    news = {each.id for each in said if each.news}
    put_right = {each.corrects for each in said if not each.void}
    standing = {each.id for each in said if not each.void and each.id not in put_right}
    assert not news - told.keys()
    assert all(told[each] == 1 for each in told)
    for item in found:
        assert not set(item.folded) - news
        assert item.withdrawn == by_id[item.message].withdrawn
        assert item.withdrawn or item.message in standing
    if not news:
        assert not found
