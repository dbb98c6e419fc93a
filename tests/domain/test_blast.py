"""What is typed for an SMS to many becomes texts by language, and one is never lost or sent without words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.blast import TITLE, as_gsm, filled, texts_by_language, title_of
from services.domain.problems import Refused
from services.domain.texts import outside_gsm

LANGUAGES = ("nl", "fr", "en", "de")


def test_a_language_stands_before_a_colon_only_where_it_is_configured() -> None:
    """`CCVO:` and `it:` are how a text begins."""
    assert texts_by_language(["it: niet", "fr: Alerte"], "nl", LANGUAGES) == {"nl": "it: niet", "fr": "Alerte"}
    assert texts_by_language(["CCVO: dringend"], "de", LANGUAGES) == {"de": "CCVO: dringend"}


@pytest.mark.parametrize("texts", [[""], ["  \n"], ["🚨🚨"], ["fr: !"], ["a", "b"], ["fr: a", "fr: b"]])
def test_what_says_nothing_or_says_it_twice_is_refused(texts: list[str]) -> None:
    """Nobody knows what to do with an emoji."""
    with pytest.raises(Refused):
        texts_by_language(texts, "nl", LANGUAGES)


def test_every_hole_is_filled_and_nothing_else_is_given() -> None:
    """A slip in a name must not send `{hole:dienst}` to hundreds; what fills a hole is never read again."""
    assert filled("{hole:dienst} ligt stil", {"dienst": "{hole:x}\nloon"}) == "{hole:x} loon ligt stil"
    for given_ in ({}, {"dienst": " "}, {"dienst": "a", "sinds": "8"}):
        with pytest.raises(Refused):
            filled("{hole:dienst} ligt stil", given_)


@given(st.text(max_size=200))
def test_plain_is_gsm_7_whatever_it_was(text: str) -> None:
    """That is its promise: three segments do not become seven for a quotation mark."""
    assert not outside_gsm(as_gsm(text))


@given(st.text(alphabet=st.characters(categories=["L", "Zs"]), min_size=1, max_size=300))
def test_a_title_is_one_short_line(text: str) -> None:
    """It stands in lists."""
    assert len(title_of(text)) <= TITLE + 1
    assert "\n" not in title_of(text)


def test_a_link_is_no_part_of_a_title() -> None:
    """It stands in the subject of the mail that follows an SMS which did not arrive."""
    assert title_of("CCVO: dienst ligt stil. Bevestig: {link}") == "CCVO: dienst ligt stil. Bevestig:"
