"""Where in the form a finding belongs: lint writes `key_messages[0].facts[1]`, the form `key_messages.1.facts.2`."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from services.console.composing.shape import origin
from services.domain.yaml_text import Path

_STEP: Final = re.compile(r"([A-Za-z_][\w-]*)|\[(\d{1,4})\]")


def path_of(place: str) -> Path:
    """Its steps; a file, a line and a column before it are not among them."""
    return tuple(name or int(number) for name, number in _STEP.findall(place.rpartition(" ")[2]))


def field_of(place: str, origins: Mapping[Path, Path], fields: Collection[str]) -> str:
    """The nearest of `fields` that the place is in; '' when it is about none of them."""
    path = origin(path_of(place), origins)
    for length in range(len(path), 0, -1):
        name = ".".join(map(str, path[:length]))
        if name in fields:
            return name
    return ""
