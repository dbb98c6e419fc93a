"""What changed between two messages, line by line: what is new, what is worded otherwise, what is no longer said. Pure.

The order in which things are said does not count: in a message it is often another, and that is no news.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from services.domain.changes import Change, changes

ALIKE: Final = 0.55
"""How much of two lines must be the same for one to be the other, reworded; else one went and one came."""

_MOST_PAIRS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Reworded:
    """A line that is worded otherwise now: how, and the line as it is."""

    pieces: tuple[Change, ...]
    line: str


@dataclass(frozen=True, slots=True)
class ChangedLines:
    """All that differs, in the order of what is said now; `gone` in the order in which it was said."""

    new: tuple[str, ...] = ()
    reworded: tuple[Reworded, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.reworded or self.gone)


def changed_lines(before: Sequence[str], now: Sequence[str]) -> ChangedLines:
    """From the lines of one message to those of a later one."""
    said, says = set(before), set(now)
    went = [line for line in dict.fromkeys(before) if line not in says]
    came = [line for line in dict.fromkeys(now) if line not in said]
    pairs = _pairs(went, came)
    taken = set(pairs.values())
    return ChangedLines(
        new=tuple(line for line in came if line not in pairs),
        reworded=tuple(Reworded(tuple(changes(pairs[line], line)), line) for line in came if line in pairs),
        gone=tuple(line for line in went if line not in taken),
    )


def _pairs(went: Sequence[str], came: Sequence[str]) -> dict[str, str]:
    """Which line that came is which one that went, reworded: the most alike first, each once."""
    if len(went) * len(came) > _MOST_PAIRS:
        return {}
    pairs: dict[str, str] = {}
    taken: set[str] = set()
    for _, line, earlier in sorted(_alike(went, came), key=lambda each: -each[0]):
        if line not in pairs and earlier not in taken:
            pairs[line] = earlier
            taken.add(earlier)
    return pairs


def _alike(went: Sequence[str], came: Sequence[str]) -> Iterator[tuple[float, str, str]]:
    for line in came:
        matcher = SequenceMatcher(b=line.split(), autojunk=False)
        for earlier in went:
            matcher.set_seq1(earlier.split())
            if matcher.quick_ratio() >= ALIKE and (ratio := matcher.ratio()) >= ALIKE:
                yield ratio, line, earlier
