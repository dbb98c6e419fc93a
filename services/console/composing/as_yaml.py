"""A draft as the file that it is: the other way to write it, for whoever knows what the form does not show."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from services.console.composing.shape import File, compact, normal
from services.domain.problems import Problem, Refused
from services.domain.yaml_text import read_yaml

MOST: Final = 64 * 1024


def written(file: Mapping[str, Any]) -> str:
    """As YAML, without what is empty; a text that says nothing else than its words stands by itself."""
    plain = {name: _short(each) if isinstance(each, list) else each for name, each in compact(file)[0].items()}
    return yaml.dump(plain, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000)


def read(text: str) -> File:
    """The draft in this text, in the shape of the form. Raises Refused for what is no YAML or no mapping."""
    if len(text) > MOST:
        raise Refused([Problem("", f"This has more than {MOST // 1024} kB: no message has.", "Shorten it.")])
    data = read_yaml(text, name="").data
    if not isinstance(data, dict):
        raise Refused([Problem("", "A message is a mapping of fields to values.", "Start with `incident:`.")])
    return normal(data)


def _short(rows: list[Any]) -> list[Any]:
    made = [_row(each) if isinstance(each, dict) else each for each in rows]
    return [each["text"] if isinstance(each, dict) and set(each) == {"text"} else each for each in made]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    made = {
        name: _short(each) if name in ("text", "facts") and isinstance(each, list) else each
        for name, each in row.items()
    }
    text = made.get("text")
    if isinstance(text, list) and len(text) == 1 and isinstance(text[0], str):
        made["text"] = text[0]
    return made


class _Dumper(yaml.SafeDumper):
    """Without anchors: a message file has none."""

    def ignore_aliases(self, _: Any) -> bool:
        return True
