"""When a delivery is tried again: a table of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from services.fanout.retry import exhausted, retry_after

CASES = [(1, False, 5), (2, False, 15), (6, False, 900), (60, False, 900), (1, True, 3), (2, True, 15), (60, True, 900)]


@pytest.mark.parametrize(("attempt", "in_doubt", "seconds"), CASES)
def test_waits_grow_and_only_the_first_doubt_is_in_a_hurry(attempt: int, in_doubt: bool, seconds: int) -> None:
    """A relay that takes mail and never answers must not be sent a copy every few seconds for hours."""
    assert retry_after(attempt, in_doubt=in_doubt) == timedelta(seconds=seconds)


def test_the_horizon_counts_from_release() -> None:
    """So long after, the news is old."""
    released, horizon = datetime(2026, 11, 23, tzinfo=UTC), timedelta(hours=4)
    assert not exhausted(released, released + horizon - timedelta(seconds=1), horizon)
    assert exhausted(released, released + horizon, horizon)
