"""The literal values in a text, whichever way people write them: days, times of the day and numbers.

`8 uur`, `8.00 uur`, `08:00`, `8 h` and `8 Uhr` are one time, `1.200` in Dutch and `1,200` in English one number. A
length of time (`binnen 8 uur`, `24 hours`) is a number, not a time. What looks like a telephone number or a name (E40,
COVID-19) is none of these.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from services.domain.literal_words import DURATION_BEFORE, DURATION_WORDS, LATER, MONTHS, MULTIPLES

Kind = Literal["day", "time", "number"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was written, and in its one form: (year or 0, month, day), (hour, minute), or a number."""

    kind: Kind
    form: tuple[int, ...] | Decimal
    written: str

    def same_as(self, other: "Value") -> bool:
        """Whether both say the same; a day without a year is that day of any year."""
        if self.kind != other.kind:
            return False
        if self.kind == "day" and isinstance(self.form, tuple) and isinstance(other.form, tuple):
            return self.form[1:] == other.form[1:] and (0 in (self.form[0], other.form[0]) or self.form == other.form)
        return self.form == other.form


def values_in(text: str, language: str = "nl") -> list[Value]:
    """Every value in a text in this language, days first, then times, then numbers; each of them once."""
    rest = _PHONE.sub(_blank, text)
    found: list[Value] = []
    for pattern, read in _PATTERNS:
        rest = _taken(rest, pattern, read, found)
    found += _numbers(rest, language)
    return list(dict.fromkeys(found))


def among(value: Value, others: Iterable[Value]) -> bool:
    """Whether one of the others says the same."""
    return any(value.same_as(other) for other in others)


def _taken(text: str, pattern: re.Pattern[str], read: "_Reader", found: list[Value]) -> str:
    def take(match: re.Match[str]) -> str:
        value = read(match)
        if value is None:
            return match[0]
        found.append(value)
        return _blank(match)

    return pattern.sub(take, text)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _day(year: str | None, month: str, day: str, written: str) -> Value | None:
    number = MONTHS.get(month.lower().rstrip("."), 0) if not month.isdigit() else int(month)
    if not (1 <= number <= 12 and 1 <= int(day) <= 31):
        return None
    full = int(year or 0)
    return Value("day", (full + 2000 if year and full < 100 else full, number, int(day)), written.strip())


def _time(match: re.Match[str]) -> Value | None:
    parts = match.groupdict()
    hour, minute = int(parts["hour"]), int(parts.get("minute") or 0)
    later = (parts.get("later") or "").lower().replace(".", "").replace("’", "'")
    if hour < 12 and any(word in later for word in LATER):
        hour += 12
    if hour == 12 and later.strip() == "am":
        hour = 0
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    return Value("time", (hour % 24, minute), match[0].strip())


def _length_of_time(match: re.Match[str]) -> Value | None:
    return Value("number", Decimal(match["amount"].replace(",", ".")), match[0].strip())


def _numbers(text: str, language: str) -> Iterator[Value]:
    for match in _NUMBER.finditer(text):
        number = _number(match["digits"], language) * MULTIPLES.get((match["times"] or "").lower(), 1)
        yield Value("number", number.normalize(), match[0].strip())


def _number(digits: str, language: str) -> Decimal:
    """`1.200` in Dutch is 1200, in English 1.2; a group that has not three digits can only be decimals."""
    plain = re.sub(r"[ \u00a0\u202f\u2009'’]", "", digits)
    thousands = "," if language == "en" else "."
    if re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})+(?:[.,]\d+)?", plain):
        plain = plain.replace(thousands, "")
    return (
        Decimal(plain.replace(",", "."))
        if plain.count(".") + plain.count(",") <= 1
        else Decimal(re.sub(r"[.,]", "", plain))
    )


_Reader = Callable[[re.Match[str]], Value | None]

_MONTH: Final = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_LATER: Final = "|".join(sorted(map(re.escape, LATER), key=len, reverse=True)).replace("'", "['’]")
_IN_DAY: Final = rf"(?:\s*(?P<later>a\.?m\.?|{_LATER})(?!\w))?"
_BEFORE: Final = "|".join(DURATION_BEFORE)
_SPANS: Final = "|".join(DURATION_WORDS)

_PHONE: Final = re.compile(r"(?<!\w)(?:\+\d|0\d{1,3}[ /.])[\d ./]{5,}\d(?!\w)")

_PATTERNS: Final[tuple[tuple[re.Pattern[str], _Reader], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?!\d)", lambda m: _day(m[1], m[2], m[3], m[0])),
        (r"(?<![\w/])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?![\w/])", lambda m: _day(m[4], m[3], m[1], m[0])),
        (r"(?<![\w/])(\d\d)/(\d\d)(?![\w/])", lambda m: _day(None, m[2], m[1], m[0])),
        (
            rf"(?<!\w)(\d{{1,2}})(?:er|e|ste|de|st|nd|rd|th|\.)?\s+(?:of\s+)?({_MONTH})\b\.?(?:,?\s+(\d{{4}}))?(?!\w)",
            lambda m: _day(m[3], m[2], m[1], m[0]),
        ),
        (
            rf"\b({_MONTH})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?!\w)(?:,?\s+(\d{{4}}))?",
            lambda m: _day(m[3], m[1], m[2], m[0]),
        ),
        (rf"\b(?:{_BEFORE})\s+(?P<amount>\d+(?:[.,]\d+)?)\s*(?:uur|u|heures?|h|hours?|Stunden?)\b", _length_of_time),
        (rf"(?<!\w)(?P<amount>\d+(?:[.,]\d+)?)\s*(?:{_SPANS})\b", _length_of_time),
        (rf"(?<![\w.,:])(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?!\d)(?:\s*(?:uur|Uhr|h)\b)?{_IN_DAY}", _time),
        (
            rf"(?<![\w.,:])(?P<hour>\d{{1,2}})\s?(?:u|h|uur|heures?|Uhr)\s?(?P<minute>\d\d)(?![\w.,]*\d){_IN_DAY}",
            _time,
        ),
        (
            rf"(?<![\w.,:])(?P<hour>\d{{1,2}})(?:\.(?P<minute>\d\d))?\s*"
            rf"(?:uur|u\.?|heures?|h\.?|Uhr|o['’]clock)(?!\w){_IN_DAY}",
            _time,
        ),
        (r"(?<![\w.,:])(?P<hour>\d{1,2})(?:[.:](?P<minute>\d\d))?\s*(?P<later>[ap]\.?m\.?)(?!\w)", _time),
        (r"(?<=\bom |\bum |\bat )(?P<hour>\d{1,2})\.(?P<minute>\d\d)(?![\w.,]*\d)(?!\s*(?:%|euro|€))", _time),
    )
)

_GROUPS: Final = r"\d{1,3}(?:[ \u00a0\u202f\u2009'’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*"
_NUMBER: Final = re.compile(
    rf"(?<![\w.,/-])(?P<digits>{_GROUPS})(?!\w)(?:[  ](?P<times>{'|'.join(MULTIPLES)})\b)?", re.IGNORECASE
)
