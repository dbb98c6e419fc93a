"""A message that refers to facts says what they state, in each of its languages; what cannot be is refused."""

from typing import Any

import pytest

from services.domain.content import MessageContent, content_hash
from services.domain.facts import Fact, resolution_of, resolve, supposed
from services.domain.problems import Refused
from tests.domain.messages import CONTRACT, message, parsed, refused

OUTAGE = Fact(
    "outage",
    3,
    "confirmed",
    {"nl": "De dienst ligt stil sinds 8 uur.", "fr": "Le service est en panne depuis 8 heures."},
    {"since": "8 uur", "service": "Loonmotor"},
)
FACTS = {"outage": OUTAGE, "dutch": Fact("dutch", 1, "confirmed", {"nl": "Alleen in het Nederlands."})}
TITLES = [{"text": "Titel", "language": "nl"}, {"text": "Titre", "language": "fr"}]


def texts(content: MessageContent, field: str) -> list[tuple[str, str | None]]:
    return [(each.text, each.language) for each in getattr(content, field)]


def problems(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        resolve(message(**fields), FACTS)
    return [(each.place, each.problem) for each in refusal.value.problems]


def test_a_reference_is_the_statement_in_every_language_of_the_message() -> None:
    """One record, however many variants."""
    content = message(title=TITLES, actions=[{"fact": "outage", "audiences": ["governors"]}])
    resolved = resolve(content, FACTS)
    assert texts(resolved, "actions") == [(OUTAGE.statements["nl"], "nl"), (OUTAGE.statements["fr"], "fr")]
    assert {each.audiences for each in resolved.actions} == {("governors",)}
    assert resolve(message(actions=[{"fact": "outage"}]), FACTS).actions[0].text == OUTAGE.statements["nl"]
    assert len(resolve(message(actions=[{"fact": "outage"}]), FACTS).actions) == 1, "no French title, no French text"


def test_a_value_stands_inside_a_text_and_own_words_stay() -> None:
    """`{fact:KEY.NAME}`, and `{text, fact}`."""
    actions = [
        {"text": "{fact:outage.service} ligt stil sinds { fact: outage.since }."},
        {"text": "Stil.", "fact": "outage"},
    ]
    resolved = resolve(message(actions=actions), FACTS)
    assert texts(resolved, "actions") == [("Loonmotor ligt stil sinds 8 uur.", "nl"), ("Stil.", "nl")]
    assert resolved == resolve(resolved, {}), "nothing is left to resolve"


def test_references_may_stand_in_titles_key_messages_and_sms() -> None:
    """Wherever a text stands; a text of its own in a language takes the statement's place there."""
    content = message(
        title=[{"fact": "outage"}],
        key_messages=[
            {"text": [{"fact": "outage"}, {"text": "Mes mots.", "language": "fr"}], "facts": [{"fact": "outage"}]}
        ],
        sms=[{"fact": "outage"}],
    )
    resolved = resolve(content, FACTS)
    assert [language for _, language in texts(resolved, "title")] == ["nl", "fr"]
    key = resolved.key_messages[0]
    assert [(each.text, each.language) for each in key.text] == [(OUTAGE.statements["nl"], "nl"), ("Mes mots.", "fr")]
    assert [each.language for each in key.facts] == ["nl", "fr"]
    assert len(resolved.sms) == 2


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({"actions": [{"text": "x"}, {"fact": "nosuch"}]}, "actions[1]", "no fact nosuch in cyber-1"),
        ({"actions": [{"text": "x", "fact": "nosuch"}]}, "actions[0]", "no fact nosuch"),
        ({"actions": [{"text": "{fact:nosuch.since}"}]}, "actions[0]", "no fact nosuch"),
        ({"actions": [{"text": "{fact:outage.until}"}]}, "actions[0]", "no value until"),
        ({"actions": [{"text": "{fact:outage}"}]}, "actions[0]", "not a value"),
        ({"actions": [{"text": "{Fact: x y}"}]}, "actions[0]", "not a value"),
        ({"title": TITLES, "unknown": [{"fact": "dutch"}]}, "unknown[0]", "no statement in fr"),
        ({"unknown": [{"fact": "dutch", "language": "fr"}]}, "unknown[0]", "no statement in fr"),
        (
            {"key_messages": [{"text": [{"text": "K"}], "facts": [{"fact": "no"}]}]},
            "key_messages[0].facts[0]", "no fact",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_stated_is_a_problem_with_its_place(fields: dict[str, Any], place: str, said: str) -> None:
    """A fact in Dutch only in a French variant, a key that is misspelt: told, never guessed or left out."""
    ((where, what),) = problems(**fields)
    assert where == place
    assert said in what


def test_a_fact_in_dutch_only_may_be_meant_for_dutch_readers_only() -> None:
    """Then its author says so."""
    content = message(title=TITLES, unknown=[{"fact": "dutch", "language": "nl"}])
    assert texts(resolve(content, FACTS), "unknown") == [("Alleen in het Nederlands.", "nl")]


def test_a_statement_too_long_for_its_place_is_a_problem() -> None:
    """A statement of a paragraph is no subject."""
    facts = {"long": Fact("long", 1, "confirmed", {"nl": "x" * 300})}
    with pytest.raises(Refused, match="300 characters, more than 200"):
        resolve(message(title=[{"fact": "long"}]), facts)
    resolve(message(actions=[{"fact": "long"}]), facts)


def test_a_place_is_told_as_it_was_written() -> None:
    """One reference becomes two texts; what is wrong with the third text is said of the second line of the file."""
    resolution = resolution_of(message(title=TITLES, actions=[{"fact": "outage"}, {"text": "Bel."}]), FACTS)
    assert [each.text for each in resolution.content.actions][2] == "Bel."
    assert resolution.origin(("actions", 2)) == ("actions", 1)
    assert resolution.place("actions[2].text") == "actions[1].text"
    assert resolution.place("actions[1]") == "actions[0]"
    assert resolution.place("title[0]") == "title[0]"


def test_a_message_file_refers_to_facts_in_all_three_ways() -> None:
    """docs/incidents.md; the recorded content keeps the references."""
    text = CONTRACT.replace('["De dienst ligt stil sinds 8 uur.", "Er zijn geen gegevens gelekt."]', "[{fact: outage}]")
    text = text.replace('unknown: ["Wanneer de dienst herstelt."]', 'unknown: [{text: "Het herstel.", fact: repair}]')
    text = text.replace("De lonen van november worden later gestort.", '"Wacht op {fact:outage.service}."')
    content = parsed(text)
    assert content.key_messages[0].facts[0].fact == "outage"
    assert content.key_messages[0].facts[0].language is None
    assert content.unknown[0].fact == "repair"
    assert MessageContent.model_validate(content.model_dump(mode="json")) == content, "as it travels"
    assert "[outage]" in resolve(content, supposed(content)).key_messages[0].facts[0].text


def test_a_key_message_may_be_a_reference() -> None:
    """Wherever a text stands."""
    content = parsed(CONTRACT.replace("  - text: Verwittig uw personeel met de modelbrief.", "  - fact: outage"))
    assert content.key_messages[1].text[0].fact == "outage"
    assert content.key_messages[1].audiences == ("hr-business-partners",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["Wanneer de dienst herstelt."]', "[{fact: Outage!}]", "not the key of a fact"),
        ('["Wanneer de dienst herstelt."]', "[{language: nl}]", "neither a text nor a fact"),
        ('["Wanneer de dienst herstelt."]', "[{fct: outage}]", "no field"),
        ('["Wanneer de dienst herstelt."]', '["Sinds {fact:outage}."]', "not a value of a fact"),
    ],
)
def test_a_reference_that_is_none_is_refused_in_the_file(old: str, new: str, said: str) -> None:
    """Before any server is asked, and with its line."""
    assert any(
        said in each.problem and each.place.startswith("m.yaml:14:") for each in refused(CONTRACT.replace(old, new))
    )


def test_a_message_without_facts_has_the_hash_that_it_had() -> None:
    """What is in the record already is still found by it."""
    assert content_hash(message()) == "856b5cea500bbc2c94f9080deee185bf73d45bf2ea7e708d2926089a6a664bd4"
