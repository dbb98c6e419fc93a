"""Telephone numbers: one that cannot exist is refused. Dates, hours, amounts and numbers of enterprises are none."""

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers
from phonenumbers import shortnumberinfo

from services.domain.contact_fields import HOME_REGION
from services.domain.lint.bare import ADDRESS, bare, blanked
from services.domain.lint.personal import without_personal
from services.domain.lint.rule import Hit, Linted, Rule, hit, rule

_CALL: Final = (
    r"(?:\b(?:bel|bellen|belt|tel|telefoon|telefoonnummer|noodnummer|gsm|appelez|appeler|tél|téléphone|call|dial|phone"
    r"|telephone|telefon|rufen sie|wählen sie)\b[.:]?\s+"
    r"(?:(?:het|naar|op|gratis|nummer|le|au|numéro|the|number|die|unter|nummer)\s+){0,3})"
)
_SEPARATOR: Final = r"[ ./()-]{0,3}"
WHOLE: Final = re.compile(rf"(?<![\w+.,:/-])(?:\+\d|0\d)(?:{_SEPARATOR}\d){{4,18}}(?!\d)")
SHORT: Final = re.compile(rf"{_CALL}(\d{{3,6}})(?=[.,;:!?)]|\s*$)", re.IGNORECASE)
AFTER_CALL: Final = re.compile(rf"{_CALL}$", re.IGNORECASE)
_NO_NUMBERS: Final = (
    re.compile(r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b|\b\d{4}-\d\d-\d\d\b|\b\d{1,2} \d{1,2} (?:19|20)\d\d\b"),
    re.compile(r"\b\d{1,2}[/.:]\d{1,2} ?- ?\d{1,2}[/.:]\d{1,2}\b|\b[0-2]\d[0-5]\d ?- ?[0-2]\d[0-5]\d\b"),
    re.compile(r"\b\d{1,2}[.:]\d\d\b(?= ?(?:u|uur|h|uhr)\b)", re.IGNORECASE),
    re.compile(r"\b0[.,]\d+\b(?![ /-]\d)"),
)
_THOUSANDS: Final = re.compile(r"\+\d{1,3}(?:[ .]\d{3})+")
FEWEST_DIGITS, MOST_UNSAID = 8, 11


@rule("bad-phone", "error", source="ITU-T E.164; BIPT-nummerplan, zoals in libphonenumber (Google)")
def bad_phone(linted: Linted) -> Iterator[Hit]:
    """Each number that is written as one to call and cannot be called."""
    for place, text in linted.texts:
        plain = blanked(without_personal(bare(text.text)), [ADDRESS, *_NO_NUMBERS])
        for number in dict.fromkeys((*_whole(plain), *_short(plain))):
            yield hit(place, number=number)


def _whole(text: str) -> Iterator[str]:
    for found in WHOLE.finditer(text):
        called = bool(AFTER_CALL.search(text[max(0, found.start() - 40) : found.start()]))
        for number in re.split(r" [/-] ", found[0]):
            if _is_meant(number, called=called) and not _is_valid(number):
                yield number.strip()


def _is_meant(number: str, *, called: bool) -> bool:
    """Whether it can only be meant as a telephone number."""
    digits = "".join(filter(str.isdigit, number))
    if len(digits) < FEWEST_DIGITS or _is_enterprise(digits, number):
        return False
    if called:
        return True
    if number.startswith("+"):
        return not _THOUSANDS.fullmatch(number) or number.startswith("+32")
    if number.isdigit():  # of a file, more often than not; but a mobile number is often written so
        return number.startswith("04") and len(digits) < MOST_UNSAID
    if number.startswith("00"):
        return not number.startswith("000")
    return len(digits) <= MOST_UNSAID


def _is_valid(number: str) -> bool:
    """Also with more behind it: 02 553 55 55-56."""
    try:
        if phonenumbers.is_valid_number(phonenumbers.parse(number, HOME_REGION)):
            return True
    except phonenumbers.NumberParseException:
        return False
    first = next(iter(phonenumbers.PhoneNumberMatcher(number, HOME_REGION)), None)
    return first is not None and first.start == 0


def _short(text: str) -> Iterator[str]:
    """112, 1700 and their like: what somebody is told to call, and nothing else of three to six digits."""
    for found in SHORT.finditer(text):
        number = phonenumbers.parse(found[1], HOME_REGION)
        if not shortnumberinfo.is_valid_short_number_for_region(number, HOME_REGION):
            yield found[1]


def _is_enterprise(digits: str, number: str) -> bool:
    """A number of the Belgian register of enterprises, 0403.170.701: ten digits, mod 97."""
    return len(digits) == 10 and not number.startswith("+") and 97 - int(digits[:8]) % 97 == int(digits[8:])


PHONES: Final[tuple[Rule, ...]] = (bad_phone,)
