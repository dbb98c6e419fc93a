"""To which numbers an SMS may go: not to countries that nobody of ours lives in, and not to numbers that cost extra.

Whoever gets a contact list wrong, on purpose or not, would otherwise have the centre pay for it (toll fraud).
"""

import re
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType

from services.domain.sms_failures import COUNTRY_NOT_ALLOWED, PREMIUM_NUMBER

HOME: Final = "BE"
ANY: Final = "*"
DEFAULT_COUNTRIES: Final = (
    "AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IS,IT,LI,LT,LU,LV,MT,NL,NO,PL,PT,RO,SE,SI,SK,CH,GB,US"
)
"""The European Economic Area, Switzerland, the United Kingdom; and the United States, whose numbers those of examples
and exercises are (555-01…), not the islands that share +1 with them."""

LANDLINES: Final = frozenset({PhoneNumberType.FIXED_LINE})


def refusal(number: str, countries: frozenset[str] | None) -> str | None:
    """Why no SMS may go to this number (E.164), as a word of the ledger's; None when one may. No countries: any."""
    if countries is not None and HOME in countries and _home_mobile().fullmatch(number):
        return None  # nearly everybody, in a fiftieth of the time
    region, kind = _known(number)
    if kind == PhoneNumberType.PREMIUM_RATE:
        return PREMIUM_NUMBER
    return None if countries is None or region in countries else COUNTRY_NOT_ALLOWED


def is_landline(number: str) -> bool:
    """Whether this number (E.164) is surely no mobile phone's."""
    return not _home_mobile().fullmatch(number) and _known(number)[1] in LANDLINES


def is_premium(number: str) -> bool:
    """Whether this number (E.164) costs more than a call."""
    return not _home_mobile().fullmatch(number) and _known(number)[1] == PhoneNumberType.PREMIUM_RATE


def read_countries(written: str) -> frozenset[str] | None:
    """`BE,NL,DE` as a set; `*` is None: any country. Raises ValueError in words."""
    named = {each.strip().upper() for each in written.split(",") if each.strip()}
    if named == {ANY}:
        return None
    known = {region for regions in COUNTRY_CODE_TO_REGION_CODE.values() for region in regions}
    if not named or named - known:
        what = ", ".join(sorted(named - known)) or "nothing"
        raise ValueError(f"{what} is no list of countries: write two letters each, as in BE,NL,DE, or * for any")
    return frozenset(named)


@lru_cache(10_000)
def _known(number: str) -> tuple[str | None, int]:
    """The country (ISO 3166; `001`: satellites and the like) and what kind of number it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None, PhoneNumberType.UNKNOWN
    return phonenumbers.region_code_for_number(parsed), phonenumbers.number_type(parsed)


@cache
def _home_mobile() -> re.Pattern[str]:
    region = phonenumbers.PhoneMetadata.metadata_for_region(HOME, None)
    pattern = region.mobile.national_number_pattern if region and region.mobile else None
    return re.compile(rf"\+32(?:{pattern})" if pattern else r"(?!)")
