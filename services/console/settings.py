"""Where the console listens, and what it is from outside."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Final

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from services.runtime.settings import RoelandSettings

_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9\[:][A-Za-z0-9.:\]-]{0,250}")


class ConsoleSettings(RoelandSettings):
    """The console's own settings; those of its doors are in `services.console.doors`."""

    console_address: str = Field(default="127.0.0.1:8000", description="host:port to listen on.")
    console_url: str | None = Field(
        default=None, description="What people see, in front of any proxy: https://console.example.be, without a path."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks of the proxies whose X-Forwarded-For and -Proto count, by commas."
    )

    confirm_count_above: int = Field(
        default=1000, ge=0, description="An urgent message to more people than this is approved by typing how many."
    )

    events_per_minute: int = Field(
        default=600, ge=1, le=1_000_000, description="Events that one outside system may send, per process."
    )
    events_keep_days: int = Field(
        default=90, ge=1, le=3650, description="So long what outside systems sent is kept, once it was handled."
    )

    @field_validator("console_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not _ADDRESS.fullmatch(value.rstrip("/")):
            raise ValueError("must be an http or https address without a path, for instance https://console.example.be")
        return value and value.rstrip("/")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(each.strip()) for each in value.split(",") if each.strip())

    @property
    def url(self) -> str:
        """What people type, without a slash at its end."""
        return self.console_url or f"http://{self.console_address}"
