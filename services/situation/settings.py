"""When to raise an alarm, and how often to look."""

from pydantic import Field

from services.runtime.settings import RoelandSettings


class SituationSettings(RoelandSettings):
    """Thresholds of `services.situation`."""

    situation_stall_seconds: float = Field(
        default=30, gt=0, description="Work is open and nothing of it was settled for so long: alarm `stalled`."
    )
    situation_failure_share: float = Field(
        default=0.1, gt=0, le=1, description="So large a part of what was tried failed: alarm `failures`."
    )
    situation_failure_least: int = Field(
        default=20, ge=1, description="A share of fewer contacts than this says nothing yet."
    )
    situation_stuck_seconds: float = Field(
        default=60, gt=0, description="The stream read but did not commit for so long: it is started anew."
    )
