"""An edition of any length is shown whole by every mail client, and says what it left for the page."""

import re
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.domain.edition_view import DateToCome, EditionView, Said, SaidPoint, Story
from services.domain.variants import SLOT, slots_for
from services.rendering.edition import render_edition
from services.rendering.edition_fit import BRIEF, FULL, LIMIT, TITLES, size
from services.rendering.encoding import qp_text
from services.rendering.proof_versions import fill_html
from services.rendering.templates import Templates, load_templates
from tests.rendering.editions import NOON, story, view


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


def rendered(edition: EditionView, templates: Templates, **more: Any) -> tuple[str, str]:
    variant = render_edition(edition, message_id="m", templates=templates, **more)
    return variant.text, variant.html


def test_a_long_edition_has_all_of_the_first_then_briefly_then_titles_then_how_many(templates: Templates) -> None:
    """In that order, and nothing is dropped without a word."""
    text, html = rendered(view(*(story(n) for n in range(1, 401))), templates)
    full, told = (len(re.findall(what, html)) for what in ("Bericht van", "Kern van verhaal"))
    titles = len(re.findall(r"Bijgewerkt: Titel", html))
    assert full == FULL == text.count("Bericht van") and FULL + BRIEF / 2 < told <= FULL + BRIEF and titles == TITLES
    assert f"Kern van verhaal {told}." in html and f"Bijgewerkt: Titel van verhaal {told + titles}<" in html
    for part in (text, html):
        assert f"Er zijn nog {400 - told - titles} berichten." in part
        assert "Lees de volledige nieuwsbrief in uw browser" in part
    assert LIMIT * 0.9 < size(html) <= LIMIT


def test_the_page_in_the_browser_has_all_of_it(templates: Templates) -> None:
    """Nobody cuts a page: what the mail left out is there, each story where the mail's link leads."""
    text, html = rendered(view(*(story(n) for n in range(1, 401))), templates, whole=True)
    assert html.count("Bericht van") == 400 == text.count("Bericht van")
    assert 'id="s400"' in html and "Er zijn nog" not in html and "in uw browser" not in html + text


def test_a_brief_story_links_to_where_it_stands_on_the_page(templates: Templates) -> None:
    """And not to the top of four hundred."""
    html = rendered(view(*(story(n) for n in range(1, 20))), templates)[1]
    link = re.search(rf'href="\ue000READER\ue001#(s{FULL + 1})"[^>]*>\s*Titel van verhaal {FULL + 1}\s*<', html)
    assert link and f'id="{link[1]}"' in rendered(view(*(story(n) for n in range(1, 20))), templates, whole=True)[1]


def test_size_is_counted_with_slots_as_long_as_they_get(templates: Templates) -> None:
    """What is measured here is never less than what is sent."""
    html = rendered(view(story()), templates)[1]
    longest = slots_for(name="é" * 100, organisation="ü" * 100, reader="https://x.example/" + "r" * 400)
    sent = qp_text(fill_html(html, longest))
    assert len(sent) <= size(html) <= len(sent) * 1.1
    assert size("é") == len(b"=C3=A9")


@pytest.mark.parametrize("character", ["x", "é", "😀", "&", "<", "ب"])
def test_texts_at_their_limits_still_fit(templates: Templates, character: str) -> None:
    """Twelve bytes for an emoji, five for an ampersand: it is bytes that count, and the way out is never cut off."""
    long, title = character * 600, character * 200
    point = SaidPoint(long, True, (Said(long, True),) * 3)
    big = [
        story(n, title=title, incident_title=title, key_messages=(point,) * 3, unknown=(Said(long, True),) * 12,
              actions=(Said(long, False),) * 12, corrected=(long,) * 3, places=(title,) * 5)
        for n in range(1, 120)
    ]  # fmt: skip
    edition = view(
        *big, newsletter_title=title, opening=(long,) * 4, editorial=(long,) * 48, dates=(DateToCome(NOON, long),) * 12
    )
    text, html = rendered(edition, templates)
    assert size(html) <= LIMIT
    for part in (text, html):
        assert "/unsubscribe" in part and "Lees de volledige nieuwsbrief in uw browser" in part
        assert "Lees deze inleiding verder in uw browser" in part
        assert ("Bekijk alle data in uw browser" in part) == (character in "😀é&ب<")
    assert re.search(r"Er zijn nog \d+ berichten", html)
    assert set(re.findall(r'href="#(s\d+)"', html)) <= set(re.findall(r'id="(s\d+)"', html)), "a link to nowhere"


texts = st.text(st.characters(exclude_categories=["Cs", "Co", "Cc"]), min_size=1, max_size=600)


@st.composite
def editions(draw: st.DrawFn) -> tuple[Story, int, int]:
    """A story that stands there any number of times, and paragraphs of the same text above them."""
    text = draw(texts)
    said = (Said(text, True),)
    points = (SaidPoint(text, False, said * draw(st.integers(0, 3))),) * draw(st.integers(0, 3))
    others = said * draw(st.integers(0, 12))
    one = story(title=text[:200], key_messages=points, unknown=others, actions=others)
    return one, draw(st.integers(0, 130)), draw(st.integers(0, 48))


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))  # a failure is clear enough as it is
@given(edition=editions())
def test_no_edition_is_too_large(templates: Templates, edition: tuple[Story, int, int]) -> None:
    """Whatever it is made of; and it shows as much as there is room for."""
    one, stories, paragraphs = edition
    html = rendered(view(*(one,) * stories, editorial=(one.title,) * paragraphs), templates)[1]
    assert size(html) <= LIMIT
    if "Lees de volledige nieuwsbrief" in html and html.count("Bericht van") < FULL:
        assert size(html) + size(rendered(view(one), templates, whole=True)[1]) > LIMIT
    assert set(SLOT.findall(html)) <= {"NAME", "READER", "ORGANISATION", "MUNICIPALITY"}
