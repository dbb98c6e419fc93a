"""How patient dispatch is."""

from pydantic import Field

from services.runtime.settings import RoelandSettings
from services.store.announcements import SWEEP_SECONDS


class DispatchSettings(RoelandSettings):
    """`sweep_seconds`: how long an announced batch may lie unclaimed before it is announced again; then it doubles."""

    sweep_seconds: float = Field(default=SWEEP_SECONDS, gt=0, le=3600)
