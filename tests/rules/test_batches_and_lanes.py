"""How a plan is cut into batches, and on which roads they travel."""

from hypothesis import given
from hypothesis import strategies as st

from services.domain.batches import BATCH_SIZE, BatchRef, ranges
from services.domain.lanes import CHANNELS, LANES, PRIORITY, deliveries_topic
from services.runtime.topics import TOPICS


@given(st.integers(1, 10**9), st.integers(0, 5000), st.integers(1, 700))
def test_batches_cover_each_delivery_once(first: int, count: int, size: int) -> None:
    """A delivery in no batch is never sent, one in two batches is sent twice."""
    covered = [sequence for low, high in ranges(first, count, size) for sequence in range(low, high + 1)]
    assert covered == list(range(first, first + count))


@given(st.integers(1, 10**9), st.integers(0, 5000), st.integers(1, 700))
def test_no_batch_is_empty_or_too_large_and_only_the_last_is_short(first: int, count: int, size: int) -> None:
    """An empty batch would be announced for ever, a large one keeps a stop waiting."""
    sizes = [high - low + 1 for low, high in ranges(first, count, size)]
    assert all(1 <= each <= size for each in sizes)
    assert all(each == size for each in sizes[:-1])


def test_a_batch_is_about_two_hundred() -> None:
    """The design's number, on which the time of a stop and the share of the database rest."""
    assert BATCH_SIZE == 200
    assert list(ranges(1, 401)) == [(1, 200), (201, 400), (401, 401)]


@given(st.builds(BatchRef, st.integers(1), st.integers(1)), st.builds(BatchRef, st.integers(1), st.integers(1)))
def test_the_name_of_a_batch_is_its_own(one: BatchRef, other: BatchRef) -> None:
    """It is the key in Kafka and the subject of timers: two batches under one name would hide one another."""
    assert (str(one) == str(other)) is (one == other)


def test_every_road_is_a_topic_that_is_made() -> None:
    """A batch announced to a topic that nobody makes or reads would wait for ever."""
    roads = {deliveries_topic(channel, lane) for channel in CHANNELS for lane in LANES}
    assert roads == {topic.name for topic in TOPICS if topic.name.startswith("deliveries.")}


def test_what_puts_an_error_right_overtakes_what_spreads_it() -> None:
    """Hawaii, 2018: the correction came 38 minutes after the false alarm."""
    assert sorted(PRIORITY, key=PRIORITY.__getitem__) == [
        "correction", "all-clear", "alert", "update", "edition",
    ]  # fmt: skip
