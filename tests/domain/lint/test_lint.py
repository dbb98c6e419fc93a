"""Every lint rule has messages that it leaves alone and messages that it speaks about, and none ever fails."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.configuration import DEFAULT, Configuration
from services.domain.content import MessageContent
from services.domain.lint import RULES, Linted, Rule, findings_of, lint, rules_in_force
from services.domain.lint_settings import LintSettings
from services.domain.lint_words import WORDS
from services.domain.problems import Finding
from tests.domain.lint.cases import GOOD, SILENT, SPEAKS, Case, case, text
from tests.domain.messages import NOW, message, parsed

BY_ID = {rule.id: rule for rule in RULES}


def linted(given: Case) -> Linted:
    known = dict(given.known)
    content = message(**(GOOD | given.fields))
    before = known.pop("before", None)
    configuration = DEFAULT.model_copy(update={"lint": LintSettings(**known.pop("lint", {}))})
    return Linted(
        content, content.phase or "acute", NOW, configuration, before=message(**before) if before else None, **known
    )


def cases(table: dict[str, list[Case]]) -> list[Any]:
    return [
        pytest.param(rule, each, id=f"{rule}-{number}")
        for rule, listed in table.items()
        for number, each in enumerate(listed)
    ]


def said(rule: str, given: Case) -> list[Finding]:
    return list(BY_ID[rule].findings(linted(given)))


@pytest.mark.parametrize(("rule", "given"), cases(SILENT))
def test_a_rule_is_silent(rule: str, given: Case) -> None:
    """Where there is nothing to say: a lint that always speaks is not read, and one that blocks wrongly is hated."""
    assert said(rule, given) == []


@pytest.mark.parametrize(("rule", "given"), cases(SPEAKS))
def test_a_rule_speaks(rule: str, given: Case) -> None:
    """At a field that the message has, in words whose holes are filled."""
    found = said(rule, given)
    assert found
    for each in found:
        assert (each.rule, each.severity, each.source) == (rule, BY_ID[rule].severity, BY_ID[rule].source)
        assert each.place.split("[")[0] in MessageContent.model_fields
        assert each.problem
        assert each.remedy
        assert not {"{", "}"} & set(each.problem + each.remedy)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_whole(rule: Rule) -> None:
    """With its source, its reason and its cases of both kinds; what stands for nothing is in no table."""
    assert rule.source
    assert rule.words.why
    assert SILENT[rule.id]
    assert SPEAKS[rule.id]
    assert list(SILENT) == list(SPEAKS) == list(WORDS) == [each.id for each in RULES]


def test_a_good_message_has_no_findings() -> None:
    """Neither the one of the contract nor a small one."""
    everybody = frozenset((audience, "nl") for audience in DEFAULT.audience_ids)
    assert lint(parsed(), phase="acute", now=NOW, alerted=False, asked=everybody) == []
    assert findings_of(linted(case())) == []


def test_what_blocks_comes_first() -> None:
    """Whoever mends a message at night begins at the top."""
    found = findings_of(
        linted(case(next_update_at=None, unknown=[], actions=[{"text": "Bel de XYZ op 02 000 00 00."}]))
    )
    assert [each.severity for each in found] == ["error", "error", "warning", "warning"]


@pytest.mark.parametrize("rule", ["national-number", "iban"])
def test_personal_data_is_not_repeated(rule: str) -> None:
    """A finding is recorded, shown and sent on."""
    for each in SPEAKS[rule]:
        for found in said(rule, each):
            assert not any(character.isdigit() for character in found.problem + found.remedy)


def test_a_number_inside_another_is_judged_once() -> None:
    """A national number, an account or a link is no bad telephone number too."""
    for words in ("00.01.25-010.52", "NL91ABNA0417164300", "https://vlaanderen.be/0200000000"):
        assert said("bad-phone", text(words)) == []


def test_a_centre_decides_what_a_rule_weighs() -> None:
    """One may block on jargon, and another may send a bank account for gifts."""
    given = linted(text("Bel de SPoC, stort op BE68 5390 0754 7034."))
    own = LintSettings(rules={"jargon": "error", "iban": "off", "abbreviation": "warning"})
    found = findings_of(replace(given, configuration=DEFAULT.model_copy(update={"lint": own})))
    assert [(each.rule, each.severity) for each in found] == [("jargon", "error")]
    listed = {each.rule: each.severity for each in rules_in_force(DEFAULT.model_copy(update={"lint": own}))}
    assert (listed["jargon"], listed["iban"], listed["bad-link"]) == ("error", "off", "error")


words = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("0123456789 .-/+()@:[]%\\{}\u200b")),
    min_size=1,
    max_size=60,
) | st.sampled_from(["https://", "http://[", "BE68", "+32", "bel 11", "31 februari", "IJ", "www.", "29 februari 2027"])
texts = st.lists(
    st.builds(
        lambda text, audiences, language: {"text": text, "audiences": audiences, "language": language},
        st.lists(words, min_size=1, max_size=4).map("".join),
        st.sampled_from([None, ["governors"], ["public", "partners"]]),
        st.sampled_from(["nl", "fr", "en", "de", "es"]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
contents = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["alert", "update", "correction", "all-clear"]),
        "urgency": st.sampled_from(["urgent", "routine"]),
        "title": texts,
        "language": st.sampled_from(["nl", "fr", "es"]),
        "audiences": st.lists(st.sampled_from(["governors", "public", "nobody"]), max_size=3),
        "channels": st.lists(st.sampled_from(["mail", "sms", "newsfeed"]), min_size=1, max_size=3),
        "key_messages": st.lists(st.fixed_dictionaries({"text": texts, "facts": texts}), max_size=4),
        "unknown": texts,
        "actions": texts,
        "sms": texts,
        "next_update_at": st.none() | st.just("2026-11-23T08:00:00Z"),
        "exercise": st.booleans(),
    }
)


def content_of(fields: dict[str, Any]) -> MessageContent | None:
    try:
        return message(**fields)
    except ValueError:  # nothing is left of a text: it never comes as far as lint
        return None


@given(contents, contents, st.sampled_from([None, True, False]), st.sampled_from(["acute", "nosuch"]))
@settings(max_examples=80, deadline=None)
def test_no_rule_fails_on_anything_that_parses(fields: Any, earlier: Any, alerted: bool | None, phase: str) -> None:
    """A mistake of ours in a hint must not keep an alert from being sent."""
    content = content_of(fields)
    if content is not None:
        before = content_of(earlier)
        own = LintSettings(glossary={"(": "haakje", "two words": "x", "BE68": ""})
        configuration = DEFAULT.model_copy(update={"lint": own})
        for asked in (None, frozenset({("governors", "nl")})):
            given = Linted(content, phase, NOW, configuration, before=before, alerted=alerted, asked=asked)
            for found in findings_of(given):
                assert found.problem


@pytest.mark.timeout(20)  # a pattern that goes back and forth would take hours
@pytest.mark.parametrize(
    "part", ["0 1", "bel 02", "a.", "https://a", "BE68 ", "AB ", "1 januari ", "(SPoC ", "+3", "9"]
)
def test_a_large_message_comes_to_an_end(part: str) -> None:
    """As large as a file may be (128 kB), of what makes patterns go back and forth."""
    filled = (part * 600)[:600]
    given = case(
        title=[{"text": filled[:200], "language": language} for language in DEFAULT.languages],
        unknown=[{"text": filled}] * 100,
        actions=[{"text": filled}] * 100,
        sms=[{"text": (part * 1550)[:1550]}] * 4,
        channels=["mail", "sms"],
    )
    assert findings_of(linted(Case(given.fields, {"before": {"unknown": [{"text": filled}] * 100}})))


def test_a_configuration_that_is_frozen_has_lint_of_its_own() -> None:
    """The default weighs nothing otherwise."""
    assert Configuration.model_validate(DEFAULT.model_dump()) == DEFAULT
    assert DEFAULT.lint.rules == {}
