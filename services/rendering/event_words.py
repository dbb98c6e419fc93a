"""Filling in the texts of an event mapping. What an outside system sent is text in them, and never a template.

Jinja in a sandbox, with nothing undefined let pass. What comes from the event is put on one line, cut, and can neither
be a hole, a fact's reference, nor one of our slots.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.domain.event_mapping import EventMapping
from services.domain.problems import Problem
from services.domain.texts import one_line
from services.domain.yaml_text import Located, dotted

VALUE_CHARACTERS: Final = 600
"""Of one value of the event, in a text."""
TEXT_CHARACTERS: Final = 4000
"""Of a text that was filled in."""
OPTIONAL: Final = ("subject", "time", "dataschema", "datacontenttype", "data_base64")
_BRACES: Final = str.maketrans("{}", "()")


class CannotFill(Exception):
    """The event does not have what a text of the mapping asks; in words, with the field."""


def check(mapping: EventMapping, located: Located) -> Sequence[Problem]:
    """The texts that are no template."""
    found = []
    for number, rule in enumerate(mapping.rules):
        for path, text in rule.templates():
            try:
                _ENVIRONMENT.from_string(text)
            except jinja2.TemplateError as problem:
                place = located.place(("rules", number, *path))
                found.append(
                    Problem(place, f"This is no template: {problem}.", "Write {{ data.title }}, for instance.")
                )
    return found


def fill(text: str, event: Mapping[str, Any], sender: str, *, field: str = "", most: int = TEXT_CHARACTERS) -> str:
    """The text with what the event says, on one line, cut to `most` characters. Raises `CannotFill`."""
    values = {**dict.fromkeys(OPTIONAL), "data": {}, **event, "sender": sender}
    try:
        made = one_line(_ENVIRONMENT.from_string(text).render(values))
    except jinja2.UndefinedError as problem:
        raise CannotFill(f"{field}: the event lacks something: {one_line(str(problem))[:300]}") from None
    except Exception as problem:  # a template is a program: whatever it raises is its author's to mend
        raise CannotFill(f"{field}: {type(problem).__name__}: {one_line(str(problem))[:300]}") from None
    return cut(made, most)


def fill_all(value: Any, event: Mapping[str, Any], sender: str, path: tuple[str | int, ...] = ()) -> Any:
    """The same of every text in this. Raises `CannotFill`."""
    if isinstance(value, str):
        return fill(value, event, sender, field=dotted(path))
    if isinstance(value, dict):
        return {name: fill_all(each, event, sender, (*path, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [fill_all(each, event, sender, (*path, number)) for number, each in enumerate(value)]
    return value


def cut(text: str, most: int) -> str:
    """So many characters, the last of them … when there were more."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _harmless(value: Any) -> Any:
    """What comes out of an expression."""
    if value is None:
        return ""
    return (
        cut(one_line(str(value)), VALUE_CHARACTERS).translate(_BRACES)
        if not isinstance(value, jinja2.Undefined)
        else value
    )


_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    autoescape=False,  # nothing of it is HTML: pages and mails escape what they print
    undefined=jinja2.StrictUndefined,
    finalize=_harmless,
)
