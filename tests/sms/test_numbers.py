"""To which numbers nothing is handed over, before any request leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.domain.phone_numbers import DEFAULT_COUNTRIES, is_landline, read_countries, refusal
from services.domain.states import State
from services.runtime.sms_sender import SenderSettings, two_way
from services.sms.settings import SmsSettings
from tests.sms.jobs import NUMBERS, world
from tests.stack import Sinch, Twilio

EUROPE = read_countries(DEFAULT_COUNTRIES)


@pytest.mark.parametrize(
    ("number", "word"),
    [
        ("+32470123456", None),
        ("+31612345678", None),
        ("+447400123456", None),
        ("+41791234567", None),
        ("+3225551234", None),  # a landline: the provider says so
        ("+3290312345", "premium-number"),
        ("+4490912345678", "country-not-allowed"),  # no number at all
        ("+449091234567", "premium-number"),
        ("+18765550123", "country-not-allowed"),
        ("+18765551234", "country-not-allowed"),  # Jamaica, in +1
        ("+447797123456", "country-not-allowed"),  # Jersey, in +44
        ("+22671234567", "country-not-allowed"),
        ("+882161234567", "country-not-allowed"),  # a satellite
        ("nonsense", "country-not-allowed"),
    ],
)
def test_which_numbers_may_be_sent_to(number: str, word: str | None) -> None:
    """The country is the number's own, also where several share a code: that is where toll fraud lives."""
    assert refusal(number, EUROPE) == word


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_any_country_still_leaves_out_what_costs_extra(number: str) -> None:
    """`*` allows countries, not premium numbers; and more countries never forbid what fewer allow."""
    assert refusal(number, None) in (None, "premium-number")
    if refusal(number, frozenset({"BE"})) is None:
        assert refusal(number, EUROPE) is None


def test_a_landline_is_known_as_one() -> None:
    """For whoever imports contacts."""
    assert is_landline("+3225551234") and not is_landline("+32470123456")


@pytest.mark.parametrize("written", ["", "XX", "BE;NL", "BE,*"])
def test_a_list_that_means_nothing_is_refused_at_the_start(written: str) -> None:
    """An SMS that nobody gets because of a typing error would be found out in a crisis."""
    if written:
        with pytest.raises(ValidationError, match="no list of countries"):
            SmsSettings(sms_countries=written)
    assert SmsSettings(sms_countries="be, nl").countries == {"BE", "NL"}
    assert SmsSettings(sms_countries="*").countries is None


@pytest.mark.stack
async def test_nothing_leaves_for_a_number_that_may_not_be_sent_to(
    twilio: Twilio, sinch: Sinch, database_url: str
) -> None:
    """Failed with a word that falls back to mail; the others of the claim are told."""
    async with world(twilio, database_url, sinch=sinch, countries=EUROPE) as here:
        sent = await here.carry("+18765550123", "+3290312345", NUMBERS[0])
    by_sequence = sorted(sent.results, key=lambda result: result.sequence)
    assert [(result.state, result.reason, result.handed_over) for result in by_sequence[:2]] == [
        (State.FAILED, "country-not-allowed", False), (State.FAILED, "premium-number", False),
    ]  # fmt: skip
    assert [message["to"] for message in twilio.messages()] == [NUMBERS[0]]
    assert sinch.messages() == []


@pytest.mark.parametrize(
    ("given_settings", "answer"),
    [
        ({"twilio_from": "+32460000000"}, True),
        ({"twilio_from": "8860"}, True),
        ({"twilio_from": "CCVO"}, False),
        ({"twilio_messaging_service_sid": "MG0"}, False),
        ({"twilio_messaging_service_sid": "MG0", "sms_two_way": True}, True),
        ({"twilio_from": "+32460000000", "sinch_from": "CCVO"}, False),  # whoever carries it
        ({"twilio_from": "+32460000000", "sinch_from": "+32460000001"}, True),
        ({"twilio_from": "+32460000000", "sms_two_way": False}, False),
        ({}, False),
    ],
)
def test_whether_an_sms_can_be_answered(given_settings: dict[str, object], answer: bool) -> None:
    """Else `answer OK` asks people to talk to nobody."""
    assert two_way(SenderSettings(**given_settings)) is answer  # type: ignore[arg-type]  # one table for all fields
