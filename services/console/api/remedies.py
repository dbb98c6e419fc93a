"""What a refusal tells people to type, told to programs: `roeland message status ID` is `GET /api/v1/messages/ID`."""

import json
import re
import shlex
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlencode

from services.console.api.abilities import ABILITIES
from services.console.api.ability import PREFIX, Ability
from services.console.api.asking import Parameter, has_fields, parameters

COMMAND: Final = re.compile(r"`(?:roeland )?([a-z][^`]*)`")
OPTION: Final = re.compile(r"(?<![\w`-])--([a-z]+(?:-[a-z]+)*)")


def for_programs(text: str) -> str:
    """The text, with what stands in the table put as a request."""
    told = COMMAND.sub(lambda found: _request(found.group(1)) or found.group(0), text)
    return OPTION.sub(lambda found: f"`{found.group(1).replace('-', '_')}`", told)


def _request(typed: str) -> str | None:
    words = _split(typed)
    for count in range(min(3, len(words)), 0, -1):
        if ability := _by_command().get(" ".join(words[:count])):
            return f"`{_put(ability, words[count:])}`"
    return None


@cache
def _by_command() -> dict[str, Ability]:
    found: dict[str, Ability] = {}
    for each in ABILITIES:
        found.setdefault(each.command, each)
    return found


def _put(ability: Ability, words: list[str]) -> str:
    named = {each.option: each for each in parameters(ability.function) if not each.argument}
    positional = [each for each in parameters(ability.function) if each.argument]
    path, chosen = f"{PREFIX}{ability.path}", {}
    rest = iter(words)
    for word in rest:
        if word in named:
            chosen[named[word].field] = True if named[word].type is bool else next(rest, "…")
        elif word.startswith("--"):
            next(rest, None)  # --as EMAIL
        elif positional:
            path = _named(path, positional.pop(0), word, chosen)
    return f"{ability.method} {path}{_said(ability, chosen)}"


def _named(path: str, parameter: Parameter, word: str, chosen: dict[str, Any]) -> str:
    place = f"{{{parameter.field}}}"
    if place not in path and word != "FILE":
        chosen[parameter.field] = word
    return path.replace(place, quote(word, safe="…@+"))


def _said(ability: Ability, chosen: dict[str, Any]) -> str:
    if not chosen:
        return ""
    if has_fields(ability):
        return f" {json.dumps(chosen, ensure_ascii=False)}"
    return f"?{urlencode({k: 'true' if v is True else v for k, v in chosen.items()}, safe='…')}"


def _split(typed: str) -> list[str]:
    try:
        return shlex.split(typed)
    except ValueError:
        return typed.split()
