"""Data of persons that never belongs in a message: a national number, a bank account. Never repeated in a finding."""

import re
from collections.abc import Iterator
from typing import Final

from services.domain.lint.bare import LINK, bare, blanked
from services.domain.lint.rule import Hit, Linted, Rule, hit, rule

ROYAL_DECREE: Final = (
    "KB van 3 april 1984 (samenstelling van het identificatienummer); "
    "wet van 8 augustus 1983 (Rijksregister); AVG, art. 87"
)
ISO13616: Final = "ISO 13616 (IBAN, modulo 97 volgens ISO/IEC 7064); AVG, artikel 5, 1, c)"

_S: Final = r"[\s./-]{0,3}"
NATIONAL: Final = re.compile(rf"(?<![\d+])(?=(\d\d{_S}\d\d{_S}\d\d{_S}\d{{3}}{_S}\d\d|\d(?: \d){{10}})(?!\d))")
IBAN: Final = re.compile(r"(?<![^\W_])(?=([A-Z]{2}[\s.-]?\d\d(?:[\s.-]?[A-Z0-9]){11,31}))", re.IGNORECASE | re.ASCII)

# The registry of ISO 13616: the whole length, by country.
_LENGTHS: Final = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18"
        " FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20"
        " LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24"
        " SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20",
    )
}


@rule("national-number", "error", source=ROYAL_DECREE)
def national_number(linted: Linted) -> Iterator[Hit]:
    """Eleven digits whose last two check the others, with or without punctuation, whenever its holder was born."""
    for place, text in linted.texts:
        if any(is_national_number(found[1]) for found in NATIONAL.finditer(bare(text.text))):
            yield hit(place)


@rule("iban", "error", source=ISO13616)
def iban(linted: Linted) -> Iterator[Hit]:
    """A bank account of any country, as it is written on paper or in one piece."""
    for place, text in linted.texts:
        if any(_iban_in(found[1]) for found in IBAN.finditer(bare(text.text))):
            yield hit(place)


def is_national_number(text: str) -> bool:
    """Whether these eleven digits are one: a day of birth (0 where unknown, bis numbers + 20 or + 40), mod 97."""
    digits = "".join(filter(str.isdigit, text))
    month, day, check = int(digits[2:4]), int(digits[4:6]), int(digits[9:])
    if month > 52 or month % 20 > 12 or day > 31:
        return False
    return any(97 - int(century + digits[:9]) % 97 == check for century in ("", "2"))


def without_personal(text: str) -> str:
    """The text without what these rules speak of, nor links, so that a digit in them is taken for nothing else."""
    for pattern, is_one in ((IBAN, lambda found: bool(_iban_in(found))), (NATIONAL, is_national_number)):
        for found in list(pattern.finditer(text)):
            if is_one(found[1]):
                start, end = found.span(1)
                text = f"{text[:start]}{'_' * (end - start)}{text[end:]}"
    return blanked(text, [LINK])


def _iban_in(text: str) -> str:
    """The account at the beginning of `text`, in one piece; '' when there is none."""
    ends = [place + 1 for place, each in enumerate(text) if each.isalnum()]
    length = _LENGTHS.get(text[:2].upper(), 0)
    if not 0 < length <= len(ends):
        return ""
    end = ends[length - 1]
    if text[end : end + 1].isalnum():
        return ""
    found = "".join(filter(str.isalnum, text[:end])).upper()
    turned = found[4:] + found[:4]
    return found if int("".join(str(int(each, 36)) for each in turned)) % 97 == 1 else ""


PERSONAL: Final[tuple[Rule, ...]] = (national_number, iban)
