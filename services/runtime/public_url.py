"""What recipients and providers see of us from outside."""

import re
from typing import Final

from pydantic import Field, field_validator

from services.runtime.settings import RoelandSettings

_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9\[:][A-Za-z0-9._~:/@%\[\]-]{0,400}")
"""It stands in headers of mails, so without what could end one, and shorter than a line of them."""


class PublicUrlSettings(RoelandSettings):
    """The address of `public` as the world sees it, in front of any proxy."""

    public_url: str | None = Field(default=None, description="https://…, with a path if the proxy has one.")

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _ADDRESS.fullmatch(value):
            raise ValueError("must be an http or https address without query, for instance https://crisis.example.be")
        return value.rstrip("/")
