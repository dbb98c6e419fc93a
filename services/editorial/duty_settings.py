"""How long the person on duty has, and where the console is."""

from datetime import timedelta

from pydantic import Field, field_validator

from services.runtime.settings import RoelandSettings


class DutySettings(RoelandSettings):
    """Minutes may be fractions."""

    duty_minutes: float = Field(default=5, gt=0, le=1440, description="Then the next is called: urgent messages.")
    duty_minutes_routine: float = Field(default=30, gt=0, le=1440, description="Then the next is called: the others.")
    console_url: str | None = Field(default=None, description="https://…, where people inside open the console.")

    @field_validator("console_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address, for instance https://roeland.example.be")
        return value.rstrip("/") if value else None

    def patience(self, lane: str) -> timedelta:
        """How long one person has before the next is called."""
        return timedelta(minutes=self.duty_minutes if lane == "urgent" else self.duty_minutes_routine)
