"""What SMS cost, by the country of the number: an estimate for who is about to send, not an invoice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

CURRENCY: Final = "EUR"
ELSEWHERE: Final = "*"
DEFAULT_PRICES: Final = "BE=0.10,*=0.15"
"""EUR per segment: the order of what providers ask in Belgium in 2026. A centre writes its own contract's here."""
MOST: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class SmsTotals:
    """What all SMS of a message come to; `cost` in EUR."""

    messages: int
    segments: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class SmsGroup:
    """So many numbers that begin so (`+32…`, four characters) and get an SMS of so many segments."""

    prefix: str
    numbers: int
    segments: int


def totals(groups: Iterable[SmsGroup], prices: Mapping[str, Decimal]) -> SmsTotals:
    """All of these together, each at the price of its country, or else at that of `*`."""
    sent = list(groups)
    return SmsTotals(
        messages=sum(each.numbers for each in sent),
        segments=sum(each.numbers * each.segments for each in sent),
        cost=sum((price_of(each.prefix, prices) * each.numbers * each.segments for each in sent), Decimal(0)),
    )


def price_of(prefix: str, prices: Mapping[str, Decimal]) -> Decimal:
    """EUR per segment to a number that begins so."""
    regions = (region for region in regions_of(prefix) if region in prices)
    return prices[next(regions, ELSEWHERE)]


def regions_of(prefix: str) -> tuple[str, ...]:
    """The countries (ISO 3166) of an E.164 number's first digits; none when no country begins so."""
    digits = prefix.removeprefix("+")
    codes = (int(digits[:length]) for length in (1, 2, 3) if digits[:length].isdecimal())
    return next((COUNTRY_CODE_TO_REGION_CODE[code] for code in codes if code in COUNTRY_CODE_TO_REGION_CODE), ())


def read_prices(written: str) -> dict[str, Decimal]:
    """`BE=0.09,NL=0.11,*=0.15`, or one number for all countries. Raises ValueError in words."""
    entries = [each.strip() for each in written.split(",") if each.strip()]
    pairs = [each.partition("=") if "=" in each else (ELSEWHERE, "=", each) for each in entries]
    prices = {country.strip().upper(): _price(value.strip()) for country, _, value in pairs}
    if unknown := [country for country in prices if country != ELSEWHERE and not _is_country(country)]:
        raise ValueError(f"{', '.join(unknown)} is no country: write two letters, as in BE=0.09,*=0.15")
    if ELSEWHERE not in prices:
        raise ValueError("there is no price for other countries: add *=0.15")
    return prices


def _price(value: str) -> Decimal:
    try:
        price = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a price: write euros per segment, as in BE=0.09,*=0.15") from None
    if not price.is_finite() or not 0 <= price <= MOST:
        raise ValueError(f"{value!r} is not a price between 0 and {MOST} euros")
    return price


def _is_country(country: str) -> bool:
    return any(country in regions for regions in COUNTRY_CODE_TO_REGION_CODE.values())
