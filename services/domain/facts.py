"""Facts of an incident, and a message in which each reference to one is replaced by what it states. Pure.

A fact is stated in one place and by its key everywhere else, so that every variant draws on the same record. The
recorded message keeps its references; what is rendered, judged and linted is the message that `resolve` returns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from services.domain import limits
from services.domain.content import MessageContent, Text
from services.domain.fact_references import INLINE, key_and_name, references, text_lists
from services.domain.problems import Problem, Refused, nearest
from services.domain.yaml_text import Path, dotted

Status = Literal["confirmed", "unconfirmed", "withdrawn"]
Complaint = tuple[Path, str, str]  # path, problem, remedy


@dataclass(frozen=True, slots=True)
class Fact:
    """A version of a fact. `statements` by language; `literals` are values by name: times, numbers, names."""

    key: str
    version: int
    status: Status
    statements: Mapping[str, str]
    literals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolution:
    """A message without references. `origins`: where each text stood, by where it stands now, if that differs."""

    content: MessageContent
    origins: Mapping[Path, Path]
    problems: Sequence[Complaint]

    def origin(self, path: Path) -> Path:
        """The path in the message as it was written."""
        for length in range(len(path), 0, -1):
            if found := self.origins.get(path[:length]):
                return found + path[length:]
        return path

    def place(self, place: str) -> str:
        """The same for a place that was written with dots."""
        matching = {dotted(now): dotted(before) for now, before in self.origins.items()}
        known = max((now for now in matching if place == now or place.startswith(f"{now}.")), key=len, default=None)
        return place if known is None else matching[known] + place[len(known) :]


def resolve(content: MessageContent, facts: Mapping[str, Fact]) -> MessageContent:
    """The message with what its facts state, in every language of its titles. Raises Refused with every problem."""
    resolution = resolution_of(content, facts)
    problems = [*resolution.problems, *_too_long(resolution)]
    if problems:
        raise Refused([Problem(dotted(path), *rest) for path, *rest in problems])
    return resolution.content


def resolution_of(content: MessageContent, facts: Mapping[str, Fact]) -> Resolution:
    """The same with where everything stood; whatever cannot be resolved is among the problems."""
    if not any(True for _ in references(content)) and not _malformed(content):
        return Resolution(content, {}, [])
    languages = _languages(content, facts)
    origins: dict[Path, Path] = {}
    problems: list[Complaint] = []
    made: dict[Path, tuple[Text, ...]] = {}
    for path, texts, _ in text_lists(content):
        resolver = _Resolver(content.incident, facts, texts, languages, alone=path[-1] in _ONE_PER_READER)
        stated: list[Text] = []
        for number, text in enumerate(texts):
            for each in resolver.stated(text, (*path, number), problems):
                if len(stated) != number:
                    origins[(*path, len(stated))] = (*path, number)
                stated.append(each)
        made[path] = tuple(stated)
    return Resolution(_with(content, made), origins, problems)


def supposed(content: MessageContent) -> dict[str, Fact]:
    """Stand-ins for all facts that a message names, to judge the rest of it where no fact is known."""
    names: dict[str, dict[str, str]] = {}
    for placed in references(content):
        values = names.setdefault(placed.key, {})
        for found in INLINE.finditer(placed.text.text):
            if (parts := key_and_name(found[1])) and parts[0] == placed.key:
                values[parts[1]] = f"[{placed.key}.{parts[1]}]"
    spoken = {text.language for _, texts, _ in text_lists(content) for text in texts if text.language}
    titles = [text.language for text in content.title if text.language]
    languages = dict.fromkeys([content.language, *titles, *sorted(spoken)])
    return {
        key: Fact(key, 0, "confirmed", dict.fromkeys(languages, f"[{key}]"), values) for key, values in names.items()
    }


_ONE_PER_READER: Final = ("title", "text", "sms")
_LIMITS: Final = {"title": limits.TITLE_CHARACTERS, "sms": limits.SMS_CHARACTERS}


@dataclass(frozen=True, slots=True)
class _Resolver:
    """Of one list of texts. `alone`: a reader gets one of them, so a text of its own makes a statement needless."""

    incident: str
    facts: Mapping[str, Fact]
    texts: Sequence[Text]
    languages: Sequence[str]
    alone: bool

    def stated(self, text: Text, path: Path, problems: list[Complaint]) -> Iterator[Text]:
        """The text, or one for each language in which the fact is stated."""
        fact = self.facts.get(text.fact) if text.fact else None
        if text.fact and fact is None:
            problems.append((path, *_unknown(self.incident, text.fact, self.facts)))
        if text.text:
            yield _plain(text, self._filled(text.text, path, problems), text.language)
            return
        for language in self._wanted(text) if fact else ():
            if statement := fact.statements.get(language) if fact else None:
                yield _plain(text, statement, language)
            elif fact:
                what = f"The fact {fact.key} has no statement in {language}."
                command = f'`roeland fact set {self.incident} {fact.key} --{language} "…"`'
                problems.append((path, what, f"{command}, or name the `language` that this text is for."))

    def _wanted(self, text: Text) -> Sequence[str]:
        if text.language:
            return [text.language]
        others = [each for each in self.texts if each.language and (self.alone or each.fact == text.fact)]
        return [each for each in self.languages if each not in {other.language for other in others}]

    def _filled(self, words: str, path: Path, problems: list[Complaint]) -> str:
        filled = words
        for found in INLINE.finditer(words):
            value = self._value(found[0], found[1], path, problems)
            filled = filled.replace(found[0], value)
        return filled

    def _value(self, written: str, inside: str, path: Path, problems: list[Complaint]) -> str:
        parts = key_and_name(inside)
        if parts is None:
            remedy = "Write {fact:KEY.NAME} for a value; for the whole statement `{fact: KEY}` instead of a text."
            problems.append((path, f"{written} is not a value of a fact.", remedy))
            return written
        key, name = parts
        if key not in self.facts:
            problems.append((path, *_unknown(self.incident, key, self.facts)))
            return written
        literals = self.facts[key].literals
        if name not in literals:
            likely = f" {nearest(name, literals)}" if literals else ""
            add = f"`roeland fact set {self.incident} {key} --value {name}=…` adds it.{likely}"
            problems.append((path, f"The fact {key} has no value {name}.", add))
            return written
        return literals[name]


def _unknown(incident: str, key: str, facts: Mapping[str, Fact]) -> tuple[str, str]:
    likely = f" {nearest(key, facts)}" if facts else ""
    return f"There is no fact {key} in {incident}.", f'`roeland fact set {incident} {key} --nl "…"` adds it.{likely}'


def _languages(content: MessageContent, facts: Mapping[str, Fact]) -> list[str]:
    """Those of the titles, the message's own first: in these there are variants."""
    titles = [text.language for text in content.title if text.language]
    open_ones = [facts[text.fact] for text in content.title if text.fact and not text.language and text.fact in facts]
    stated = [language for fact in open_ones for language in fact.statements]
    found = dict.fromkeys([*titles, *stated])
    return sorted(found, key=lambda each: each != content.language)


def _malformed(content: MessageContent) -> bool:
    return any(INLINE.search(text.text) for _, texts, _ in text_lists(content) for text in texts)


def _plain(text: Text, words: str, language: str | None) -> Text:
    return Text.model_construct(text=words, audiences=text.audiences, language=language, fact=None)


def _with(content: MessageContent, made: Mapping[Path, tuple[Text, ...]]) -> MessageContent:
    changed: dict[str, object] = {str(path[0]): texts for path, texts in made.items() if len(path) == 1}
    changed["key_messages"] = tuple(
        each.model_copy(update={name: made[("key_messages", number, name)] for name in ("text", "facts")})
        for number, each in enumerate(content.key_messages)
    )
    return content.model_copy(update=changed)


def _too_long(resolution: Resolution) -> Iterator[Complaint]:
    """What fitted as a reference may be too long as a text."""
    for path, texts, _ in text_lists(resolution.content):
        most = _LIMITS.get(str(path[-1]), limits.TEXT_CHARACTERS)
        for number, text in enumerate(texts):
            if len(text.text) > most:
                what = f"With its facts this has {len(text.text)} characters, more than {most}."
                yield resolution.origin((*path, number)), what, "Shorten it, or state the fact more shortly."
