"""What one kind of reader sees of an edition, in one language: plain values, which a template puts in their place.

`services.domain.edition_selection` makes it; `services.rendering.edition` shows it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

Standing = Literal["new", "updated", "unchanged", "put-right", "withdrawn", "over"]
"""How an incident stands since the last edition. `new`: readers never had it in this newsletter. `over`: all-clear."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text, and whether it was not there in the last edition."""

    text: str
    new: bool


@dataclass(frozen=True, slots=True)
class SaidPoint:
    """A key message with its facts."""

    text: str
    new: bool
    facts: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """One incident, at its latest. `told_at`: when that message was released; `folded`: how many others it stands for.

    One incident may have more than one: what was withdrawn, and what was put right without being the latest, are
    stories of their own. What was withdrawn has a title, and key messages only where a notice said so.

    `near`: it is in the reader's province. `places`: municipalities and provinces that it is about, if it says so.
    `corrected`: what was wrong, where the latest is a correction. `language`: of its texts, where that is not the
    edition's own ('' when it is).
    """

    incident: str
    incident_title: str
    phase: str
    phase_name: str
    kind: str
    standing: Standing
    message_id: UUID
    title: str
    told_at: datetime
    folded: int
    key_messages: tuple[SaidPoint, ...]
    unknown: tuple[Said, ...] = ()
    actions: tuple[Said, ...] = ()
    corrected: tuple[str, ...] = ()
    next_update_at: datetime | None = None
    places: tuple[str, ...] = ()
    near: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class DateToCome:
    """A moment that readers should know of: from the editorial, or the next update that a story promises.

    `language`: as of a story.
    """

    at: datetime
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition for one audience, language and province ('' for none). A quiet day has no stories.

    `editorial_language`: that of `editorial`, where it does not exist in the reader's ('' where it does).
    """

    newsletter_title: str
    number: int
    date: date
    audience: str
    audience_name: str
    language: str
    province: str
    stories: tuple[Story, ...]
    opening: tuple[str, ...] = ()
    editorial: tuple[str, ...] = ()
    editorial_language: str = ""
    dates: tuple[DateToCome, ...] = ()
    since: datetime | None = None
    late: bool = False
    exercise: bool = False
