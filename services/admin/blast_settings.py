"""From how many recipients on their number is typed, and what SMS are sent from, as far as this machine knows."""

import re
from typing import Final

from pydantic import Field

from services.runtime.settings import RoelandSettings

_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")


class BlastSettings(RoelandSettings):
    """Above so many recipients a `y` is not enough: their number is typed."""

    sms_confirm_above: int = Field(default=25, ge=0)


class SenderSettings(RoelandSettings):
    """What SMS are sent from: a number, a short code or a name; or a service that chooses."""

    twilio_from: str | None = None
    twilio_messaging_service_sid: str | None = None


def sender() -> tuple[str, bool]:
    """What SMS come from, '' when nothing is set up, and whether whoever gets one can answer it."""
    given = SenderSettings()
    if given.twilio_from:
        return given.twilio_from, _NUMBER.fullmatch(given.twilio_from) is not None
    return given.twilio_messaging_service_sid or "", False
