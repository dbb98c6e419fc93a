"""When a delivery is tried again, and when no more. Pure, and the same for every channel."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from services.runtime.settings import RoelandSettings

WAITS: Final = tuple(timedelta(seconds=s) for s in (5, 15, 60, 150, 300, 900))
"""Wait after the first, second … attempt; the last for all that follow. Greylisting wants minutes, a crisis seconds."""
DOUBT_WAIT: Final = timedelta(seconds=3)
"""The first doubt is cleared up soon: someone may not have been told. Later ones wait: a mute relay gets few copies."""


class RetrySettings(RoelandSettings):
    """How long is tried."""

    retry_horizon_seconds: float = Field(
        default=4 * 3600, gt=0, description="So long after release, what is still refused for now has failed."
    )


def retry_after(attempt: int, *, in_doubt: bool = False) -> timedelta:
    """The wait after this attempt (1 is the first)."""
    if in_doubt and attempt <= 1:
        return DOUBT_WAIT
    return WAITS[min(max(attempt, 1), len(WAITS)) - 1]


def exhausted(released_at: datetime, now: datetime, horizon: timedelta) -> bool:
    """Whether it is too late to try again."""
    return now - released_at >= horizon
