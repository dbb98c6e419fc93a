"""What is asked of rendering: one variant of one message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.domain.configuration import DEFAULT, Configuration
from services.domain.content import MessageContent


@dataclass(frozen=True)
class Corrected:
    """The message that a correction puts right: its title by language, and when it was released (aware)."""

    titles: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class RenderRequest:
    """One variant to render. `issued_at` (aware) is shown as the time of the situation, when given."""

    content: MessageContent
    audience: str
    language: str
    channel: str
    phase: str
    message_id: str
    incident_title: str = ""
    issued_at: datetime | None = None
    corrected: Corrected | None = None
    configuration: Configuration = DEFAULT
    segment: str = ""
