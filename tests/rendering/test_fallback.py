"""The versions that nobody is planned for: the same content on another channel, and a deputy's own."""

from collections.abc import Iterator

import pytest

from services.domain.configuration import DEFAULT
from services.domain.content import MessageContent
from services.domain.variants import FALLBACK, Variant
from services.rendering.deputy import for_deputy
from services.rendering.proof_page import proof_page
from services.rendering.render import render_all
from services.rendering.sms import measure
from services.rendering.templates import Templates, load_templates
from tests.domain.messages import message
from tests.rendering.proofs import Page, content, proof


@pytest.fixture(scope="module")
def templates() -> Iterator[Templates]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example.be")
        yield load_templates()


def rendered(content: MessageContent, templates: Templates) -> dict[tuple[str, str], Variant]:
    """By channel and segment, of governors."""
    variants = render_all(content, templates=templates, phase="acute", message_id="m1")
    return {(each.channel, each.segment): each for each in variants if each.audience == "governors"}


@pytest.mark.parametrize(
    ("channels", "confirm", "expected"),
    [
        (("sms",), False, {("sms", ""), ("mail", FALLBACK)}),
        (("sms", "newsfeed"), False, {("sms", ""), ("newsfeed", ""), ("mail", FALLBACK)}),
        (("mail", "sms"), True, {("mail", ""), ("sms", "")}),
        (("mail",), False, {("mail", "")}),
        (("mail",), True, {("mail", ""), ("sms", FALLBACK)}),
        (("newsfeed",), False, {("newsfeed", "")}),
    ],
)
def test_a_version_stands_ready_where_somebody_may_need_it(
    templates: Templates, channels: tuple[str, ...], confirm: bool, expected: set[tuple[str, str]]
) -> None:
    """By mail of each SMS; by SMS of a mail that must be confirmed; and nothing that nobody can need."""
    assert set(rendered(message(channels=channels, confirm=confirm), templates)) == expected


def test_an_sms_alone_falls_back_to_a_mail_with_its_title_and_text(templates: Templates) -> None:
    """There are no key messages to make a mail of."""
    bare = message(channels=("sms",), key_messages=(), sms=[{"text": "Sluit ramen en deuren <nu>."}])
    mail = rendered(bare, templates)["mail", FALLBACK]
    assert "Sluit ramen en deuren <nu>." in mail.text
    assert "Sluit ramen en deuren &lt;nu&gt;." in mail.html
    assert mail.subject == "Titel"


def test_a_deputy_reads_first_for_whom_they_stand_in(templates: Templates) -> None:
    """In both parts of a mail; names are text. Five are named."""
    mail = rendered(message(confirm=True), templates)["mail", ""]
    absent = [("An <Peeters>", "gouverneur"), *((f"Bo {number}", "") for number in range(6))]
    own = for_deputy(mail, 7, absent, templates)
    line = "U krijgt dit bericht in plaats van An <Peeters> (gouverneur), Bo 0, Bo 1, Bo 2, Bo 3, +2"
    assert own.text.startswith(line)
    assert own.text.endswith(mail.text)
    assert "An &lt;Peeters&gt;" in own.html and "An <Peeters>" not in own.html
    assert own.html.index("An &lt;") > own.html.index("<body")
    assert (own.segment, own.audience) == ("+deputy-7", "governors")


def test_an_sms_for_a_deputy_says_it_where_there_is_room(templates: Templates) -> None:
    """The mark of an exercise stays first; what is asked is never cut for a name."""
    sms = rendered(message(channels=("sms",), exercise=True, sms=[{"text": "Blijf binnen."}]), templates)["sms", ""]
    assert for_deputy(sms, 7, [("An", "")], templates).text == "OEFENING: U vervangt An. Blijf binnen."
    full = Variant("governors", "nl", "", "sms", "", "a" * 459, "")
    assert measure(full.text).segments == 3
    assert for_deputy(full, 7, [("An", "")], templates).text == full.text


def test_the_proof_says_for_whom_such_a_version_is(templates: Templates) -> None:
    """Whoever approves reads it, and does not take it for a mail to everyone."""
    said = content(channels=["sms"], audiences=["governors"])
    page = " ".join(Page(proof_page(proof(templates, said), templates, DEFAULT)).text)
    assert "terugval per mail" in page
    assert "alleen voor wie het bericht op een andere weg niet krijgt" in page


def test_an_sms_that_is_answered_falls_back_where_there_is_no_address_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail cannot ask, and says what there is to say; an SMS blast is not refused for its fall-back."""
    monkeypatch.delenv("ROELAND_PUBLIC_URL", raising=False)
    said = message(channels=("sms",), confirm=True, sms=[{"text": "Blijf binnen. Antwoord OK."}])
    assert "Kern." in rendered(said, load_templates())["mail", FALLBACK].text


def test_the_mark_of_a_link_stands_in_no_fallback(templates: Templates) -> None:
    """In an SMS `{link}` is where the link comes; the mail has a button of its own."""
    sms = [{"text": "Sluit de ramen. Weet u het? {link}"}]
    bare = message(channels=("sms",), key_messages=(), confirm=True, sms=sms)
    mail = rendered(bare, templates)["mail", FALLBACK]
    assert "Sluit de ramen. Weet u het?" in mail.text
    assert "{link}" not in mail.text + mail.html
