"""A draft in the one shape that the form shows: every text a row of its own. Pure.

A draft is a message file as plain values that need not be valid yet. Here the ways in which a file may write the same
become one; what the form has no place for stays where it is. Rows may be empty: the form shows them, and so their
numbers are those of the form. `compact` leaves them out, and says which row was which.
"""

from collections.abc import Mapping
from typing import Any, Final

from services.domain.message_fields import as_key_messages
from services.domain.yaml_text import Path

File = dict[str, Any]

LISTS: Final = ("title", "unknown", "actions", "wrong", "sms")
SETS: Final = ("audiences", "channels")
BESIDE: Final = frozenset({"audiences", "language"})
"""Of a text: what says nothing by itself."""
NOTHING: Final[frozenset[str]] = frozenset()


def normal(file: Mapping[str, Any]) -> File:
    """The same file with its texts as rows."""
    made = {name: each for name, each in file.items() if each is not None}
    for name in LISTS:
        if name in made:
            made[name] = _rows(made[name])
    if isinstance(made.get("key_messages"), list):
        made["key_messages"] = [_key_message(each) for each in as_key_messages(made["key_messages"])]
    for name in SETS:
        if isinstance(made.get(name), str):
            made[name] = [made[name]]
    return made


def compact(file: Mapping[str, Any]) -> tuple[File, dict[Path, Path]]:
    """The file without what is empty, and where each row stood whose place is another now."""
    origins: dict[Path, Path] = {}
    made = {
        name: _full(each, (name,), (name,), origins) if isinstance(each, list) else each
        for name, each in file.items()
        if each is not None and each is not False and each != ""
    }
    return {name: each for name, each in made.items() if each != []}, origins


def origin(path: Path, origins: Mapping[Path, Path]) -> Path:
    """Where in the form stands what is at `path` in the compact file."""
    for length in range(len(path), 0, -1):
        if found := origins.get(path[:length]):
            return found + path[length:]
    return path


def is_empty(row: Any, beside: frozenset[str] = BESIDE) -> bool:
    """Whether a row says nothing: then it is left out, whatever was chosen beside it."""
    if not isinstance(row, dict):
        return row is None or row == ""
    return not any(_says(each) for name, each in row.items() if name not in beside)


def _says(value: Any) -> bool:
    if isinstance(value, list):
        return any(not is_empty(each) for each in value)
    return bool(value.strip() if isinstance(value, str) else value)


def _full(rows: list[Any], now: Path, before: Path, origins: dict[Path, Path]) -> list[Any]:
    made: list[Any] = []
    for number, row in enumerate(rows):
        if is_empty(row, BESIDE if before[0] != "release_order" else NOTHING):
            continue
        here, there = (*now, len(made)), (*before, number)
        origins[here] = there
        made.append(_cleaned(row, here, there, origins) if isinstance(row, dict) else row)
    return made


def _cleaned(row: dict[str, Any], now: Path, before: Path, origins: dict[Path, Path]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for name, each in row.items():
        if name in ("text", "facts") and isinstance(each, list):
            cleaned[name] = _full(each, (*now, name), (*before, name), origins)
        elif each not in (None, "", []):
            cleaned[name] = each
    return {name: each for name, each in cleaned.items() if each != []}


def _rows(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return [{"text": str(each)} if isinstance(each, str | int | float) else each for each in items]


def _key_message(each: Any) -> Any:
    if not isinstance(each, dict):
        return each
    made = dict(each)
    for name in ("text", "facts"):
        if made.get(name) is not None:
            made[name] = _rows(made[name])
    if isinstance(made.get("audiences"), str):
        made["audiences"] = [made["audiences"]]
    return made
