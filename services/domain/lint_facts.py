"""What a message makes of the facts that it refers to: each rule from content and facts to findings. Pure.

`content` still has its references. The field `wrong` of a correction says what no longer holds, so nothing in it is
held against a fact. What each weighs and says is in `services.domain.lint_fact_words`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Final

from services.domain.content import MessageContent
from services.domain.fact_references import INLINE, WRONG, Placed, references
from services.domain.facts import Fact
from services.domain.lint_fact_words import FACT_RULES, ONE_TRUTH
from services.domain.lint_settings import LintSettings
from services.domain.literals import Value, among, values_in
from services.domain.problems import Finding
from services.domain.selection import is_for
from services.domain.yaml_text import dotted

USUAL: Final = LintSettings()

Facts = Mapping[str, Fact]


def lint_facts(content: MessageContent, facts: Facts, settings: LintSettings = USUAL) -> Iterator[Finding]:
    """All findings, rule by rule. What is no fact at all is for `services.domain.facts.resolve` to refuse.

    A centre may have a rule weigh otherwise, like any other of lint.
    """
    for rule in RULES:
        for finding in rule(content, facts):
            severity = settings.rules.get(finding.rule, finding.severity)
            if severity != "off":
                yield replace(finding, severity=severity)


def unconfirmed_as_known(content: MessageContent, facts: Facts) -> Iterator[Finding]:
    """What is not sure is said to be not sure, or not said."""
    for placed, fact in _leaning(content, facts):
        if fact.status == "unconfirmed" and placed.field != "unknown":
            yield _finding("fact-unconfirmed", placed, key=fact.key, incident=content.incident)


def leaning_on_withdrawn(content: MessageContent, facts: Facts) -> Iterator[Finding]:
    """What was taken back may only be named as what was wrong."""
    for placed, fact in _leaning(content, facts):
        if fact.status == "withdrawn":
            yield _finding("fact-withdrawn", placed, key=fact.key)


def another_value(content: MessageContent, facts: Facts) -> Iterator[Finding]:
    """Own words that state a fact give its times, days and numbers, and no others of that kind."""
    for placed, fact in _own_words(content, facts):
        known = _values_of(fact)
        for value in _values(placed):
            alike = [each for each in known if each.kind == value.kind]
            if alike and not among(value, alike):
                there = ", ".join(dict.fromkeys(each.written for each in alike))
                yield _finding("fact-other-value", placed, key=fact.key, here=value.written, there=there)


def unbacked_value(content: MessageContent, facts: Facts) -> Iterator[Finding]:
    """A value that the record does not have: nobody will notice when it changes."""
    for placed, fact in _own_words(content, facts):
        kinds = {each.kind for each in _values_of(fact)}
        for value in _values(placed):
            if value.kind not in kinds:
                yield _finding(
                    "fact-unbacked-value", placed, key=fact.key, here=value.written, incident=content.incident
                )


def two_values(content: MessageContent, facts: Facts) -> Iterator[Finding]:
    """Two readers who compare what they got must not find two truths."""
    for key in dict.fromkeys(placed.key for placed, _ in _own_words(content, facts)):
        texts = [placed for placed, fact in _own_words(content, facts) if fact.key == key]
        for kind in ("day", "time", "number"):
            yield from _contradiction(key, kind, texts, _readers(content, texts))


RULES: Final[tuple[Callable[[MessageContent, Facts], Iterator[Finding]], ...]] = (
    unconfirmed_as_known,
    leaning_on_withdrawn,
    another_value,
    two_values,
    unbacked_value,
)

_Reader = tuple[str | None, str | None]  # audience, language


def _contradiction(key: str, kind: str, texts: list[Placed], readers: list[_Reader]) -> Iterator[Finding]:
    told: dict[_Reader, list[tuple[Placed, Value]]] = {}
    for audience, language in readers:
        seen = [
            (placed, value)
            for placed in texts
            if placed.text.language == language and (audience is None or is_for(placed.audiences, audience))
            for value in _values(placed)
            if value.kind == kind
        ]
        for other, before in told.items():
            if (odd := _other_than(seen, before)) and (theirs := _other_than(before, seen)):
                named = {"one": _named(other), "other": _named((audience, language))}
                values = {"theirs": theirs[1].written, "here": odd[1].written}
                yield _finding("fact-two-values", odd[0], key=key, **named, **values)
                return
        told[audience, language] = seen


def _other_than(these: list[tuple[Placed, Value]], those: list[tuple[Placed, Value]]) -> tuple[Placed, Value] | None:
    """The first of these that is not among those."""
    others = [value for _, value in those]
    return next(((placed, value) for placed, value in these if not among(value, others)), None)


def _readers(content: MessageContent, texts: list[Placed]) -> list[_Reader]:
    audiences: list[str | None] = list(content.audiences)
    if not audiences:  # those who were told: any of those that a text names, and others
        audiences = [*dict.fromkeys(each for placed in texts for each in placed.audiences or ()), ""]
    return list(product(audiences, dict.fromkeys(placed.text.language for placed in texts)))


def _named(reader: _Reader) -> str:
    audience, language = reader
    return f"{audience or 'wie hier niet genoemd is'} ({language})"


def _leaning(content: MessageContent, facts: Facts) -> Iterator[tuple[Placed, Fact]]:
    """Every reference that says that something is so."""
    for placed in references(content):
        if placed.field != WRONG and placed.key in facts:
            yield placed, facts[placed.key]


def _own_words(content: MessageContent, facts: Facts) -> Iterator[tuple[Placed, Fact]]:
    for placed, fact in _leaning(content, facts):
        if placed.text.text and placed.text.fact == fact.key:
            yield placed, fact


def _values(placed: Placed) -> list[Value]:
    """Those that stand there literally; what a reference puts there is right by itself."""
    return values_in(INLINE.sub(" ", placed.text.text), placed.text.language or "nl")


def _values_of(fact: Fact) -> list[Value]:
    """Those of its statements and its values. A value has no language, so `1,200` may be either."""
    stated = [value for language, text in fact.statements.items() for value in values_in(text, language)]
    given = [value for text in fact.literals.values() for each in ("nl", "en") for value in values_in(text, each)]
    return list(dict.fromkeys(stated + given))


def _finding(rule: str, placed: Placed, **values: str) -> Finding:
    severity, words = FACT_RULES[rule].severity, FACT_RULES[rule].words
    problem, remedy = words.problem.format(**values), words.remedy.format(**values)
    return Finding(severity, dotted(placed.path), problem, remedy, rule, ONE_TRUTH)
