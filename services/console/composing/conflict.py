"""Two people changed one draft: what each says, field by field, and the draft that somebody made of both. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from services.console.composing.shape import File, compact

NOTHING: Final = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which they differ, as text to look at; '' where it says nothing."""

    field: str
    mine: str
    theirs: str


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Difference]:
    """Where they differ, field by field; a row that is empty is no difference."""
    own, others = compact(mine)[0], compact(theirs)[0]
    return [
        Difference(name, as_text(own.get(name)), as_text(others.get(name)))
        for name in dict.fromkeys([*own, *others])
        if own.get(name) != others.get(name)
    ]


def settled(mine: Mapping[str, Any], theirs: Mapping[str, Any], chosen: Collection[str]) -> File:
    """Theirs, with mine in the fields that were chosen."""
    made = dict(theirs)
    for name in chosen:
        if name in mine:
            made[name] = mine[name]
        else:
            made.pop(name, None)
    return made


def as_text(value: Any) -> str:
    """A field for people: its words, a line for each, before anything else."""
    if value is None:
        return NOTHING
    return "\n".join(_lines(value)) if isinstance(value, list | dict) else str(value)


def _lines(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, dict):
        rest = {name: each for name, each in value.items() if name not in ("text", "facts")}
        text = value.get("text")
        if isinstance(text, list):
            yield from _lines(text, depth)
        elif text:
            yield "  " * depth + str(text)
        if rest:
            yield "  " * depth + f"({yaml.safe_dump(rest, allow_unicode=True, default_flow_style=True).strip()})"
        yield from _lines(value.get("facts", []), depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _lines(each, depth)
    else:
        yield "  " * depth + str(value)
