"""What commands, rules and checks say, in the reader's language, by the sentences of the source itself.

A command speaks English, and fills in what it found: `f"there is no user {email}: …"`. The table has that sentence with
`{}` for each thing that is filled in, and what is said instead, with `{0}` for the first of them. It is in
`locale/<language>/commands/*.po`; tests/console/test_command_words.py finds what the source says and no table has.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from babel.messages.pofile import read_po

from services.console.languages import LOCALE, catalogue
from services.console.message_words import LANGUAGES
from services.console.words import STATES, audience_name, channel_name

_PLACE: Final = re.compile(r"\{(\d)\}")
_PLACED: Final = re.compile(r"(?P<place>[^\s:]+(?::\d+:\d+)?(?: [\w.\[\]-]+)?): (?P<said>.+)", re.DOTALL)
"""`events.yaml:3:5 rules[0].name: …`: where in a file, and what is wrong there."""
_END: Final = re.compile(r"(?<=[.?!])\s+")
LONGEST: Final = 1500
"""What is longer is no sentence of a command."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`fixed`: what of it is its own; the sentence that says most about a text is the one."""

    fixed: tuple[str, ...]
    pattern: re.Pattern[str]
    instead: str

    def values(self, text: str) -> Sequence[str] | None:
        """What is filled in, where this is what the text says."""
        if not all(each in text for each in self.fixed):  # most are not: a pattern takes longer to find that out
            return None
        found = self.pattern.fullmatch(text)
        return found.groups() if found else None


@lru_cache(maxsize=2000)
def sentence(text: str, language: str) -> str | None:
    """The text in this language; None for what no command says, or nobody translated.

    A problem and its remedy may stand behind each other: then each by itself, as far as they are known.
    """
    if not text or len(text) > LONGEST:
        return None
    parts = _END.split(text)
    told = [_whole(each, language) for each in parts]
    if len(parts) > 1 and not all(told) and (whole := _whole(text, language)):
        return whole
    return " ".join(said or each for said, each in zip(told, parts, strict=True)) if any(told) else None


def _whole(text: str, language: str) -> str | None:
    for each in _sentences(language):
        if (values := each.values(text)) is not None:
            return _filled(each.instead, values, language)
    if placed := _PLACED.fullmatch(text):
        return f"{placed['place']}: {said}" if (said := _whole(placed["said"], language)) else None
    if text.endswith("."):  # what a validator raises has none, and gets one where it is a problem by itself
        return f"{said.rstrip('.')}." if (said := _whole(text[:-1], language)) else None
    return None


def _filled(instead: str, values: Sequence[str], language: str) -> str:
    said = [sentence(value, language) or _named(value, language) for value in values]
    return _PLACE.sub(lambda place: said[int(place.group(1))], instead)


def _named(value: str, language: str) -> str:
    """What was filled in may be a word of ours: a state, an audience, a channel, a language, or several."""
    words = catalogue(language)
    if value in STATES:
        return words.gettext(STATES[value])
    if value in LANGUAGES:
        return words.gettext(LANGUAGES[value])
    return ", ".join(audience_name(channel_name(each, language), language) for each in value.split(", "))


@cache
def _sentences(language: str) -> tuple[_Sentence, ...]:
    """All of a language, those first that leave least open."""
    found = []
    for path in sorted((LOCALE / language / "commands").glob("*.po")):
        with path.open("rb") as file:
            found += [_read(str(each.id), str(each.string)) for each in read_po(file) if each.id and each.string]
    return tuple(sorted(found, key=lambda each: -sum(map(len, each.fixed))))


def _read(said: str, instead: str) -> _Sentence:
    fixed = said.split("{}")
    pattern = "(.+?)".join(map(re.escape, fixed[:-1])) + ("(.*)" if len(fixed) > 1 else "") + re.escape(fixed[-1])
    return _Sentence(tuple(fixed), re.compile(pattern, re.DOTALL), instead)
