"""How a message asks to confirm: in every mail and generated SMS, with a link that leads somewhere, or not at all."""

from html import unescape

import pytest

from services.domain import limits
from services.domain.content import MessageContent
from services.domain.problems import Refused
from services.domain.texts import measure
from services.domain.variants import Variant, fill, slot, slots_for
from services.rendering.centre import RenderingSettings
from services.rendering.confirming import at_its_longest
from services.rendering.render import render_all
from services.rendering.templates import load_templates
from services.runtime.confirm_links import example_link

SITE = "https://crisis.vlaanderen.example.be"
LANGUAGES = ("nl", "fr", "en", "de")


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROELAND_PUBLIC_URL", SITE)
    for name in ("ROELAND_TWILIO_FROM", "ROELAND_TWILIO_MESSAGING_SERVICE_SID", "ROELAND_SMS_TWO_WAY"):
        monkeypatch.delenv(name, raising=False)


def made(channel: str, *, language: str = "nl", words: int = 3, **more: object) -> Variant:
    content = {
        "incident": "storm-2026-001", "kind": "alert", "urgency": "urgent", "language": language, "confirm": True,
        "title": [{"text": "Storm"}], "audiences": ["governors"], "channels": [channel],
        "key_messages": [{"text": [{"text": "woord " * words}]}], **more,
    }  # fmt: skip
    rendered = render_all(
        MessageContent.model_validate(content), phase="acute", message_id="x", templates=load_templates()
    )
    (variant,) = [each for each in rendered if not each.segment]
    return variant


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_says_how_in_both_parts_and_once(language: str) -> None:
    """A button where buttons are shown, an address where they are not."""
    mail = made("mail", language=language)
    link = example_link(SITE)
    html = unescape(fill(mail.html, slots_for(name="An", confirm=link)))
    assert html.count(f'href="{link}"') == 1
    assert link in fill(mail.text, slots_for(name="An", confirm=link)).split()
    assert "CONFIRM" not in made("mail", language=language, confirm=False).html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", [1, 20, 74, 75, 76, 77, 78, 79, 80, 200])
def test_a_generated_sms_always_ends_with_how_and_never_takes_a_segment_more(
    monkeypatch: pytest.MonkeyPatch, language: str, words: int
) -> None:
    """What gives way is the message; what counts is the link at its longest."""
    by_link = made("sms", language=language, words=words)
    assert by_link.text.count(slot("confirm")) == 1
    assert measure(at_its_longest(by_link)).segments <= limits.SMS_SEGMENTS
    assert measure(at_its_longest(by_link)).encoding == "GSM-7"
    assert at_its_longest(by_link) == fill(by_link.text, slots_for(name="An", confirm=f"{SITE}/c/{'x' * 24}"))
    monkeypatch.setenv("ROELAND_TWILIO_FROM", "+32460000000")
    by_reply = made("sms", language=language, words=words)
    assert "OK." in by_reply.text
    assert slot("confirm") not in by_reply.text
    assert measure(by_reply.text).segments <= limits.SMS_SEGMENTS


def test_a_given_sms_is_sent_as_it_is_but_for_the_link_where_its_author_wants_it() -> None:
    """The contract: what is added is added to generated SMS only."""
    assert made("sms", sms=[{"text": "Bel nu. Antwoord OK."}]).text == "Bel nu. Antwoord OK."
    assert made("sms", sms=[{"text": "Bel nu: {link} !"}]).text == f"Bel nu: {slot('confirm')} !"
    assert made("sms", sms=[{"text": "Bel nu: {link}"}], confirm=False).text == "Bel nu: {link}"


def test_without_an_address_nobody_is_sent_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever submits it hears so, with what to do; what needs no link goes."""
    monkeypatch.delenv("ROELAND_PUBLIC_URL")
    assert RenderingSettings().public_url is None
    for channel, more in (("mail", {}), ("sms", {}), ("sms", {"sms": [{"text": "Zie {link}"}]})):
        with pytest.raises(Refused, match="ROELAND_PUBLIC_URL"):
            made(channel, **more)
    assert made("sms", sms=[{"text": "Antwoord OK"}]).text == "Antwoord OK"
    monkeypatch.setenv("ROELAND_TWILIO_FROM", "+32460000000")
    assert "Antwoord OK" in made("sms").text
