"""Settings of the SMS channel and its provider."""

from datetime import timedelta
from typing import Final

from pydantic import Field, SecretStr, field_validator

from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings

TWILIO: Final = "https://api.twilio.com"


class TwilioSettings(RoelandSettings):
    """The account at Twilio, and what its messages are sent from."""

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = Field(default=None, description="A number in E.164, a short code or a name.")
    twilio_messaging_service_sid: str | None = None
    twilio_base_url: str = TWILIO
    twilio_timeout_seconds: float = Field(default=7.0, gt=0, description="For one request, all in all.")
    twilio_connect_seconds: float = Field(default=3.0, gt=0, description="For the connection alone.")

    @field_validator("twilio_base_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address")
        return value.rstrip("/")

    def account(self) -> tuple[str, str]:
        """The account's SID and token; raises `Foreseen` when either is not set."""
        token = self.twilio_auth_token.get_secret_value() if self.twilio_auth_token else ""
        if not self.twilio_account_sid or not token:
            raise Foreseen(
                "ROELAND_TWILIO_ACCOUNT_SID and ROELAND_TWILIO_AUTH_TOKEN are not both set: run `roeland up`,"
                " or take them from Twilio's console"
            )
        return self.twilio_account_sid, token

    def sender(self) -> str:
        """What messages are sent from; raises `Foreseen` unless exactly one thing is."""
        if (self.twilio_from is None) == (self.twilio_messaging_service_sid is None):
            raise Foreseen("set either ROELAND_TWILIO_FROM or ROELAND_TWILIO_MESSAGING_SERVICE_SID, and only one")
        return self.twilio_from or self.twilio_messaging_service_sid or ""


class SmsSettings(RoelandSettings):
    """How fast, and how many at once."""

    sms_per_second: float = Field(default=0, ge=0, description="Per sender, all workers together; 0: no limit.")
    sms_connections: int = Field(default=50, ge=1, le=500, description="Requests at once; a quarter kept for urgent.")
    sms_settling_seconds: float = Field(
        default=2.0, ge=0, description="So long after a request without answer, Twilio lists what it made of it."
    )

    @property
    def settling(self) -> timedelta:
        """`sms_settling_seconds` as a duration."""
        return timedelta(seconds=self.sms_settling_seconds)
