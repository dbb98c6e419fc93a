"""Day and hour in full, in the reader's language and the centre's time zone: *maandag 23 november 2026, 16 uur*."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import UnknownLocaleError
from babel.dates import format_date

from services.domain.problems import Problem, Refused
from services.rendering.words import Word


def in_full(moment: datetime, *, language: str, timezone: str, word: Word) -> str:
    """`moment` (aware) as people say it; minutes only when there are any. The patterns are words of the language."""
    local = local_time(moment, timezone)
    return word("date.both", day=day_in_full(local.date(), language=language, word=word), clock=clock(local, word))


def local_time(moment: datetime, timezone: str) -> datetime:
    """`moment` (aware) as the clocks of the centre have it."""
    return moment.astimezone(_zone(timezone))


def day_in_full(day: date, *, language: str, word: Word) -> str:
    """*maandag 23 november 2026*."""
    try:
        return _written(day, word("date.day"), language)
    except UnknownLocaleError:
        what = f"{language!r} is not a language that has dates."
        raise Refused([Problem(f"languages {language}", what, "Use its ISO 639-1 code.")]) from None


def clock(local: datetime, word: Word) -> str:
    """*16 uur*, *16.30 uur*."""
    return word("date.minutes" if local.minute else "date.hour", hour=local.hour, minute=f"{local.minute:02}")


@lru_cache(maxsize=1024)
def _written(day: date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=language)  # babel reads the pattern anew each time: a tenth of a rendering


@lru_cache
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
