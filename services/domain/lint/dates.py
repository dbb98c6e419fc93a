"""Dates: with the day of the week, and with the right one. In Dutch, French, English and German."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.domain.lint.rule import VOICE, Hit, Linted, Rule, hit, rule


@dataclass(frozen=True)
class Calendar:
    """The days and months of a language, in order; what may follow the number of a day; how a date is written."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    ordinal: str
    written: str


def _each(words: str) -> tuple[str, ...]:
    return tuple(words.split())


CALENDARS: Final[Mapping[str, Calendar]] = {
    "nl": Calendar(
        _each("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
        _each("januari februari maart april mei juni juli augustus september oktober november december"),
        "(?:ste|de|e)?",
        "{day} {number} {month}",
    ),
    "fr": Calendar(
        _each("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        _each("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        "(?:er)?",
        "{day} {number} {month}",
    ),
    "en": Calendar(
        _each("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        _each("January February March April May June July August September October November December"),
        "(?:st|nd|rd|th)?",
        "{day} {number} {month}",
    ),
    "de": Calendar(
        _each("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        _each("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        r"\.?",
        "{day}, {number}. {month}",
    ),
}
_OTHER_DAYS: Final = {"Sonnabend": "Samstag"}
FAR: Final = timedelta(days=180)
"""The date of a law needs no weekday; that of a meeting does."""


@dataclass(frozen=True)
class Found:
    """A date in a text: what stands there, the day that it is, and the weekday beside it (0: Monday)."""

    shown: str
    day: date
    weekday: int | None


@rule("date-without-weekday", "warning", source=VOICE)
def date_without_weekday(linted: Linted) -> Iterator[Hit]:
    """A date within half a year that could be read past its day."""
    for place, language, found in _dates(linted):
        if found.weekday is None and abs(found.day - linted.now.date()) <= FAR:
            yield hit(place, date=found.shown, full=_in_full(found.day, CALENDARS[language]))


@rule("wrong-weekday", "warning", source=VOICE)
def wrong_weekday(linted: Linted) -> Iterator[Hit]:
    """A date whose weekday belongs to another."""
    for place, language, found in _dates(linted):
        days = CALENDARS[language].days
        if found.weekday is not None and found.weekday != found.day.weekday():
            yield hit(place, date=found.shown, right=days[found.day.weekday()], wrong=days[found.weekday])


def _dates(linted: Linted) -> Iterator[tuple[str, str, Found]]:
    for place, text in linted.texts:
        if calendar := CALENDARS.get(text.language or ""):
            for found in dates_in(text.text, calendar, linted.now):
                yield place, text.language or "", found


def dates_in(text: str, calendar: Calendar, now: datetime) -> Iterator[Found]:
    """Every date with a day and a month. Without a year it is the one that is nearest to `now`."""
    for pattern in _patterns(calendar):
        for match in pattern.finditer(text):
            if day := _day_of(match, calendar, now):
                yield Found(match[0], day, _weekday_beside(text, match, calendar))


def _patterns(calendar: Calendar) -> tuple[re.Pattern[str], ...]:
    months = "|".join(calendar.months)
    number = rf"(?P<number>\d{{1,2}}){calendar.ordinal}"
    year = r"(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
    return (
        re.compile(rf"(?<![\w.,/-]){number}\s+(?:of\s+)?(?P<month>{months})\b{year}", re.IGNORECASE),
        re.compile(rf"\b(?P<month>{months})\s+{number}(?![\w:]){year}") if "January" in months else _NEVER,
        re.compile(r"(?<![\w/.-])(?P<number>\d{1,2})([/.-])(?P<month>\d{1,2})\2(?P<year>(?:19|20)\d\d)(?!\w)"),
        re.compile(r"(?<![\w-])(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<number>\d\d)(?!\w)"),
    )


def _day_of(match: re.Match[str], calendar: Calendar, now: datetime) -> date | None:
    month, number = _month(match["month"], calendar), int(match["number"])
    years = [int(match["year"])] if match["year"] else [now.year - 1, now.year, now.year + 1]
    days = [day for year in years if (day := _day(year, month, number))]
    return min(days, key=lambda day: abs(day - now.date()), default=None)


def _month(text: str, calendar: Calendar) -> int:
    return int(text) if text.isdigit() else [each.casefold() for each in calendar.months].index(text.casefold()) + 1


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _weekday_beside(text: str, match: re.Match[str], calendar: Calendar) -> int | None:
    """Up to two words before it (maandag de 23e; Montag, den 23.), or in brackets behind it."""
    before = re.findall(r"[^\W\d_]+", text[max(0, match.start() - 40) : match.start()])[-2:]
    behind = re.findall(r"^\s*\(([^\W\d_]+)", text[match.end() : match.end() + 40])
    days = [day.casefold() for day in calendar.days]
    for word in (*reversed(before), *behind):
        if (known := _OTHER_DAYS.get(word, word).casefold()) in days:
            return days.index(known)
    return None


def _in_full(day: date, calendar: Calendar) -> str:
    month = calendar.months[day.month - 1]
    return calendar.written.format(day=calendar.days[day.weekday()], number=day.day, month=month)


_NEVER: Final = re.compile(r"(?P<number>)(?P<month>)(?P<year>)(?!)")
DATES: Final[tuple[Rule, ...]] = (date_without_weekday, wrong_weekday)
