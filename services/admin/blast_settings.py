"""From how many recipients on their number is typed, and what SMS are sent from, as far as this machine knows."""

from pydantic import Field

from services.runtime.settings import RoelandSettings
from services.runtime.sms_sender import SenderSettings, two_way


class BlastSettings(RoelandSettings):
    """Above so many recipients a `y` is not enough: their number is typed."""

    sms_confirm_above: int = Field(default=25, ge=0)


def sender() -> tuple[str, bool]:
    """What SMS come from, '' when nothing is set up, and whether whoever gets one can answer it."""
    given = SenderSettings()
    sender = given.twilio_from or given.twilio_messaging_service_sid or given.sinch_from or ""
    return sender, bool(sender) and two_way(given)
