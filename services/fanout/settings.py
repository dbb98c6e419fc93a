"""How long a worker may be silent, and how much it holds."""

from pydantic import Field

from services.runtime.settings import RoelandSettings


class WorkerSettings(RoelandSettings):
    """Settings of the loop that mail, sms and newsfeed share. Seconds are of the worker's own monotonic clock."""

    beat_seconds: float = Field(default=1.0, gt=0, description="A worker says this often that it lives.")
    lease_seconds: float = Field(default=15.0, gt=0, description="Silent for so long, a peer takes its claims over.")
    fit_seconds: float = Field(default=10.0, gt=0, description="Unable to say it for so long, it starts nothing more.")
    halt_seconds: float = Field(default=1.0, gt=0, description="Blind to stops for so long, it starts nothing more.")
    settle_seconds: float = Field(default=0.5, gt=0, description="Results are recorded this often.")
    claims_per_lane: int = Field(default=3, ge=1, le=16, description="Batches in hand at once, per lane.")
