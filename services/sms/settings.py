"""Settings of the SMS channel and its providers."""

import re
from datetime import timedelta
from typing import Final

from pydantic import Field, SecretStr, field_validator

from services.domain.phone_numbers import DEFAULT_COUNTRIES, read_countries
from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings
from services.runtime.sms_sender import SenderSettings, two_way

__all__ = ["TWILIO", "SenderSettings", "SinchSettings", "SmsSettings", "TwilioSettings", "two_way"]

TWILIO: Final = "https://api.twilio.com"
_PLACE: Final = re.compile(r"[a-z0-9-]{2,20}")


class TwilioSettings(RoelandSettings):
    """The account at Twilio, and what its messages are sent from."""

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = Field(default=None, description="A number in E.164, a short code or a name.")
    twilio_messaging_service_sid: str | None = None
    twilio_base_url: str = TWILIO
    twilio_region: str | None = Field(default=None, description="Where the account is: us1, ie1, au1.")
    twilio_edge: str | None = Field(default=None, description="Where requests enter: dublin, frankfurt, …")
    twilio_timeout_seconds: float = Field(default=7.0, gt=0, description="For one request, all in all.")
    twilio_connect_seconds: float = Field(default=3.0, gt=0, description="For the connection alone.")

    @field_validator("twilio_base_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address")
        return value.rstrip("/")

    @field_validator("twilio_region", "twilio_edge")
    @classmethod
    def _a_place(cls, value: str | None) -> str | None:
        if value is not None and not _PLACE.fullmatch(value):
            raise ValueError("must be one of Twilio's names, such as ie1 or dublin")
        return value

    def address(self) -> str:
        """Where Twilio is asked: as its SDK builds it from region and edge, unless another address was set."""
        places = [self.twilio_edge, self.twilio_region or ("us1" if self.twilio_edge else None)]
        if self.twilio_base_url != TWILIO or not any(places):
            return self.twilio_base_url
        return f"https://{'.'.join(['api', *filter(None, places), 'twilio', 'com'])}"

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


class SinchSettings(RoelandSettings):
    """The second provider, off until it has a service plan: https://developers.sinch.com/docs/sms/api-reference."""

    sinch_service_plan_id: str | None = None
    sinch_api_token: SecretStr | None = None
    sinch_from: str | None = Field(default=None, description="A number in E.164, a short code or a name.")
    sinch_region: str = Field(default="eu", description="Where the service plan is: eu, us, au, br, ca.")
    sinch_base_url: str | None = None
    sinch_callback_login: SecretStr | None = Field(
        default=None, description="user:password that Sinch's callbacks come with, once Sinch has set that up."
    )
    sinch_timeout_seconds: float = Field(default=7.0, gt=0, description="For one request, all in all.")
    sinch_connect_seconds: float = Field(default=3.0, gt=0, description="For the connection alone.")

    @field_validator("sinch_region")
    @classmethod
    def _a_region(cls, value: str) -> str:
        if not _PLACE.fullmatch(value):
            raise ValueError("must be one of Sinch's regions, such as eu")
        return value

    @field_validator("sinch_base_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address")
        return value.rstrip("/") if value else None

    @property
    def on(self) -> bool:
        """Whether there is a second provider; raises `Foreseen` when it is set up by half."""
        given = (self.sinch_service_plan_id, self.sinch_api_token, self.sinch_from)
        if any(given) and not all(given):
            raise Foreseen(
                "ROELAND_SINCH_SERVICE_PLAN_ID, ROELAND_SINCH_API_TOKEN and ROELAND_SINCH_FROM belong together:"
                " set all three, or none"
            )
        return all(given)

    def account(self) -> tuple[str, str, str]:
        """Service plan, token and sender; raises `Foreseen` when they are not set."""
        if not self.on or not (self.sinch_service_plan_id and self.sinch_api_token and self.sinch_from):
            raise Foreseen("ROELAND_SINCH_SERVICE_PLAN_ID is not set")
        return self.sinch_service_plan_id, self.sinch_api_token.get_secret_value(), self.sinch_from

    def address(self) -> str:
        """Where Sinch is asked."""
        return self.sinch_base_url or f"https://{self.sinch_region}.sms.api.sinch.com"


class SmsSettings(RoelandSettings):
    """How fast, how many at once, to which countries, and when the second provider takes over."""

    sms_per_second: float = Field(default=0, ge=0, description="Per sender, all workers together; 0: no limit.")
    sms_connections: int = Field(default=50, ge=1, le=500, description="Requests at once; a quarter kept for urgent.")
    sms_settling_seconds: float = Field(
        default=2.0, ge=0, description="So long after a request without answer, Twilio lists what it made of it."
    )

    sms_countries: str = Field(default=DEFAULT_COUNTRIES, description="ISO 3166, separated by commas; *: any.")
    sms_failover_seconds: float = Field(
        default=10.0, ge=0, description="So long the first provider is away before the second takes over."
    )
    sms_failover_share: float = Field(
        default=0.5, gt=0, le=1, description="Of a minute's requests, so many without a clear answer: the same."
    )
    sms_failback_seconds: float = Field(
        default=30.0, gt=0, description="So long after that, the first provider is tried again, one SMS at a time."
    )
    sms_asks_per_second: float = Field(
        default=5.0, ge=0, description="Of those that never called back; each worker. 0: nobody is asked."
    )

    @field_validator("sms_countries")
    @classmethod
    def _countries(cls, value: str) -> str:
        read_countries(value)
        return value

    @property
    def countries(self) -> frozenset[str] | None:
        """The countries that SMS may go to; None: any."""
        return read_countries(self.sms_countries)

    @property
    def settling(self) -> timedelta:
        """`sms_settling_seconds` as a duration."""
        return timedelta(seconds=self.sms_settling_seconds)
