"""From a form to a draft. A field's name is its path in the file, with dots: `key_messages.0.facts.1.text`. Pure.

What the form does not have stays as it was, and so does what was not changed: a moment keeps its seconds and its zone,
a text that came with a fact its fact. What a form may hold is bounded, whoever made it.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.console.composing.shape import File
from services.domain import limits

LINES: Final = ("incident", "kind", "phase", "urgency", "language", "recipients")
MOMENTS: Final = ("next_update_at", "expires_at", "release_at")
FLAGS: Final = ("exercise", "confirm")
GROUPS: Final = ("audiences", "channels")
TEXTS: Final = ("title", "unknown", "actions", "wrong", "sms")
ROW: Final = ("text", "language", "fact")
STEP: Final = ("after", "accepted", "at_most")

FIELDS: Final = 3000
"""Of a form. The longest message that the limits of a file allow has a thousand."""
PRESENT: Final = "in"
"""Names of groups of boxes that the form has: a box that is not ticked sends nothing."""


class TooMuch(ValueError):
    """No form of ours has so many fields."""


class Given:
    """What was sent: the last of each name, and all of it where boxes have the same name."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.all: dict[str, list[str]] = {}
        for number, (name, value) in enumerate(pairs):
            if number >= FIELDS:
                raise TooMuch
            self.all.setdefault(name, []).append(value.replace("\r\n", "\n"))
        self.groups = frozenset(self.all.get(PRESENT, ()))

    def last(self, name: str) -> str | None:
        """What was sent last under this name; None when nothing was."""
        return self.all[name][-1] if name in self.all else None

    def rows(self, prefix: str) -> list[int]:
        """The numbers that follow `prefix.` in what was sent, in order; none beyond what a list may have."""
        found = {name[len(prefix) + 1 :].partition(".")[0] for name in self.all if name.startswith(f"{prefix}.")}
        return sorted(n for each in found if each.isascii() and each.isdigit() and (n := int(each)) < limits.FILE_ITEMS)


def taken(base: Mapping[str, Any], pairs: Iterable[tuple[str, str]], zone: ZoneInfo) -> File:
    """The draft `base` with what the form says. Raises `TooMuch`."""
    given, file = Given(pairs), copy.deepcopy(dict(base))
    for name in LINES:
        _put(file, name, given.last(name), _line)
    for name in MOMENTS:
        _moment(file, name, given.last(name), zone)
    for name in FLAGS:
        if name in given.groups:
            _flag(file, name, name in given.all)
    for name in GROUPS:
        _group(file, name, given, name)
    _put(file, "confirm_minutes", given.last("confirm_minutes"), _number)
    _put(file, "area", given.last("area"), _places)
    for name in TEXTS:
        _texts(file, name, given, name)
    for row, prefix in _each(file, "key_messages", given, "key_messages"):
        _texts(row, "text", given, f"{prefix}.text")
        _texts(row, "facts", given, f"{prefix}.facts")
        _group(row, "audiences", given, f"{prefix}.audiences")
    for row, prefix in _each(file, "release_order", given, "release_order"):
        _step(row, given, prefix)
    return file


def shown(value: Any) -> str:
    """A line as its field has it."""
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def local(value: Any, zone: ZoneInfo) -> str:
    """A moment as `datetime-local` has it, in the centre's time; '' for what is none."""
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return ""
    return (moment.astimezone(zone) if moment.tzinfo else moment).strftime("%Y-%m-%dT%H:%M")


def step_shown(step: Mapping[str, Any], name: str) -> str:
    """A field of a step of the release order."""
    when = step.get("when") if isinstance(step.get("when"), dict) else {}
    return shown(step.get(name) if name == "after" else when.get(name))  # type: ignore[union-attr]


def _put(file: File, name: str, value: str | None, read: Any) -> None:
    """What somebody typed, if it is another than what stood there."""
    if value is None or value == shown(file.get(name)):
        return
    made = read(value)
    if made in (None, "", []):
        file.pop(name, None)
    else:
        file[name] = made


def _line(value: str) -> str:
    return value.strip()


def _number(value: str) -> int | str:
    return int(value) if value.strip().isascii() and value.strip().isdigit() and len(value) < 10 else value.strip()


def _places(value: str) -> list[str]:
    return [each.strip() for each in value.split(",") if each.strip()]


def _moment(file: File, name: str, value: str | None, zone: ZoneInfo) -> None:
    if value is None or value == local(file.get(name), zone):
        return
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        moment = None
    if not value.strip():
        file.pop(name, None)
    elif moment is None or moment.tzinfo is not None:
        file[name] = value.strip()
    else:
        file[name] = moment.replace(tzinfo=zone).isoformat()


def _flag(file: File, name: str, ticked: bool) -> None:
    if ticked:
        file[name] = True
    elif name in file:
        file[name] = False


def _group(file: File, name: str, given: Given, prefix: str) -> None:
    """The boxes that were ticked; what the boxes do not have, as an id that is not configured any more, stays."""
    if prefix not in given.groups:
        return
    offered, ticked = set(given.all.get(f"{prefix}.offered", ())), given.all.get(prefix, [])
    there = file.get(name)
    before: Sequence[Any] = there if isinstance(there, list) else []
    if set(ticked) == {each for each in before if each in offered or not offered}:
        return
    kept = [each for each in before if each in ticked or (offered and each not in offered)]
    chosen = [*kept, *(each for each in dict.fromkeys(ticked) if each not in kept)]
    if chosen:
        file[name] = chosen
    else:
        file.pop(name, None)


def _texts(file: File, name: str, given: Given, prefix: str) -> None:
    for row, at in _each(file, name, given, prefix):
        for field in ROW:
            _put(row, field, given.last(f"{at}.{field}"), str if field == "text" else _line)
        _group(row, "audiences", given, f"{at}.audiences")


def _each(file: File, name: str, given: Given, prefix: str) -> list[tuple[File, str]]:
    """The rows of a list that the form has, made where there are none, each with the beginning of its names."""
    numbers = given.rows(prefix)
    if not numbers:
        return []
    rows = file.get(name)
    if not isinstance(rows, list):
        rows = file[name] = []
    while len(rows) <= numbers[-1]:
        rows.append({})
    return [(rows[number], f"{prefix}.{number}") for number in numbers if isinstance(rows[number], dict)]


def _step(row: File, given: Given, prefix: str) -> None:
    _group(row, "audiences", given, f"{prefix}.audiences")
    _group(row, "channels", given, f"{prefix}.channels")
    _put(row, "after", given.last(f"{prefix}.after"), _line)
    when: File = dict(row["when"]) if isinstance(row.get("when"), dict) else {}
    for name in ("accepted", "at_most"):
        _put(when, name, given.last(f"{prefix}.{name}"), _line)
    if when:
        row["when"] = when
    else:
        row.pop("when", None)
