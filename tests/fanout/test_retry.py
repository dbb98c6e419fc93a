"""When a delivery is tried again: a table of cases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.domain.batches import BatchRef
from services.domain.states import State
from services.fanout.retry import exhausted, retry_after
from services.fanout.settling import soonest
from services.store.ledger import Claim, Delivery, Result

CASES = [(1, 0, 5), (2, 0, 15), (6, 0, 900), (60, 0, 900), (1, 1, 3), (4, 1, 3), (2, 2, 15), (9, 2, 15), (60, 60, 900)]


@pytest.mark.parametrize(("tries", "doubts", "seconds"), CASES)
def test_waits_grow_and_only_the_first_doubt_is_in_a_hurry(tries: int, doubts: int, seconds: int) -> None:
    """A relay that takes mail and never answers must not be sent a copy every few seconds for hours."""
    assert retry_after(tries, doubts=doubts) == timedelta(seconds=seconds)


def test_claims_that_were_given_back_make_nobody_wait() -> None:
    """Two give-backs raised the attempt to 3, and are no tries. A first doubt is cleared up at once.

    One that was in doubt earlier and is refused for now waits as any other: else it is asked every three seconds.
    """
    batch, message, now = BatchRef(1, 1), UUID(int=1), datetime(2026, 11, 23, tzinfo=UTC)
    places = ("an@gent.example", "An", "Gent", "Gent", "burgemeester")
    given_back, doubted = Delivery(1, 3, 1, 0, 1, *places, tries=1), Delivery(2, 3, 1, 1, 2, *places, tries=3)
    claim = Claim(batch, message, "mail", "urgent", 7, now, None, (given_back, doubted))
    lost = Result(1, 3, State.DEFERRED, handed_over=True, in_doubt=True)
    refused = Result(2, 3, State.DEFERRED, code=450)
    refused_at_first = Result(1, 3, State.DEFERRED, code=450)
    assert soonest(claim, [lost]) == timedelta(seconds=3)
    assert soonest(claim, [refused]) == timedelta(seconds=60)
    assert soonest(claim, [refused_at_first]) == timedelta(seconds=5)
    assert soonest(claim, [Result(1, 3, State.PLANNED)]) is None
    assert soonest(claim, [lost, refused]) == timedelta(seconds=3)


def test_the_horizon_counts_from_release() -> None:
    """So long after, the news is old."""
    released, horizon = datetime(2026, 11, 23, tzinfo=UTC), timedelta(hours=4)
    assert not exhausted(released, released + horizon - timedelta(seconds=1), horizon)
    assert exhausted(released, released + horizon, horizon)


def test_after_an_outage_longer_than_the_horizon_the_first_no_is_not_the_last() -> None:
    """A relay that was away for hours and then greylists says no once to everybody."""
    released, horizon = datetime(2026, 11, 23, tzinfo=UTC), timedelta(hours=4)
    late = released + timedelta(hours=9)
    assert [exhausted(released, late, horizon, tries) for tries in (1, 2, 3, 4, 5)] == [False] * 3 + [True] * 2
    assert not exhausted(released, released, horizon, 99)
