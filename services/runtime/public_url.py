"""What recipients and providers see of us from outside."""

from pydantic import Field, field_validator

from services.runtime.settings import RoelandSettings


class PublicUrlSettings(RoelandSettings):
    """The address of `public` as the world sees it, in front of any proxy."""

    public_url: str | None = Field(default=None, description="https://…, with a path if the proxy has one.")

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")) or "?" in value or "#" in value:
            raise ValueError("must be an http or https address without query, for instance https://crisis.example.be")
        return value.rstrip("/")
