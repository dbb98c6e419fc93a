"""What states, acts and kinds are called."""

import pytest

from services.console import words
from services.console.languages import catalogue
from services.console.refusals import USUAL
from services.console.said import said
from services.console.view import environment
from services.console.words import TABLES, action_name, audience_name, state_name
from services.domain.states import State


@pytest.mark.parametrize("word", sorted({word for table in TABLES for word in table.values()}))
def test_every_word_has_its_dutch(word: str) -> None:
    """Somebody who is tired reads one language, not two by turns."""
    said = catalogue("nl").gettext(word)
    assert said != word or word in {"auditor", "mail"}, word


def test_every_state_of_a_delivery_has_a_name() -> None:
    """What became of somebody's message is said in words, whatever it was."""
    assert {each.word for each in State} == set(words.DELIVERIES)


def test_a_word_that_is_not_known_is_shown_as_it_is() -> None:
    """Something new may happen before anybody named it."""
    assert (state_name("brand-new", "nl"), action_name("some.thing", "en")) == ("brand-new", "some.thing")
    assert audience_name("governors", "nl") == "gouverneurs" and audience_name("gone", "nl") == "gone"


def test_templates_have_them_as_filters() -> None:
    """In the language of the page."""
    for language, name in (("nl", "wacht op goedkeuring"), ("en", "waits for approval")):
        assert environment(language).from_string("{{ 'proofed'|state_name }}").render() == name


@pytest.mark.parametrize("text", [text for _, text in USUAL])
def test_every_usual_refusal_has_its_dutch(text: str) -> None:
    """Whoever is refused at night reads why in their own language."""
    assert catalogue("nl").gettext(text) != text


def test_a_refusal_that_is_not_usual_is_said_as_it_is() -> None:
    """And what somebody typed into one is put in as it is, whatever it holds."""
    assert said("an@x.example is the last administrator: make one", "nl").startswith("an@x.example is de laatste")
    assert said("100% new", "nl") == "100% new"
    assert "%(x)s" in said("there is a newsletter %(x)s already: choose", "nl")
