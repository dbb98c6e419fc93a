"""Day and hour in full, in the reader's language and the centre's time zone: *maandag 23 november 2026, 16 uur*."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import UnknownLocaleError
from babel.dates import format_date

from services.domain.problems import Problem, Refused
from services.rendering.words import Word


def in_full(moment: datetime, *, language: str, timezone: str, word: Word) -> str:
    """`moment` (aware) as people say it; minutes only when there are any. The patterns are words of the language."""
    local = moment.astimezone(_zone(timezone))
    try:
        day = format_date(local.date(), word("date.day"), locale=language)
    except UnknownLocaleError:
        what = f"{language!r} is not a language that has dates."
        raise Refused([Problem(f"languages {language}", what, "Use its ISO 639-1 code.")]) from None
    clock = word("date.minutes" if local.minute else "date.hour", hour=local.hour, minute=f"{local.minute:02}")
    return word("date.both", day=day, clock=clock)


@lru_cache
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
