"""What the situation makes of counts: rates, remaining, stalls. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.events import BatchSettled
from services.situation import alarms as rules
from services.situation.board import WINDOW_SECONDS, Board, note
from services.situation.settings import SituationSettings
from services.situation.stillness import Stillness
from services.store.alarms import Failing, OpenWork
from services.store.progress import BatchStand
from services.store.status import OPEN_WORDS

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTINGS = SituationSettings(situation_stall_seconds=30, situation_failure_share=0.1, situation_failure_least=20)
WORK = OpenWork(message=17, channel="mail", incident="storm-2026-001", remaining=100)


def settled(batch: int, version: int, **counts: int) -> BatchSettled:
    """An event about a batch of message 17."""
    return BatchSettled(message=17, batch=batch, channel="mail", lane="urgent", version=version, counts=counts)


def board_of(batches: int) -> Board:
    """A board with message 17 in so many batches of 100, of which nothing is settled."""
    board = Board()
    stands = [BatchStand(number, "mail", 0, {"planned": 100}, None) for number in range(1, batches + 1)]
    board.seed(17, map(note, stands), NOON)
    return board


events = st.lists(st.builds(settled, st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=12)


@given(events, st.randoms())
def test_order_and_repetition_of_records_do_not_matter(given_events: list[BatchSettled], chance: Any) -> None:
    """Kafka brings records again after a crash, and late after a rebalance; counts that are added up would drift."""
    known = [each.model_copy(update={"counts": _counts_of(each)}) for each in given_events]
    again = [*known, *known]
    chance.shuffle(again)
    one, other = board_of(3), board_of(3)
    for board, stream in ((one, known), (other, again)):
        for each in stream:
            board.update(each, NOON, NOON)
    newest = {each.batch: each for each in sorted(known, key=lambda each: each.version)}
    left = sum(sum(each.counts.get(word, 0) for word in OPEN_WORDS) for each in newest.values())
    for board in (one, other):
        found = board.progress(17, NOON)[0]
        assert found.remaining == left + 100 * (3 - len(newest))
    assert one.progress(17, NOON)[0].failure_share == other.progress(17, NOON)[0].failure_share


def test_the_rate_is_that_of_the_window_and_tells_when_it_is_done() -> None:
    """Someone must be told at night when the last will have been reached, from what goes now."""
    board = board_of(3)
    for second in range(5):
        at = NOON + timedelta(seconds=second)
        board.update(settled(1, second + 1, planned=80 - second * 20, accepted=20 + second * 20), at, at)
    now = NOON + timedelta(seconds=4)
    (found,) = board.progress(17, now)
    assert (found.rate, found.remaining) == (20.0, 200)
    assert found.completes_at == now + timedelta(seconds=10)


def test_what_stands_still_has_no_rate() -> None:
    """A rate of long ago would promise an end that does not come."""
    board = board_of(2)
    board.update(settled(1, 1, accepted=100), NOON, NOON)
    (found,) = board.progress(17, NOON + timedelta(seconds=WINDOW_SECONDS))
    assert (found.rate, found.completes_at, found.remaining) == (0.0, None, 100)


def test_old_records_that_are_read_again_are_no_speed() -> None:
    """After a wipe or a new group, days of outcomes are read within seconds."""
    board = board_of(2)
    board.update(settled(1, 1, accepted=100), NOON - timedelta(days=3), NOON)
    assert board.progress(17, NOON)[0].rate == 0


def test_a_message_of_which_all_is_told_is_let_go() -> None:
    """The process runs for months; it may not keep every message that there ever was."""
    board = board_of(1)
    board.update(settled(1, 1, accepted=90, bounced=10), NOON, NOON)
    board.note_written(board.progress(17, NOON), NOON)
    assert 17 in board.running
    later = NOON + timedelta(seconds=WINDOW_SECONDS)
    board.note_written(board.progress(17, later), later)
    assert board.running == {}


def test_the_share_that_failed_is_of_those_that_were_tried() -> None:
    """Suppressed and superseded ones were never tried; with them a failing relay would look well."""
    board = board_of(1)
    board.update(settled(1, 1, accepted=30, bounced=5, failed=4, unknown=1, suppressed=40, superseded=20), NOON, NOON)
    assert board.progress(17, NOON)[0].failure_share == 0.25


@pytest.mark.parametrize(
    ("failed", "tried", "alarm"), [(2, 20, True), (1, 20, False), (19, 19, False), (0, 1000, False)]
)
def test_failures_raise_an_alarm_when_they_say_something(failed: int, tried: int, alarm: bool) -> None:
    """One bounce among three mails is nothing; a tenth of a province is."""
    failing = Failing(17, "mail", "storm-2026-001", failed, tried)
    assert bool(rules.failures([failing], SETTINGS)) is alarm


@pytest.mark.parametrize(
    ("readings", "standing", "undecided"),
    [
        ([(0, 100)], False, True),
        ([(0, 100), (29, 100)], False, True),
        ([(0, 100), (30, 100)], True, False),
        ([(0, 100), (29, 99), (31, 99)], False, False),
        ([(0, 100), (29, 99), (59, 99)], True, False),
        ([(0, 100), (40, 100), (41, 90)], False, False),
    ],
)
def test_a_stall_is_work_that_was_seen_not_to_move(
    readings: list[tuple[float, int]], standing: bool, undecided: bool
) -> None:
    """A worker that has just started knows neither: it must not clear what its predecessor raised."""
    stillness = Stillness()
    for now, left in readings:
        stillness.read({(17, "mail"): left}, now)
    judged = rules.stalls([WORK], stillness, readings[-1][0], SETTINGS)
    assert bool(judged.standing) is standing
    assert bool(judged.undecided) is undecided


def _counts_of(event: BatchSettled) -> dict[str, int]:
    """A version has one set of counts, whoever reports it."""
    accepted = min(100, event.version * 20 + event.batch)
    return {"planned": 100 - accepted, "accepted": accepted - event.batch, "bounced": event.batch}
