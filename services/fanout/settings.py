"""How long a worker may be silent, and how much it holds."""

from pydantic import Field, model_validator

from services.fanout.halts import READ_SECONDS
from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings


class WorkerSettings(RoelandSettings):
    """Settings of the loop that mail, sms and newsfeed share. Seconds are of the worker's own monotonic clock.

    Raises `Foreseen` when they contradict each other.
    """

    beat_seconds: float = Field(default=1.0, gt=0, description="A worker says this often that it lives.")
    lease_seconds: float = Field(default=15.0, gt=0, description="Silent for so long, a peer takes its claims over.")
    fit_seconds: float = Field(default=10.0, gt=0, description="Unable to say it for so long, it starts nothing more.")
    halt_seconds: float = Field(default=1.0, gt=0, description="Blind to stops for so long, it starts nothing more.")
    settle_seconds: float = Field(default=0.5, gt=0, description="Results are recorded this often.")
    claims_per_lane: int = Field(default=3, ge=1, le=16, description="Batches in hand at once, per lane.")

    @model_validator(mode="after")
    def _in_order(self) -> "WorkerSettings":
        """Else a worker sends on while a peer sends for it, or neither ever sends."""
        if not self.beat_seconds < self.fit_seconds < self.lease_seconds:
            raise Foreseen(
                f"ROELAND_BEAT_SECONDS ({self.beat_seconds:g}) must be less than ROELAND_FIT_SECONDS"
                f" ({self.fit_seconds:g}), and that less than ROELAND_LEASE_SECONDS ({self.lease_seconds:g}): a worker"
                " that cannot say that it lives stops sending before a peer takes over; change them together"
            )
        if self.halt_seconds <= READ_SECONDS:
            raise Foreseen(
                f"ROELAND_HALT_SECONDS ({self.halt_seconds:g}) must be more than {READ_SECONDS:g}: what was stopped is"
                " read this often, and a worker that takes its last reading for too old never sends"
            )
        return self
