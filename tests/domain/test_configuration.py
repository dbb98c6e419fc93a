"""A centre's own lists of audiences and phases."""

import pytest

from services.domain.configuration import DEFAULT, load_configuration
from services.domain.problems import Refused

OWN = """
version: 2
languages: [nl]
audiences:
  - {id: governors, names: {nl: gouverneurs}}
  - {id: ports, names: {nl: havens}, channels: [mail]}
phases:
  - {id: acute, names: {nl: acute fase}}
"""


def test_the_default_lists_are_those_of_the_design() -> None:
    """In this order: it decides which version someone in several audiences gets."""
    assert DEFAULT.audience_ids == (
        "governors", "local-governments", "senior-officials", "crisis-communication-contacts", "bcm-leads",
        "hr-business-partners", "partners", "public",
    )  # fmt: skip
    assert DEFAULT.phase_ids == ("preparation", "acute", "containment", "recovery", "evaluation")
    assert DEFAULT.audience("public").channels == ("newsfeed",)


def test_a_centre_sets_what_lint_weighs() -> None:
    """Its rules, the words that its readers know, and its limits; the rest stays as it is."""
    own = load_configuration(
        f"{OWN}lint: {{rules: {{iban: off, jargon: error}}, glossary: {{AZ: ''}}, sms_segments: 1}}"
    )
    assert own.lint.rules == {"iban": "off", "jargon": "error"}
    assert own.lint.words()["AZ"] == ""
    assert own.lint.words()["SPoC"] == "aanspreekpunt"
    assert (own.lint.sms_segments, own.lint.words_per_sentence) == (1, 20)


@pytest.mark.parametrize(
    ("lint", "says"),
    [
        ("{rules: {jargn: off}}", "there is no lint rule 'jargn'. Did you mean jargon?"),
        ("{rules: {three-by-three: warning}}", "always blocks"),
        ("{rules: {jargon: loud}}", "'loud' is not one of them"),
        ("{glossary: {'  ': x}}", "must not be empty"),
        ("{words_per_sentence: 0}", "must be 5 or more"),
        ("{ruls: {}}", "no field lint.ruls"),
    ],
)
def test_what_lint_does_not_know_is_refused(lint: str, says: str) -> None:
    """A rule that is switched off by a misspelt name is still on, and nobody knows."""
    with pytest.raises(Refused) as refusal:
        load_configuration(f"{OWN}lint: {lint}", name="c.yaml")
    (problem,) = refusal.value.problems
    assert problem.place.startswith("c.yaml:9:")
    assert says in problem.problem


def test_a_centre_may_have_its_own() -> None:
    """Audiences are configuration, never an enum."""
    own = load_configuration(OWN)
    assert own.audience_ids == ("governors", "ports")
    assert own.in_order(["zebra", "ports", "governors", "ports"]) == ("governors", "ports", "zebra")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("version: 2", "version: twee", "c.yaml:2:1 version"),
        ("{nl: havens}", "{fr: ports}", "c.yaml:2:1"),
        ("id: ports", "id: governors", "c.yaml:2:1"),
        ("channels: [mail]", "channels: [fax]", "c.yaml:2:1"),
        ("channels: [mail]", "chanels: [mail]", "c.yaml:6:"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(old: str, new: str, place: str) -> None:
    """It is read at the start of every service; a traceback would tell its author nothing."""
    assert old in OWN
    with pytest.raises(Refused) as refusal:
        load_configuration(OWN.replace(old, new), name="c.yaml")
    assert refusal.value.problems[0].place.startswith(place)
