"""What SMS are sent from, and whether whoever gets one can answer it: asked by all who write what an SMS says."""

import re
from typing import Final

from pydantic import Field

from services.runtime.settings import RoelandSettings

_NUMBER: Final = re.compile(r"\+?\d{3,15}")
"""A number in E.164 or a short code. Anything else is a name, and nobody can send an SMS to a name."""


class SenderSettings(RoelandSettings):
    """What is sent from, at each provider that is set up."""

    twilio_from: str | None = Field(default=None, description="A number in E.164, a short code or a name.")
    twilio_messaging_service_sid: str | None = None
    sinch_from: str | None = Field(default=None, description="A number in E.164, a short code or a name.")
    sms_two_way: bool | None = Field(default=None, description="Whether answers come back; unset: by the senders.")


def two_way(settings: SenderSettings | None = None) -> bool:
    """Whether an SMS of ours can be answered by SMS, whichever provider carries it.

    A messaging service may choose a name as sender, so that it counts as one way until `ROELAND_SMS_TWO_WAY` says
    otherwise: a link works always, and an answer to nobody looks like silence.
    """
    given = settings or SenderSettings()
    if given.sms_two_way is not None:
        return given.sms_two_way
    senders = [each for each in (given.twilio_from, given.sinch_from) if each]
    return bool(senders) and given.twilio_messaging_service_sid is None and all(map(_can_receive, senders))


def _can_receive(sender: str) -> bool:
    return _NUMBER.fullmatch(sender) is not None
