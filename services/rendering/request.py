"""What is asked of rendering: one variant of one message."""

from dataclasses import dataclass
from datetime import datetime

from services.domain.configuration import DEFAULT, Configuration
from services.domain.content import MessageContent
from services.domain.selection import choose_language, select


@dataclass(frozen=True)
class Corrected:
    """The message that a correction puts right, and when it was released (aware)."""

    content: MessageContent
    at: datetime

    def title(self, language: str) -> str:
        """Its title in this language; '' when it had none."""
        return next((text.text for text in self.content.title if text.language == language), "")

    def said(self, audience: str, language: str) -> tuple[str, ...]:
        """Its key messages as this audience got them: in this language, or else in that message's own."""
        got = choose_language(self.content, audience, language)
        return tuple(point.text for point in select(self.content, audience=audience, language=got).key_messages)


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
    asks: bool = True
    """Whether the audience is asked what it is asked in this phase."""
