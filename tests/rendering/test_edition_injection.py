"""Whatever is in a title stays text: in MJML, in HTML, in an attribute, in a subject."""

import re
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.edition_view import DateToCome, EditionView, Said, SaidPoint
from services.domain.texts import few_lines, one_line
from services.domain.variants import slots_for
from services.rendering.edition import render_edition
from services.rendering.mime import compile_mail
from services.rendering.mjml import guard, to_html
from services.rendering.templates import Templates, load_templates
from tests.rendering.editions import story, view
from tests.rendering.proofs import Page

PLAIN = "Gewone woorden"
HOSTILE = (
    "<mj-raw><script>alert(1)</script></mj-raw>",
    "</td></tr></table><h1>x",
    "]]>",
    "{{ slot.name }} {% raw %} {# x #}",
    '"\' onload=alert(1) x="',
    "<!-- x --> <![endif]--> <!--[if mso]>",
    "&lt;b&gt; &amp; &#60; &nbsp",
    "~3c623e~ ~~ ~zz~",
    "\\u{e000} \\n \\x3c",
    "مرحبا بالعالم",
    "\u202eمرحبا\u202c abc",
    "👩‍🚒🔥 emoji",
    "a\x00b\x1bc\x85d\u2028e\ufffef",
    "\ue000READER\ue001 \ue000NAME\ue001",
    "<style>*{display:none}</style>",
    "javascript:alert(1)",
    "</title></style></body></html>",
    "=?utf-8?q?x?=\r\nBcc: x@y.example",
)


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


def everywhere(text: str, stories: int = 40) -> EditionView:
    """An edition in which this text stands wherever somebody's text can; as a message or a newsletter would have it."""
    line, lines = one_line(text), few_lines(text)
    said = (Said(lines, True),)
    one = story(
        1, title=line, incident_title=line, phase_name=line, key_messages=(SaidPoint(lines, False, said),),
        unknown=said, actions=said, corrected=(lines,), places=(line,),
    )  # fmt: skip
    return view(
        *(one,) * stories, newsletter_title=line, opening=(lines,), editorial=(lines,), province=line,
        audience_name=line,
        dates=(DateToCome(datetime(2026, 11, 27, tzinfo=UTC), lines),), date=date(2026, 11, 26),
    )  # fmt: skip


def page_of(text: str, templates: Templates, stories: int) -> Page:
    return Page(render_edition(everywhere(text, stories), message_id="m", templates=templates).html)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(templates: Templates, text: str) -> None:
    """The page has the same elements and attributes as with plain words, and says what was typed."""
    page = page_of(text, templates, 3)
    assert page.structure == page_of(PLAIN, templates, 3).structure
    assert page.said.count(one_line(few_lines(text))) > 30
    assert not any("javascript" in href for href in page.values["href"])
    briefly = page_of(text, templates, 60)  # how many are told briefly depends on how long the text is
    assert set(briefly.structure) == set(page_of(PLAIN, templates, 60).structure)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_texts_come_out_of_the_compiler_as_they_went_in(text: str) -> None:
    """As content and as the value of an attribute, whatever the compiler does to its own."""
    source = '<mjml><mj-body><mj-raw><p title="{0}">{0}</p></mj-raw></mj-body></mjml>'.format(guard(text))
    found = re.search(r'<p title="([^"<>]*)">([^<>]*)</p>', to_html(source, place="x"))
    assert found is not None
    assert unescape(found[1]) == unescape(found[2]) == text.encode("utf-8", "replace").decode()


def test_numbers_and_colours_reach_the_compiler_as_they_are() -> None:
    """It must understand a width; a title needs no such trust."""
    assert guard(600) == 600 and guard("#0b4f8a") == "#0b4f8a" and guard("0 32px") == "0 32px"
    assert guard("~3c~") == "~7e33637e~" and guard("<b>") == "~3c623e~"


@pytest.mark.parametrize("text", HOSTILE)
def test_the_subject_is_one_line_and_says_what_was_typed(templates: Templates, text: str) -> None:
    """A header can carry no other."""
    variant = render_edition(everywhere(text), message_id="m", templates=templates)
    compiled = compile_mail(variant, sender="CCVO <c@example.org>", date=datetime(2026, 11, 26, tzinfo=UTC))
    slots = slots_for(name='Jan "<b>" &', reader="https://x.example/reader/1-1-a")
    raw = compiled.splice(to_name="Jan", to_address="jan@example.org", message_id="m@example.org", slots=slots)
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Bcc"] is None and one_line(str(mail["Subject"])) == one_line(variant.subject)
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert 'Jan "<b>" &,' in Page(html).said
    assert "https://x.example/reader/1-1-a/unsubscribe" in Page(html).values["href"]
