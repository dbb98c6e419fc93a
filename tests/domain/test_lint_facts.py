"""Every rule about facts has a message that it strikes and one that it leaves alone."""

from typing import Any

import pytest

from services.domain.facts import Fact
from services.domain.lint import rules_in_force
from services.domain.lint_facts import lint_facts
from services.domain.lint_settings import LintSettings
from tests.domain.messages import message

FACTS = {
    "outage": Fact(
        "outage",
        1,
        "confirmed",
        {"nl": "De dienst ligt stil sinds 8.30 uur.", "fr": "En panne depuis 8 h 30."},
        {"people": "1.200", "day": "23 november 2026"},
    ),
    "rumour": Fact("rumour", 1, "unconfirmed", {"nl": "Er zouden gegevens gelekt zijn."}, {"count": "40"}),
    "gone": Fact("gone", 2, "withdrawn", {"nl": "Het water is vervuild."}, {"town": "Aalst"}),
    "plain": Fact("plain", 1, "confirmed", {"nl": "De dienst ligt stil."}),
}
TITLES = [{"text": "Titel", "language": "nl"}, {"text": "Titre", "language": "fr"}]


def said(text: str, key: str = "outage", **more: Any) -> dict[str, Any]:
    return {"text": text, "fact": key, **more}


def rules(**fields: Any) -> list[tuple[str, str]]:
    return [(finding.rule, finding.place) for finding in lint_facts(message(**fields), FACTS)]


@pytest.mark.parametrize(
    ("fields", "rule", "place"),
    [
        ({"actions": [{"fact": "rumour"}]}, "fact-unconfirmed", "actions[0]"),
        ({"actions": [said("Er is gelekt.", "rumour")]}, "fact-unconfirmed", "actions[0]"),
        ({"sms": [{"text": "Er lekten {fact:rumour.count} dossiers."}]}, "fact-unconfirmed", "sms[0]"),
        ({"title": [{"fact": "rumour"}]}, "fact-unconfirmed", "title[0]"),
        (
            {"key_messages": [{"text": [{"text": "K"}], "facts": [{"fact": "rumour"}]}]},
            "fact-unconfirmed",
            "key_messages[0].facts[0]",
        ),
        ({"actions": [{"fact": "gone"}]}, "fact-withdrawn", "actions[0]"),
        ({"unknown": [{"fact": "gone"}]}, "fact-withdrawn", "unknown[0]"),
        ({"actions": [{"text": "Drink geen water in {fact:gone.town}."}]}, "fact-withdrawn", "actions[0]"),
        ({"actions": [said("Stil sinds 9.30 uur.")]}, "fact-other-value", "actions[0]"),
        ({"actions": [said("Stil sinds 09:30.")]}, "fact-other-value", "actions[0]"),
        ({"actions": [said("1.300 mensen wachten.")]}, "fact-other-value", "actions[0]"),
        ({"actions": [said("Stil sinds 24/11/2026.")]}, "fact-other-value", "actions[0]"),
        ({"actions": [said("En panne depuis 9 heures.", language="fr")]}, "fact-other-value", "actions[0]"),
        ({"unknown": [said("Of het 50 dossiers zijn.", "rumour")]}, "fact-other-value", "unknown[0]"),
        (
            {"actions": [said("Stil sinds 8 uur.", "plain", audiences=["governors"]),
                         said("Stil sinds 9 uur.", "plain", audiences=["bcm-leads"])]},
            "fact-two-values",
            "actions[1]",
        ),
        (
            {"title": TITLES, "actions": [said("Stil sinds 8 uur.", "plain", language="nl"),
                                          said("En panne depuis 9 h.", "plain", language="fr")]},
            "fact-two-values",
            "actions[1]",
        ),
    ],
)  # fmt: skip
def test_a_rule_blocks(fields: dict[str, Any], rule: str, place: str) -> None:
    """Whichever way the fact is referred to, at the text that does it."""
    assert (rule, place) in rules(**fields)
    assert {f.severity for f in lint_facts(message(**fields), FACTS) if f.rule == rule} == {"error"}


@pytest.mark.parametrize(
    "fields",
    [
        {"actions": [{"fact": "outage"}]},
        {"unknown": [{"fact": "rumour"}, said("Of er 40 dossiers gelekt zijn.", "rumour")]},
        {"actions": [said("Stil sinds 8u30."), said("Sinds 08:30."), said("Depuis 8 heures 30.", language="fr")]},
        {"actions": [said("1200 mensen wachten, sinds 23/11.")]},
        {"actions": [said("1,200 people have been waiting since November 23.", language="en")]},
        {"actions": [{"text": "Morgen om 10 uur horen 50 mensen meer."}]},
        {"actions": [said("Stil, {fact:rumour2.count} keer, en het duurt nog.")]},
        {"actions": [said("Stil op de E40.")]},
        {"actions": [said("8.30 uur.", audiences=["governors"]), said("08:30.", audiences=["bcm-leads"])]},
    ],
)  # fmt: skip
def test_a_rule_is_silent(fields: dict[str, Any]) -> None:
    """Where every reader gets what the record has."""
    assert rules(**fields) == []


def test_a_value_that_the_record_does_not_have_is_a_hint() -> None:
    """When it changes nobody will notice; but nothing contradicts it."""
    assert rules(actions=[said("Stil sinds 8 uur.", "plain")]) == [("fact-unbacked-value", "actions[0]")]
    assert [f.severity for f in lint_facts(message(actions=[said("Om 8 uur.", "plain")]), FACTS)] == ["warning"]


def test_one_reader_may_be_told_less_than_another() -> None:
    """Leaving a moment out contradicts nobody."""
    fields = {
        "actions": [
            said("Stil sinds 8 uur.", "plain"),
            said("Hersteld om 12 uur.", "plain", audiences=["governors"]),
        ]
    }
    assert {rule for rule, _ in rules(**fields)} == {"fact-unbacked-value"}


def test_a_finding_says_what_to_do_in_dutch() -> None:
    """The communication cell reads it at night."""
    finding = next(iter(lint_facts(message(actions=[said("Stil sinds 9 uur.")]), FACTS)))
    assert finding.problem == "Hier staat 9 uur; feit outage heeft 8.30 uur, 8 h 30."
    assert "{fact: outage}" in finding.remedy
    assert finding.source


def test_a_centre_may_have_a_rule_weigh_otherwise() -> None:
    """Like any other rule of lint; and `message lint --rules` lists them with the others."""
    content = message(actions=[said("Stil sinds 9 uur.")])
    settings = LintSettings(rules={"fact-other-value": "warning"})
    assert [each.severity for each in lint_facts(content, FACTS, settings)] == ["warning"]
    assert list(lint_facts(content, FACTS, LintSettings(rules={"fact-other-value": "off"}))) == []
    with pytest.raises(ValueError, match="no lint rule"):
        LintSettings(rules={"fact-other": "off"})
    assert {"fact-unconfirmed", "fact-two-values"} <= {each.rule for each in rules_in_force()}
