"""How patient dispatch is."""

from pydantic import Field

from services.runtime.settings import RoelandSettings
from services.store.announcements import SWEEP_SECONDS


class DispatchSettings(RoelandSettings):
    """`sweep_seconds`: how long an announced batch may lie unclaimed before it is announced again; then it doubles."""

    sweep_seconds: float = Field(default=SWEEP_SECONDS, gt=0, le=3600)
    sms_mail_after_seconds: float = Field(
        default=60, gt=0, le=86400, description="So long no SMS is taken: then what is urgent goes by mail too."
    )
