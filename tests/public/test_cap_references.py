"""What becomes of an alert: which later ones take its place, and what a reader may conclude from that."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.public.cap_references import REFERENCES
from services.store.feeds import FeedEntry
from tests.public.cap_reader import Alert, read
from tests.public.caps import documents, feed, sent, told
from tests.public.entries import AT


def test_an_update_takes_the_place_of_all_that_was_in_force() -> None:
    """A reader who missed one in between still ends with the latest alone (Google's guide asks for all of them)."""
    first, second, third = told(1), told(2, "update", minutes=10), told(3, "update", minutes=20)
    assert _numbers(first, second, third) == {1: ("Alert", []), 2: ("Update", [1]), 3: ("Update", [1, 2])}
    [alert] = sent(third, first, second)
    assert alert.references[0] == ("crisis.example", f"{UUID(int=1)}.public", "2026-11-23T10:00:00+01:00")


def test_an_update_with_nothing_before_it_is_an_alert() -> None:
    """In this feed it is the first that is heard of the incident: an Update of nothing is dropped by machines."""
    other = told(1, incident="other-1")
    assert _numbers(other, told(2, "update", minutes=5))[2] == ("Alert", [])


def test_a_second_alert_stands_beside_the_first() -> None:
    """An alert is news of its own: it takes nothing back of what was said."""
    assert _numbers(told(1), told(2, minutes=10)) == {1: ("Alert", []), 2: ("Alert", [])}


def test_what_expired_or_was_withdrawn_before_is_not_referred_to() -> None:
    """An Update must hold for alerts in force; what ended needs no ending."""
    gone = told(1, expires_at=AT + timedelta(minutes=5))
    taken = told(2, withdrawn_at=AT + timedelta(minutes=6))
    later = told(3, withdrawn_at=AT + timedelta(minutes=60))
    assert _numbers(gone, taken, later, told(4, "update", minutes=10))[4] == ("Update", [3])


def test_an_alert_stays_as_it_was_sent() -> None:
    """Withdrawn, corrected, followed: the alert of before keeps every byte, for others refer to it."""
    first, second = told(1), told(2, "update", minutes=10)
    before = documents(second, feed(first, second))
    ended = told(1, withdrawn_at=AT + timedelta(minutes=30), updated_at=AT + timedelta(minutes=30))
    assert documents(second, feed(ended, second, told(3, "update", minutes=40))) == before
    assert set(documents(first, feed(first)).items()) < set(documents(ended, feed(ended, second)).items())


def test_a_correction_takes_the_place_of_what_it_puts_right_alone() -> None:
    """The other alerts of the incident still hold."""
    first, second = told(1), told(2, "update", minutes=10)
    right = told(3, "correction", minutes=20, corrects=UUID(int=2))
    again = told(4, "correction", minutes=30, corrects=UUID(int=3))
    numbers = _numbers(first, second, right, again)
    assert (numbers[3], numbers[4]) == (("Update", [2]), ("Update", [2, 3]))


def test_a_correction_quotes_what_was_wrong_as_the_other_versions_do() -> None:
    """In its author's words, or else what that message said to the same reader."""
    points = [{"text": [{"text": "Alles ligt stil."}]}, _for_governors("Er is losgeld gevraagd.")]
    first = told(1, content={"key_messages": points})
    quoting = told(2, "correction", minutes=5, corrects=UUID(int=1))
    [alert] = sent(quoting, first)
    assert alert.info("nl-BE").quoted == ["“Alles ligt stil.”"]
    assert alert.info("nl-BE").headline == "Rechtzetting: Titel"
    own = told(2, "correction", minutes=5, corrects=UUID(int=1), content={"wrong": [{"text": "Niet alles lag stil."}]})
    [alert] = sent(own, first)
    assert (alert.info("nl-BE").wrong, alert.info("nl-BE").quoted) == (["Niet alles lag stil."], [])


def test_what_the_reader_of_this_feed_cannot_see_is_not_referred_to() -> None:
    """A correction of what only governors were told names nothing to the public, and quotes nothing."""
    right = told(2, "correction", minutes=5, corrects=UUID(int=1))
    [alert] = sent(right)
    assert (alert.msgType, alert.references, alert.info("nl-BE").quoted) == ("Alert", [], [])
    assert str(UUID(int=1)) not in alert.infos[0].description


def test_an_all_clear_ends_all_that_was_in_force() -> None:
    """AllClear, and in CAP's words: no action is needed any more, no threat is known, it has been seen."""
    first, second, over = told(1), told(2, "update", minutes=5), told(3, "all-clear", minutes=9)
    [alert] = sent(over, first, second)
    info = alert.info("nl-BE")
    assert (alert.msgType, len(alert.references)) == ("Update", 2)
    assert (info.responseType, info.urgency, info.severity, info.certainty) == ("AllClear", "Past", "Minor", "Observed")
    assert info.headline == "Einde van het incident: Titel"
    assert _numbers(first, second, over, told(4, "update", minutes=20))[4] == ("Update", [3])


def test_a_withdrawn_alert_has_a_cancel_beside_it() -> None:
    """Whoever holds the alert finds it still, and whoever follows the feed is told not to act on it."""
    each = told(1, withdrawn_at=AT + timedelta(minutes=7), content={"actions": [{"text": "Kook het water."}]})
    paths = list(documents(each, feed(each)))
    assert paths == [f"messages/{each.message_id}.cap", f"messages/{each.message_id}-cancel.cap"]
    alert, cancel = sent(each)
    assert (alert.msgType, alert.info("nl-BE").actions) == ("Alert", ["Kook het water."])
    assert (cancel.msgType, cancel.sent) == ("Cancel", "2026-11-23T10:07:00+01:00")
    assert cancel.references == [(alert.sender, alert.identifier, alert.sent)]
    assert cancel.identifier != alert.identifier
    info = cancel.info("nl-BE")
    assert (info.headline, info.urgency, info.actions) == ("INGETROKKEN: Titel", "Past", [])
    assert "Gebruik het niet meer" in info.description


def test_what_is_withdrawn_after_it_expired_has_a_cancel_that_holds() -> None:
    """A Cancel that expired before it was sent would be dropped by every reader."""
    _, cancel = sent(told(1, expires_at=AT + timedelta(hours=1), withdrawn_at=AT + timedelta(hours=2)))
    assert "expires" not in cancel.info("nl-BE").fields


def test_a_crisis_of_months_does_not_make_every_alert_a_list() -> None:
    """The latest twenty are named; whoever missed that many reads the feed anew."""
    entries = [told(1), *(told(n, "update", minutes=n) for n in range(2, 100))]
    kind, numbers = _numbers(*entries)[99]
    assert (kind, numbers) == ("Update", list(range(99 - REFERENCES, 99)))


@pytest.mark.parametrize("corrects", [UUID(int=2), UUID(int=3)])
def test_a_correction_of_itself_or_of_what_comes_later_refers_to_nothing(corrects: UUID) -> None:
    """No record should have it; a circle there must not become one here."""
    strange = told(2, "correction", minutes=5, corrects=corrects)
    assert _numbers(strange, told(3, "correction", minutes=9, corrects=UUID(int=2)))[2] == ("Alert", [])


STEPS = st.tuples(
    st.sampled_from(["alert", "update", "correction", "all-clear"]),
    st.integers(0, 5),  # minutes after the one before
    st.none() | st.integers(1, 12),  # minutes until it expires
    st.none() | st.integers(0, 12),  # minutes until it is withdrawn
    st.integers(1, 3),  # what a correction puts right: so many back
)


@settings(max_examples=50)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_whatever_happens_later_an_alert_has_the_bytes_that_it_was_sent_with(
    steps: list[tuple[str, int, int | None, int | None, int]],
) -> None:
    """In any copy of `public`, after any restart, years later: nobody fetches an alert twice, and all refer to it."""
    entries, minutes = [], 0
    for number, (kind, gap, expires, withdrawn, back) in enumerate(steps, start=1):
        minutes += gap
        at = AT + timedelta(minutes=minutes)
        ends = {
            "expires_at": at + timedelta(minutes=expires) if expires else None,
            "withdrawn_at": at + timedelta(minutes=withdrawn) if withdrawn is not None else None,
        }
        entries.append(told(number, kind, minutes=minutes, corrects=UUID(int=max(0, number - back)), **ends))
    for place, each in enumerate(entries):
        then = [_as_of(other, each) for other in entries[: place + 1]]
        path = f"messages/{each.message_id}.cap"
        sent_with = documents(then[-1], feed(*then))[path]
        assert documents(each, feed(*entries))[path] == sent_with
        read(sent_with)


def _as_of(other: FeedEntry, each: FeedEntry) -> FeedEntry:
    """As it stood when `each` was sent."""
    later = other.withdrawn_at is not None and other.withdrawn_at > each.published_at
    return replace(other, withdrawn_at=None) if later else other


def _numbers(*entries: FeedEntry) -> dict[int, tuple[str, list[int]]]:
    """By number: what the alert is, and to which it refers."""
    found: Sequence[tuple[FeedEntry, Alert]] = [(each, sent(each, *_others(each, entries))[0]) for each in entries]
    return {
        each.number: (alert.msgType, [UUID(name.split(".")[0]).int for _, name, _ in alert.references])
        for each, alert in found
    }


def _others(each: FeedEntry, entries: Sequence[FeedEntry]) -> list[FeedEntry]:
    """Those of its incident: that is what `public` has at hand when it makes an alert."""
    return [other for other in entries if other is not each and other.incident == each.incident]


def _for_governors(text: str) -> dict[str, object]:
    return {"text": [{"text": text}], "audiences": ["governors"]}
