"""What a segment costs, for estimates, and what a centre allows itself at most: settings of whoever asks."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field

from services.domain.sms_price import DEFAULT_PRICES, read_prices
from services.domain.spending import Caps
from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings


class PriceSettings(RoelandSettings):
    """EUR per segment by country of the number: `BE=0.09,NL=0.11,*=0.15`, or one price for all."""

    sms_price: str = DEFAULT_PRICES


class SpendingSettings(RoelandSettings):
    """EUR that the SMS of one message, and those of an hour, may cost by the estimate; unset: no cap."""

    sms_most_per_message: Decimal | None = Field(default=None, ge=0)
    sms_most_per_hour: Decimal | None = Field(default=None, ge=0)

    @property
    def caps(self) -> Caps:
        """Both together."""
        return Caps(self.sms_most_per_message, self.sms_most_per_hour)


def prices() -> Mapping[str, Decimal]:
    """By country, `*` for all others. Raises `Foreseen` for what is no price list."""
    try:
        return read_prices(PriceSettings().sms_price)
    except ValueError as why:
        raise Foreseen(f"ROELAND_SMS_PRICE: {why}") from None
