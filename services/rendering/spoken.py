"""A moment in full, outside any one message: what fills the hole of a playbook."""

from collections.abc import Callable
from datetime import datetime

from services.rendering.dates import in_full
from services.rendering.templates import Templates


def spoken(templates: Templates) -> Callable[[datetime, str], str]:
    """From a moment (aware) and a language to *maandag 23 november 2026, 16 uur*."""

    def say(moment: datetime, language: str) -> str:
        return in_full(moment, language=language, timezone=templates.timezone, word=templates.words.of(language))

    return say
