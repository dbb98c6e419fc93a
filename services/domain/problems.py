"""How a refusal is told: the place, what is wrong there, and what to do about it.

Whoever gives us something wrong gets every problem in one go, so that a message at night is mended once.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that stands in the way. `place` is `file:line:column field`, or as much of it as is known."""

    place: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem} {self.remedy}".strip()


@dataclass(frozen=True)
class Blocked(Problem):
    """One that a rule of lint found: which rule, and where that comes from."""

    rule: str = ""
    source: str = ""


@dataclass(frozen=True)
class Finding:
    """What lint says. An `error` blocks the message, a `warning` is for the author to weigh.

    `rule` names the rule and `source` says where it comes from; both are empty for what no rule of lint says.
    """

    severity: Severity
    place: str
    problem: str
    remedy: str
    rule: str = ""
    source: str = ""


class Refused(Exception):
    """What was given cannot be accepted; carries all problems, never none. The command line exits with 1.

    `missing`: what was named, as it was, and is not there.
    """

    def __init__(self, problems: list[Problem], *, missing: Iterable[object] = ()) -> None:
        assert problems, "a refusal has a reason"  # noqa: S101 - a mistake of ours, not of the input
        self.problems, self.missing = problems, [str(each) for each in missing]
        super().__init__("\n".join(map(str, problems)))


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A remedy: the allowed word that `word` looks like, or else all of them."""
    choices = list(allowed)
    close = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Choose from: {', '.join(choices)}."
