"""The framing words: `words/<language>.yaml` for all readers, `audiences/<audience>.yaml` for one.

Every word is looked up in the reader's language and nowhere else: a word that is missing in French is an error at
the proof, never a Dutch heading in a French mail. A word is a small template itself: `{{ when }}` and the like.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Any, Protocol

import jinja2

from services.domain.problems import Problem, Refused
from services.domain.yaml_text import Located, read_yaml


class Word(Protocol):
    """What templates call: `word("heading.known")`, `word("next.at", when=when)`."""

    def __call__(self, key: str, **values: Any) -> str: ...


@dataclass(frozen=True)
class Words:
    """All word files, by name, and the environment in which they are compiled."""

    files: Mapping[str, Located]
    environment: jinja2.Environment
    compiled: dict[tuple[str, str], jinja2.Template] = field(default_factory=dict, repr=False, compare=False)

    def of(self, language: str) -> Word:
        """The words of one language."""
        return partial(self.say, f"words/{language}.yaml", ())

    def asks(self, audience: str, language: str, situation: str, **values: Any) -> list[str]:
        """What `audience` is asked to do in a phase, or by a correction or all-clear; possibly nothing."""
        name, path = f"audiences/{audience}.yaml", (language, situation)
        found = self._find(name, path)
        if not isinstance(found, list):
            raise self._refused(name, path, "This must be a list.", "Write one ask per line after `- `; `[]` for none.")
        return [self._render(name, (*path, number), str(each), values) for number, each in enumerate(found)]

    def because(self, audience: str, language: str, **values: Any) -> str:
        """Why this reader gets the message."""
        return self.say(f"audiences/{audience}.yaml", (language,), "because", **values)

    def say(self, name: str, start: tuple[str, ...], key: str, /, **values: Any) -> str:
        """One word of one file. Raises Refused when it is not there."""
        path = (*start, *key.split("."))
        found = self._find(name, path)
        if not isinstance(found, str):
            raise self._refused(name, path, f"{key} must be text.", "Put it in quotes.")
        return self._render(name, path, found, values)

    def _find(self, name: str, path: tuple[str, ...]) -> Any:
        if name not in self.files:
            raise Refused(
                [Problem(f"templates/{name}", "This file is missing.", "Copy one of its neighbours and translate it.")]
            )
        found = self.files[name].data
        for step in path:
            if not isinstance(found, dict) or step not in found:
                raise self._refused(name, path, f"{'.'.join(path)} is missing.", "Add it here.")
            found = found[step]
        return found

    def _render(self, name: str, path: tuple[str | int, ...], text: str, values: Mapping[str, Any]) -> str:
        if "{" not in text:
            return text
        key = name, text
        try:
            if key not in self.compiled:
                self.compiled[key] = self.environment.from_string(text)
            return self.compiled[key].render(values)
        except jinja2.TemplateError as error:
            raise self._refused(name, path, f"{error.message}.", "Mend what stands between {{ and }}.") from None

    def _refused(self, name: str, path: tuple[str | int, ...], problem: str, remedy: str) -> Refused:
        return Refused([Problem(self.files[name].place(path), problem, remedy)])


def read_words(sources: Mapping[str, str], places: Mapping[str, str], environment: jinja2.Environment) -> Words:
    """Every YAML file under `words/` and `audiences/`. Raises Refused for one that is not valid."""
    files = {
        name: _read(source, places[name])
        for name, source in sources.items()
        if PurePosixPath(name).parts[0] in ("words", "audiences") and name.endswith(".yaml")
    }
    return Words(files, environment)


@lru_cache(maxsize=128)
def _read(source: str, place: str) -> Located:
    return read_yaml(source, name=place)
