"""What SMS cost is told before they are sent."""

from decimal import Decimal

import pytest

from services.domain.sms_price import DEFAULT_PRICES, SmsGroup, price_of, read_prices, totals

PRICES = read_prices("BE=0.10, nl=0.20,*=1")


def test_every_segment_is_paid_at_the_price_of_its_country() -> None:
    """A text to partners abroad costs another price than one to mayors."""
    found = totals([SmsGroup("+324", 3, 2), SmsGroup("+316", 1, 1), SmsGroup("+352", 1, 3)], PRICES)
    assert (found.messages, found.segments, found.cost) == (5, 10, Decimal("3.80"))


@pytest.mark.parametrize(
    ("prefix", "price"), [("+324", "0.10"), ("+31", "0.20"), ("+126", "1"), ("+999", "1"), ("", "1"), ("+x", "1")]
)
def test_a_number_of_no_known_country_has_the_price_of_all_others(prefix: str, price: str) -> None:
    """An estimate is never missing; `+1` is that of many countries."""
    assert price_of(prefix, PRICES) == Decimal(price)


def test_one_price_may_be_that_of_all() -> None:
    """A centre with one contract price writes it as it is."""
    assert price_of("+324", read_prices("0.07")) == price_of("+49", read_prices("0.07")) == Decimal("0.07")
    assert price_of("+324", read_prices(DEFAULT_PRICES)) > 0


@pytest.mark.parametrize("written", ["", "BE=0.1", "BE=x,*=1", "XX=1,*=1", "*=-1", "*=nan", "*=1e9", "BE=,*=1"])
def test_what_is_no_price_list_is_refused_in_words(written: str) -> None:
    """A slip in a setting must not show as a free message."""
    with pytest.raises(ValueError, match=r"[a-z]"):
        read_prices(written)
