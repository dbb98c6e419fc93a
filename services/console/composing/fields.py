"""From a draft to its form: the same names as `form.taken` reads. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.console.composing.form import FLAGS, GROUPS, LINES, MOMENTS, PRESENT, ROW, TEXTS, local, shown, step_shown

LONGEST: Final = 200


def pairs(file: Mapping[str, Any], zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """What a browser would send of the form of this draft, if nobody changed anything."""
    for name in (*LINES, "confirm_minutes", "area"):
        yield name, shown(file.get(name))
    for name in MOMENTS:
        yield name, local(file.get(name), zone)
    for name in FLAGS:
        yield PRESENT, name
        if file.get(name) is True:
            yield name, "1"
    for name in GROUPS:
        yield from _group(file, name, name)
    for name in TEXTS:
        yield from _texts(file, name, name)
    for number, row in _rows(file, "key_messages"):
        prefix = f"key_messages.{number}"
        yield from _texts(row, "text", f"{prefix}.text")
        yield from _texts(row, "facts", f"{prefix}.facts")
        yield from _group(row, "audiences", f"{prefix}.audiences")
    for number, row in _rows(file, "release_order"):
        prefix = f"release_order.{number}"
        yield from _group(row, "audiences", f"{prefix}.audiences")
        yield from _group(row, "channels", f"{prefix}.channels")
        for name in ("after", "accepted", "at_most"):
            yield f"{prefix}.{name}", step_shown(row, name)


def _texts(file: Mapping[str, Any], name: str, prefix: str) -> Iterator[tuple[str, str]]:
    for number, row in _rows(file, name):
        for field in ROW:
            yield f"{prefix}.{number}.{field}", shown(row.get(field))
        yield from _group(row, "audiences", f"{prefix}.{number}.audiences")


def _group(file: Mapping[str, Any], name: str, at: str) -> Iterator[tuple[str, str]]:
    yield PRESENT, at
    there = file.get(name)
    yield from ((at, str(each)) for each in (there if isinstance(there, list) else ()))


def _rows(file: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    there = file.get(name)
    for number, row in enumerate(there if isinstance(there, list) else ()):
        if isinstance(row, dict):
            yield number, row
