"""How long a person may think better of it."""

from datetime import timedelta

from pydantic import Field

from services.runtime.settings import RoelandSettings

TAKE_BACK_SECONDS = 10.0
"""Long enough to see what one has done, short enough for a newsletter."""


class EditorialSettings(RoelandSettings):
    """`take_back_seconds`: so long an approved routine message waits, and can be taken back; 0: it goes out at once."""

    take_back_seconds: float = Field(default=TAKE_BACK_SECONDS, ge=0, le=3600)

    @property
    def take_back(self) -> timedelta:
        """The same, as a span of time."""
        return timedelta(seconds=self.take_back_seconds)
