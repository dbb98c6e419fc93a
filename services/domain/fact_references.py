"""Where a message refers to facts: `{fact: KEY}`, own words with `fact: KEY`, and `{fact:KEY.NAME}` inside a text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.domain import limits
from services.domain.content import MessageContent, Text
from services.domain.yaml_text import Path

KEY: Final = re.compile(limits.KEY_PATTERN)
"""Of a fact, and of the name of each of its values."""

INLINE: Final = re.compile(r"\{\s*fact\s*:\s*([^{}]*)\}", re.IGNORECASE)
"""A literal value of a fact inside a text; group 1 should be KEY.NAME."""

WRONG: Final = "wrong"
"""The field of a correction that says what was wrong: there a text may state what no longer holds."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A text that refers to a fact, and where it stands. `audiences`: who sees it (None: all of the message's)."""

    path: Path
    text: Text
    key: str
    audiences: tuple[str, ...] | None

    @property
    def field(self) -> str:
        """The field of the message that it is under."""
        return str(self.path[0])


def text_lists(content: MessageContent) -> Iterator[tuple[Path, tuple[Text, ...], tuple[str, ...] | None]]:
    """Every list of texts: its path, the texts, and the audiences that it is kept to as a whole."""
    for name in type(content).model_fields:
        value = getattr(content, name)
        if name == "key_messages":
            for number, each in enumerate(value):
                yield (name, number, "text"), each.text, each.audiences
                yield (name, number, "facts"), each.facts, each.audiences
        elif isinstance(value, tuple) and value and isinstance(value[0], Text):
            yield (name,), value, None


def references(content: MessageContent) -> Iterator[Placed]:
    """Every reference, in the order of the file; a text that refers to two facts comes twice."""
    for path, texts, audiences in text_lists(content):
        for number, text in enumerate(texts):
            for key in dict.fromkeys([*filter(None, [text.fact]), *(key for key, _ in inline(text.text))]):
                yield Placed((*path, number), text, key, _both(audiences, text.audiences))


def inline(text: str) -> Iterator[tuple[str, str]]:
    """Key and name of each well-formed reference inside a text."""
    for found in INLINE.finditer(text):
        if parts := key_and_name(found[1]):
            yield parts


def key_and_name(written: str) -> tuple[str, str] | None:
    """`outage.since` as its two parts; None for what is not a fact's value."""
    key, _, name = written.strip().partition(".")
    return (key, name) if KEY.fullmatch(key) and KEY.fullmatch(name) else None


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(each for each in one if each in other)
