"""`ROELAND_SMS_PRICE`: what a segment costs, for the estimate in a proof."""

from collections.abc import Mapping
from decimal import Decimal

from services.domain.sms_price import DEFAULT_PRICES, read_prices
from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings


class PriceSettings(RoelandSettings):
    """EUR per segment by country of the number: `BE=0.09,NL=0.11,*=0.15`, or one price for all."""

    sms_price: str = DEFAULT_PRICES


def prices() -> Mapping[str, Decimal]:
    """By country, `*` for all others. Raises `Foreseen` for what is no price list."""
    try:
        return read_prices(PriceSettings().sms_price)
    except ValueError as why:
        raise Foreseen(f"ROELAND_SMS_PRICE: {why}") from None
