"""An edition of a newsletter, as it is kept: which messages it tells of, and what people wrote above them.

It refers to messages, which never change once they are released, so what it says is a pure function of it and of them.
"""

from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.domain import limits
from services.domain.content import Text, Utc

KIND: Final = "edition"
"""The `kind` of a message that is an edition."""

Decision = Literal["made", "nothing-new", "not-a-weekday", "holiday", "paused", "skipped", "too-late"]
"""What a local date came to. `made`: there is a message. `nothing-new`: a quiet day on which nothing is sent."""


class _Tolerant(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class EditionDate(_Tolerant):
    """A date to come that readers should know of."""

    at: Utc
    text: tuple[Text, ...] = Field(min_length=1)


class Editorial(_Tolerant):
    """What the cell writes above an edition: paragraphs, and dates to come. A person approves what has one."""

    text: tuple[Text, ...] = Field(default=(), max_length=limits.LIST_ITEMS * 4)
    dates: tuple[EditionDate, ...] = Field(default=(), max_length=limits.LIST_ITEMS)


class EditionItem(_Tolerant):
    """Where one incident stands: its latest released message, and those that are folded into it.

    `message` is the latest that counts, at the id and number that it has. `folded`: the others since the last edition,
    oldest first. `before`: what the last edition had as the latest of this incident; None when it is new to readers.
    """

    incident: str = Field(pattern=limits.INCIDENT_PATTERN, max_length=limits.INCIDENT_CHARACTERS)
    message: UUID
    folded: tuple[UUID, ...] = ()
    before: UUID | None = None


class EditionContent(_Tolerant):
    """What an edition is made from. `items` are in the order in which readers of no province see them.

    `since`: what was released after this is news. `late`: it goes out after its time, and says so. The fields that
    every message has mean the same here.
    """

    content: Literal["edition"] = "edition"
    incident: str = Field(pattern=limits.INCIDENT_PATTERN, max_length=limits.INCIDENT_CHARACTERS)
    kind: Literal["edition"] = "edition"
    urgency: Literal["routine"] = "routine"
    newsletter: int = Field(description="Its number, which it keeps when it is renamed.")
    date: date
    number: int = Field(ge=1)
    title: tuple[Text, ...] = Field(min_length=1)
    language: str = "nl"
    audiences: tuple[str, ...] = Field(min_length=1)
    channels: tuple[Literal["mail"], ...] = ("mail",)
    by_province: tuple[str, ...] = ()
    opening: tuple[Text, ...] = ()
    editorial: Editorial | None = None
    items: tuple[EditionItem, ...] = ()
    since: Utc | None = None
    late: bool = False
    exercise: bool = False
    release_at: Utc | None = None
    expires_at: Utc | None = None


def is_edition(content: dict[str, Any]) -> bool:
    """Whether the content of a message is that of an edition."""
    return content.get("content") == KIND
