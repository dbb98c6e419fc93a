"""The code in what people get: every mail, and a made SMS with room for it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.verification import PRINTED, code_of
from services.rendering.centre import RenderingSettings
from services.rendering.render import render_all
from services.rendering.sms import ending, made, measure
from services.rendering.templates import Templates, load_templates
from tests.domain.messages import message, parsed

ADDRESS = "https://crisis.example.be/verify"


@pytest.fixture(scope="module")
def known(request: pytest.FixtureRequest) -> Templates:
    """The templates of a centre that the world can reach."""
    return load_templates(RenderingSettings(public_url="https://crisis.example.be"))


@pytest.fixture(scope="module")
def unknown() -> Templates:
    """Those of one without a public address."""
    return load_templates(RenderingSettings(public_url=None))


def test_every_mail_has_its_code_and_where_to_ask(known: Templates, unknown: Templates) -> None:
    """In both parts. Without an address to ask at, the code alone: somebody can ask by phone."""
    for templates, address in ((known, ADDRESS), (unknown, "")):
        for each in render_all(parsed(), phase="acute", message_id="m1", templates=templates):
            if each.channel == "mail":
                code = code_of("m1", each.audience)
                assert f"Controlecode: {code}." in each.text and f"Controlecode: {code}." in each.html
                assert (f"{ADDRESS}?code={code}" in each.html) is bool(address)
                assert (ADDRESS in each.text) is bool(address)


def test_a_made_sms_has_its_code_where_there_is_room(known: Templates, unknown: Templates) -> None:
    """With the address if that fits, else without; never for a segment more, and never at the cost of words."""
    short = message(channels=["sms"])
    text = render_all(short, phase="acute", message_id="m1", templates=known)[0].text
    assert text.endswith(f"crisis.example.be/verify, code {code_of('m1', 'governors')}") and measure(text).segments == 1
    text = render_all(short, phase="acute", message_id="m1", templates=unknown)[0].text
    assert text.endswith(f" Code {code_of('m1', 'governors')}")
    tight = message(channels=["sms"], key_messages=[{"text": [{"text": "x" * 125 + "."}]}])
    text = render_all(tight, phase="acute", message_id="m1", templates=known)[0].text
    assert text.endswith(f"x. Code {code_of('m1', 'governors')}") and measure(text).segments == 1
    full = message(channels=["sms"], key_messages=[{"text": [{"text": "x" * 142 + "."}]}])
    text = render_all(full, phase="acute", message_id="m1", templates=known)[0].text
    assert text.endswith("x.") and measure(text).segments == 1


def test_a_given_sms_gets_no_code(known: Templates) -> None:
    """The contract: it is sent as it is."""
    given_sms = message(channels=["sms"], sms=[{"text": "Kort."}])
    assert render_all(given_sms, phase="acute", message_id="m1", templates=known)[0].text == "Kort."


@given(st.text("abë€ .", max_size=500), st.lists(st.text("xyzç ", min_size=1, max_size=60), max_size=3))
def test_an_ending_costs_nothing(words: str, endings: list[str]) -> None:
    """No segment, no other encoding, and the text before it whole."""
    text = made(words)
    longer = ending(text, endings)
    assert longer.startswith(text)
    assert (measure(longer).segments, measure(longer).encoding) == (measure(text).segments, measure(text).encoding)


def test_no_two_audiences_share_a_code(known: Templates) -> None:
    """It says to whom the message was."""
    variants = render_all(parsed(), phase="acute", message_id="m1", templates=known)
    codes = {each.audience: PRINTED.findall(each.text) for each in variants if each.channel == "mail"}
    assert len({code for (code,) in codes.values()}) == len(codes) == 3
    assert all(re.search(r"lang=nl", each.html) for each in variants if each.channel == "mail")
