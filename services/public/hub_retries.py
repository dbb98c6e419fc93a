"""When to try again at a callback that fails: a pure function from how often and how long to what happens next."""

from datetime import timedelta
from typing import Final

WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 15, 60, 5 * 60, 15 * 60, 30 * 60, 60 * 60)
)  # then the last one again and again

HORIZON: Final = timedelta(days=1)
"""So long one change is tried (§7: self-imposed limits). After that, each later change is tried once."""

BETWEEN_CHANGES: Final = timedelta(minutes=1)
"""A change brings the next try of a failing callback forward, but to no sooner than this after the last one."""


def wait_after(tries: int, failing: timedelta) -> timedelta | None:
    """How long to wait after so many tries in a row that failed, the first one so long ago; None: no more.

    What is sent in the end is the feed as it is then. The subscription stays, to the end of its lease (§7).
    """
    if failing >= HORIZON:
        return None
    return WAITS[min(tries, len(WAITS)) - 1]
