"""What a rule of lint is: a pure function from a message, and what may be known around it, to what strikes it there.

Its words (why it is there, what it says, what to do) are in `services.domain.lint_words`, in one place for all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal

from services.domain.configuration import Configuration
from services.domain.content import MessageContent, Text
from services.domain.lint_settings import LintSettings
from services.domain.lint_words import WORDS, Words
from services.domain.problems import Finding, Severity
from services.domain.selection import languages_of


@dataclass(frozen=True)
class Linted:
    """A message and what a rule may know of it. What it need not know is None; then the rules that ask are silent.

    `phase` is that of the message, or else of its incident; `now` is aware. `audiences` are all that get a version,
    also those that a correction or all-clear owes one. `before` is the last released message of this incident to
    (some of) the same audiences, `alerted` whether anyone was told anything in this incident. `asked` are the readers
    (audience and language) whom the templates ask something.
    """

    content: MessageContent
    phase: str
    now: datetime
    configuration: Configuration
    audiences: tuple[str, ...] = ()
    before: MessageContent | None = None
    alerted: bool | None = None
    asked: frozenset[tuple[str, str]] | None = None

    @property
    def settings(self) -> LintSettings:
        """The centre's own limits and glossary."""
        return self.configuration.lint

    @cached_property
    def readers(self) -> tuple[tuple[str, str], ...]:
        """Who gets a version, as audience and language. An exercise has none for the public."""
        content = self.content
        told = (each for each in self.audiences or content.audiences if not (content.exercise and each == "public"))
        return tuple((audience, language) for audience in told for language in languages_of(content, audience))

    @cached_property
    def texts(self) -> tuple[tuple[str, Text], ...]:
        """All texts, each with its place."""
        return tuple(texts_of(self.content))


@dataclass(frozen=True)
class Hit:
    """What struck a rule: where, and the values that its words need. `case` chooses among its words."""

    place: str
    case: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


Find = Callable[[Linted], Iterator[Hit]]


@dataclass(frozen=True)
class Rule:
    """One rule. `severity` is what it weighs unless the centre's configuration says otherwise."""

    id: str
    severity: Severity
    source: str
    find: Find

    @property
    def words(self) -> Words:
        """Why it is there, and what it says."""
        return WORDS[self.id]

    def weighs(self, settings: LintSettings) -> Literal["error", "warning", "off"]:
        """Its severity at this centre."""
        return settings.rules.get(self.id, self.severity)

    def findings(self, linted: Linted) -> Iterator[Finding]:
        """What it says of a message, in the centre's language."""
        severity = self.weighs(linted.settings)
        if severity == "off":
            return
        for hit in self.find(linted):
            problem, remedy = self.words.of(hit.case)
            yield Finding(
                severity,
                hit.place,
                problem.format(**hit.values),
                remedy.format(**hit.values),
                rule=self.id,
                source=self.source,
            )


def rule(rule_id: str, severity: Severity, *, source: str) -> Callable[[Find], Rule]:
    """Declare a function as the rule with this id; its words must be there."""

    def declare(find: Find) -> Rule:
        return Rule(rule_id, severity, source, find)

    return declare


def hit(place: str, case: str = "", /, **values: Any) -> Hit:
    """A `Hit` in one line."""
    return Hit(place, case, values)


def texts_of(content: MessageContent) -> Iterator[tuple[str, Text]]:
    """Every text of a message with the path of its field, in the order of the file."""
    yield from placed("title", content.title)
    for number, each in enumerate(content.key_messages):
        yield from placed(f"key_messages[{number}].text", each.text)
        yield from placed(f"key_messages[{number}].facts", each.facts)
    named = (("unknown", content.unknown), ("actions", content.actions), ("wrong", content.wrong), ("sms", content.sms))
    for name, texts in named:
        yield from placed(name, texts)


def placed(name: str, texts: tuple[Text, ...]) -> Iterator[tuple[str, Text]]:
    """Texts of one list, each with its path."""
    return ((f"{name}[{number}]", text) for number, text in enumerate(texts))


COVELLO: Final = (
    "Covello, message maps (27 woorden, 9 seconden, 3 boodschappen): "
    "https://www.orau.gov/hsc/ercwbt/content/ERCWBTcd/pdf/Covello.pdf"
)
CERC: Final = "CDC, Crisis and Emergency Risk Communication: Introduction (2018), de zes principes"
VOICE: Final = "Stijl van het crisiscentrum: korte zinnen, geen vakwoord zonder uitleg, dag en uur voluit"
ROELAND: Final = "Roeland, docs/lint.md"
