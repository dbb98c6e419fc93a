"""How people come in, as the centre has set it."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from services.domain.identity import ROLES
from services.runtime.settings import RoelandSettings

NOBODY: Final = "nobody"


class DoorSettings(RoelandSettings):
    """Sessions and local accounts; those of an OpenID provider are in `services.console.doors.provider`."""

    session_idle_minutes: int = Field(default=120, ge=5, le=24 * 60, description="Unused for so long, a session ends.")
    session_hours: int = Field(default=12, ge=1, le=7 * 24, description="After so long it ends whatever was done.")
    second_step_for: Annotated[str, NoDecode] = Field(
        default="approver,crisis-manager,administrator",
        description="Roles that need an app beside a local password, by commas; `nobody`: none.",
    )

    @field_validator("second_step_for")
    @classmethod
    def _roles(cls, value: str) -> str:
        for each in _listed(value):
            if each not in ROLES and each != NOBODY:
                raise ValueError(f"there is no role {each}: {', '.join(ROLES)}, or {NOBODY}")
        return value

    @property
    def idle(self) -> timedelta:
        """Unused for so long, a session ends."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def absolute(self) -> timedelta:
        """After so long it ends."""
        return timedelta(hours=self.session_hours)

    def asks_second_step(self, roles: list[str]) -> bool:
        """Whether who has these roles and a local password needs an app too."""
        return not set(_listed(self.second_step_for)).isdisjoint(roles)


def _listed(value: str) -> list[str]:
    return [each.strip() for each in value.split(",") if each.strip()]
