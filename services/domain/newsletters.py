"""What a newsletter is: whom it is for, when it goes out, what it collects. A standing approval is bound to it."""

import hashlib
from datetime import time
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.domain import limits
from services.domain.content import Text
from services.domain.identity import canonical

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

SLUG_CHARACTERS: Final = 40
LATE_MINUTES: Final = 180
"""An edition that is later than this is not sent; what it had to tell is in the next one."""
MOST_LATE_MINUTES: Final = 12 * 60
PREPARE_MINUTES: Final = 30
MOST_PREPARE_MINUTES: Final = 12 * 60

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _to_the_minute(at: time) -> time:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise ValueError("must be an hour and minutes of the local day, such as 17:00")
    return at


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Schedule(_Frozen):
    """When it goes out, by the clock on the wall in `ROELAND_TIMEZONE`.

    `prepare_minutes` before that the edition is made, so that somebody can look at it. `late_minutes`: later than this
    after its time an edition is not sent any more.
    """

    time: Annotated[time, AfterValidator(_to_the_minute)]
    weekdays: tuple[Weekday, ...] = Field(default=("mon", "tue", "wed", "thu", "fri"), min_length=1)
    holidays: Literal["skip", "send"] = "skip"
    prepare_minutes: int = Field(default=PREPARE_MINUTES, ge=0, le=MOST_PREPARE_MINUTES)
    late_minutes: int = Field(default=LATE_MINUTES, ge=1, le=MOST_LATE_MINUTES)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = tuple(day for day in WEEKDAYS if day in self.weekdays)
        object.__setattr__(self, "weekdays", days)
        return self


class Newsletter(_Frozen):
    """The definition of a newsletter. Empty tuples in `incidents` and `phases` stand for all of them.

    `by_province`: audiences whose readers see what is in their own province first, in a version for each.
    `quiet_day`: what happens when there is nothing to tell. An `exercise` collects exercises, and nothing else.
    """

    slug: str = Field(pattern=limits.INCIDENT_PATTERN, max_length=SLUG_CHARACTERS)
    title: tuple[Text, ...] = Field(min_length=1)
    language: str = "nl"
    audiences: tuple[str, ...] = Field(min_length=1)
    schedule: Schedule
    incidents: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    quiet_day: Literal["skip", "say-so"] = "skip"
    by_province: tuple[str, ...] = ()
    opening: tuple[Text, ...] = ()
    exercise: bool = False

    @property
    def names(self) -> set[str]:
        """The ids of a configuration that it needs: audiences, phases and languages."""
        languages = {each.language or self.language for each in (*self.title, *self.opening)}
        return {self.language, *self.audiences, *self.phases, *languages}

    @property
    def hash(self) -> str:
        """SHA-256, in hex, over all of it but its name: a newsletter that is renamed says and does the same.

        What has its default is left out, so that a field added later voids no approval that stands.
        """
        plain = self.model_dump(mode="json", exclude={"slug"}, exclude_defaults=True)
        return hashlib.sha256(canonical(plain)).hexdigest()
