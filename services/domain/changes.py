"""What changed between two texts, word by word, so that a reader sees it in the text itself.

Lines are compared first and words only within what differs: a list that moved up a place colours no whole mail, and no
text, however it repeats itself, costs more than `_MOST_PAIRS` comparisons at once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, Literal

Kind = Literal["same", "removed", "added"]

_TOKENS: Final = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
_MOST_PAIRS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text and what became of it. Its words are never empty."""

    kind: Kind
    text: str


def changes(before: str, after: str) -> list[Change]:
    """The way from one text to the other: what is `same` and `removed` makes `before`, `same` and `added` `after`."""
    return _joined(_by_line(before.splitlines(keepends=True), after.splitlines(keepends=True)))


def changed(found: Sequence[Change]) -> bool:
    """Whether anything differs but the spaces."""
    return _words_of(found, "added") != _words_of(found, "removed")


def _words_of(found: Sequence[Change], unlike: Kind) -> list[str]:
    return "".join(each.text for each in found if each.kind != unlike).split()


def _by_line(before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    for tag, old, new in _compared(before, after):
        if tag == "replace":
            yield from _by_word("".join(old), "".join(new))
        else:
            yield from _whole(tag, "".join(old), "".join(new))


def _by_word(before: str, after: str) -> Iterator[Change]:
    for tag, old, new in _compared(_TOKENS.findall(before), _TOKENS.findall(after)):
        yield from _whole(tag, "".join(old), "".join(new))


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    if len(before) * len(after) > _MOST_PAIRS:
        yield "whole", before, after
        return
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        yield tag, before[a:b], after[c:d]


def _whole(tag: str, old: str, new: str) -> Iterator[Change]:
    if tag == "equal":
        yield Change("same", new)
        return
    if old:
        yield Change("removed", old)
    if new:
        yield Change("added", new)


def _joined(found: Iterator[Change]) -> list[Change]:
    """Neighbours of one kind as one. `removed` stays before the `added` that takes its place."""
    return [
        Change(kind, text)
        for kind, stretch in groupby(found, key=lambda each: each.kind)
        if (text := "".join(each.text for each in stretch))
    ]
