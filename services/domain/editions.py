"""An edition of a newsletter, as it is kept: which messages it tells of, and what people wrote above them.

It refers to messages, which never change once they are released, so what it says is a pure function of it and of them.
"""

import hashlib
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.domain import limits
from services.domain.content import MessageContent, Text, Utc
from services.domain.identity import canonical

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
    """Where one incident stands for some audiences: its latest released message, and those that are folded into it.

    `folded`: the others since the last edition, oldest first. `before`: what the last edition that told of this
    incident had as its latest; of a correction that is not the latest, what it puts right. None: new to readers.
    `withdrawn`: `message` was withdrawn; `notice`: the message that said so, if one did.
    """

    incident: str = Field(pattern=limits.INCIDENT_PATTERN, max_length=limits.INCIDENT_CHARACTERS)
    message: UUID
    folded: tuple[UUID, ...] = ()
    before: UUID | None = None
    audiences: tuple[str, ...] = Field(min_length=1)
    withdrawn: bool = False
    notice: UUID | None = None


class EditionContent(_Tolerant):
    """What an edition is made from. Which items a reader sees, and in which order, is `edition_selection`'s to say.

    `since`: when the edition before it was made. `late`: it goes out after its time, and says so. `definition`: hash of
    the newsletter that it was made from. After `release_by` it is not released any more, and what it has to tell is in
    the next. The fields that every message has mean the same here.
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
    quiet_day: Literal["skip", "say-so"] = "skip"
    since: Utc | None = None
    late: bool = False
    exercise: bool = False
    definition: str = ""
    composed_at: Utc
    release_at: Utc | None = None
    release_by: Utc | None = None
    expires_at: Utc | None = None


def edition_hash(content: EditionContent) -> str:
    """SHA-256, in hex, over all that it is made from, as `content.content_hash` is over a message."""
    return hashlib.sha256(canonical(content.model_dump(mode="json", exclude_defaults=True))).hexdigest()


def messages_of(item: EditionItem) -> tuple[UUID, ...]:
    """Every message that the item tells of, so that no later edition does; not what it is compared with."""
    return tuple(dict.fromkeys((item.message, *item.folded, *filter(None, [item.notice]))))


def says_something(content: EditionContent) -> bool:
    """Whether it has anything to tell. What the newsletter opens with every day is nothing."""
    return bool(content.items or content.editorial)


def as_message(content: EditionContent) -> MessageContent:
    """What it has in common with other messages, for those who show any of them."""
    shared = {name: getattr(content, name) for name in _SHARED}
    return MessageContent(kind="update", **shared).model_copy(update={"kind": KIND})


_SHARED: Final = (
    "incident", "urgency", "title", "language", "audiences", "channels", "exercise", "release_at", "expires_at"
)  # fmt: skip


def is_edition(content: dict[str, Any]) -> bool:
    """Whether the content of a message is that of an edition."""
    return content.get("content") == KIND
