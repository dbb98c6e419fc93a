"""When a delivery is tried again, and when no more. Pure, and the same for every channel."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from services.runtime.settings import RoelandSettings

WAITS: Final = tuple(timedelta(seconds=s) for s in (5, 15, 60, 150, 300, 900))
"""Wait after the first, second … try; the last for all that follow. Greylisting wants minutes, a crisis seconds."""
ENOUGH: Final = 4
"""Tries that everybody gets, however late it is: with the waits above, spread over a minute and a half."""
DOUBT_WAIT: Final = timedelta(seconds=3)
"""The first doubt is cleared up soon: someone may not have been told. Later ones wait: a mute relay gets few copies."""


class RetrySettings(RoelandSettings):
    """How long is tried."""

    retry_horizon_seconds: float = Field(
        default=4 * 3600, gt=0, description="So long after release, what is still refused for now has failed."
    )


def retry_after(tries: int, *, doubts: int = 0) -> timedelta:
    """The wait after so many tries. `doubts`: of one that ended in doubt, how many that makes; these count alone.

    A claim that was given back is no try: nothing was handed over, and nobody said anything of this recipient.
    """
    if doubts == 1:
        return DOUBT_WAIT
    return WAITS[min(max(doubts or tries, 1), len(WAITS)) - 1]


def exhausted(released_at: datetime, now: datetime, horizon: timedelta, tries: int = ENOUGH) -> bool:
    """Whether it is too late to try again after so many tries.

    After an outage longer than the horizon, everybody still gets `ENOUGH`: a greylisting relay says no once.
    """
    return tries >= ENOUGH and now - released_at >= horizon
