"""What people read when a message is withdrawn: `withdrawal` in `words/<language>.yaml`."""

from datetime import datetime

from services.domain.texts import one_line
from services.rendering.dates import in_full
from services.rendering.templates import Templates


def withdrawal_texts(
    templates: Templates, language: str, title: str, released_at: datetime | None, reason: str
) -> dict[str, str]:
    """Its `title`, `key_message` and `reason` in this `language`; the reason's own words stand as they were given."""
    word = templates.words.of(language)
    when = in_full(released_at, language=language, timezone=templates.timezone, word=word) if released_at else ""
    return {
        "language": language,
        "title": word("withdrawal.title", title=title),
        "key_message": word("withdrawal.key_message", title=title, when=when),
        "reason": word("withdrawal.reason", reason=one_line(reason)),
    }
