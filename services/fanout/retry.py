"""When a delivery is tried again, and when no more. Pure, and the same for every channel."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from services.runtime.settings import RoelandSettings

WAITS: Final = tuple(timedelta(seconds=s) for s in (5, 15, 60, 150, 300, 900))
"""Wait after the first, second … attempt; the last for all that follow. Greylisting wants minutes, a crisis seconds."""
ENOUGH: Final = 4
"""Attempts that everybody gets, however late it is: with the waits above, spread over a minute and a half."""
DOUBT_WAIT: Final = timedelta(seconds=3)
"""The first doubt is cleared up soon: someone may not have been told. Later ones wait: a mute relay gets few copies."""


class RetrySettings(RoelandSettings):
    """How long is tried."""

    retry_horizon_seconds: float = Field(
        default=4 * 3600, gt=0, description="So long after release, what is still refused for now has failed."
    )


def retry_after(attempt: int, *, doubts: int = 0) -> timedelta:
    """The wait after this attempt (1 is the first). `doubts`: of an attempt that ended in doubt, how many that makes.

    A claim that was given back counts as an attempt, and must not make the first doubt wait: so doubts count alone.
    """
    if doubts == 1:
        return DOUBT_WAIT
    return WAITS[min(max(doubts or attempt, 1), len(WAITS)) - 1]


def exhausted(released_at: datetime, now: datetime, horizon: timedelta, attempt: int = ENOUGH) -> bool:
    """Whether it is too late to try again after this attempt (1 is the first).

    After an outage longer than the horizon, everybody still gets `ENOUGH` attempts: a greylisting relay says no once.
    """
    return attempt >= ENOUGH and now - released_at >= horizon
