"""A draft message file from a playbook: valid YAML, with the question beside every hole that is still open."""

from typing import Any, Final

import yaml

from services.domain.holes import HOLE, holes_in
from services.domain.playbooks import Playbook, PreparedEntry

_WIDE: Final = 1_000_000  # a text stays on its line, so that its question can stand above it


def draft(entry: PreparedEntry, file: dict[str, Any], playbook: Playbook) -> tuple[str, list[tuple[str, str]]]:
    """The file's text, and each open hole with its question."""
    questions = {name: f"{hole.ask} ({hole.limits})" for name, hole in entry.holes.items()}
    left = list(dict.fromkeys(name for _, name in holes_in(file)))
    head = [f"# {playbook.title}, {entry.entry}: {playbook.entries[entry.entry].about}"]
    for image in playbook.entries[entry.entry].images:
        head.append(f"# Beeld: {playbook.images[image].alt} ({playbook.images[image].where})")
    body = yaml.dump(file, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDE)
    return "\n".join([*(" ".join(line.split()) for line in head), *_asked(body, questions), ""]), [
        (name, questions[name]) for name in left
    ]


class _Dumper(yaml.SafeDumper):
    """Every text on one line."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\n" in text else None)


_Dumper.add_representer(str, _text)
_Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]


def _asked(body: str, questions: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for line in body.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += [f"{indent}# {{hole:{name}}} {questions[name]}" for name in dict.fromkeys(HOLE.findall(line))]
        lines.append(line)
    return lines
