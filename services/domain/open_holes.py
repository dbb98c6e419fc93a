"""A message that was begun from a playbook and is not finished: a hole in it would be read as it stands."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.domain.holes import holes_in
from services.domain.yaml_text import Path

_QUESTION: Final = re.compile(r"^[ \t]*#[ \t]*\{hole:([a-z0-9-]+)\}[ \t]+(\S.*)$", re.MULTILINE)


def questions_in(text: str) -> dict[str, str]:
    """The questions that `roeland playbook start` wrote beside the holes, as comments."""
    return {name: question.strip() for name, question in _QUESTION.findall(text)}


def open_holes(data: Any, questions: Mapping[str, str]) -> Iterator[tuple[Path, str, str]]:
    """Every hole that stands in these plain values: path, problem and remedy."""
    for path, name in holes_in(data):
        if not name:
            yield path, "A hole is begun here and not filled.", "Write what should stand there."
        else:
            what = f"The hole {name} is not filled."
            yield path, what, questions.get(name) or f"Write what should stand there instead of {{hole:{name}}}."
