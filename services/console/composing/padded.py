"""What the form shows of a draft: its rows, with an empty one where something may be added; and where findings go."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.console.composing.shape import File, is_empty
from services.domain import limits

LINES: Final = (
    "incident", "kind", "phase", "urgency", "language", "audiences", "channels", "recipients", "area", "exercise",
    "next_update_at", "expires_at", "release_at", "confirm", "confirm_minutes", "corrects", "title", "key_messages",
    "unknown", "actions", "wrong", "sms", "release_order",
)  # fmt: skip
"""Fields where a finding may stand that is about all of it."""


def padded(file: Mapping[str, Any]) -> File:
    """The draft with at least one row in each list; a key message with room for a fact."""
    made = copy.deepcopy(dict(file))
    for name in ("title", "unknown", "actions", "sms", *(["wrong"] if made.get("kind") == "correction" else [])):
        _at_least(made, name, 1)
    _at_least(made, "key_messages", 1)
    for each in made["key_messages"]:
        if isinstance(each, dict):
            _at_least(each, "text", 1)
            _at_least(each, "facts", min(limits.FACTS, len(_filled(each.get("facts"))) + 1))
    return made


def with_row(file: Mapping[str, Any], at: str) -> File:
    """The draft with one more row in the list `at`: `actions`, `key_messages.0.facts`."""
    made = padded(file)
    holder: Any = made
    *steps, name = at.split(".")
    for step in steps:
        holder = _inside(holder, step)
    rows = holder.setdefault(name, []) if isinstance(holder, dict) and name in _ADDABLE else None
    if isinstance(rows, list) and len(rows) < limits.FILE_ITEMS:
        rows.append({})
    return made


def slots(file: Mapping[str, Any]) -> Iterator[str]:
    """Every place in the form at which a finding may stand, by the name of its field."""
    yield from LINES
    for name, each in file.items():
        if isinstance(each, list):
            yield from _slots(each, name)


def _slots(rows: list[Any], at: str) -> Iterator[str]:
    for number, row in enumerate(rows):
        if isinstance(row, dict):
            yield f"{at}.{number}"
            for name in ("text", "facts"):
                if isinstance(row.get(name), list):
                    yield from _slots(row[name], f"{at}.{number}.{name}")


_ADDABLE: Final = frozenset(
    {"title", "key_messages", "text", "facts", "unknown", "actions", "wrong", "sms", "release_order"}
)


def _inside(holder: Any, step: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    if isinstance(holder, list) and step.isascii() and step.isdigit() and int(step) < len(holder):
        return holder[int(step)]
    return None


def _at_least(holder: File, name: str, least: int) -> None:
    rows = holder.get(name)
    if not isinstance(rows, list):
        rows = holder[name] = []
    while len(rows) < least:
        rows.append({})


def _filled(rows: Any) -> list[Any]:
    return [each for each in rows if not is_empty(each)] if isinstance(rows, list) else []
