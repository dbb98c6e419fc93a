"""The message file: what an author writes, in YAML or JSON, judged strictly and all in one go.

Strict because it is written at night: a misspelt `audience:` that is silently ignored is a message to the wrong
people. `MessageFile` is the shape (and the JSON Schema), `services.domain.message_rules` what the fields say together.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.facts import resolution_of, supposed
from services.domain.message_fields import ModelContext
from services.domain.message_model import MessageFile, to_content
from services.domain.message_rules import RULES, Judged
from services.domain.open_holes import open_holes, questions_in
from services.domain.problems import Problem, Refused, nearest
from services.domain.shapes import in_our_words
from services.domain.yaml_text import Located, Path, dotted, read_yaml

__all__ = ["MessageFile", "parse_message", "parse_message_file"]


def parse_message_file(text: str, *, name: str, now: datetime, configuration: Configuration) -> MessageContent:
    """The message in `text`; `name` is the file's, for places. Raises Refused with every problem there is.

    `now` is an aware time. Times in the result are UTC, audiences and channels in the configured order.
    """
    located = read_yaml(text, name=name)
    return _judged(located, questions_in(text), now, configuration)


def parse_message(
    data: Any, *, questions: Mapping[str, str] | None = None, now: datetime, configuration: Configuration
) -> MessageContent:
    """The same of plain values in the shape of a file; places of problems are paths alone.

    `questions`: of the holes that are open, by name.
    """
    try:
        return _judged(Located("", data, {}), questions or {}, now, configuration)
    except Refused as refused:
        raise Refused([replace(each, place=each.place.rpartition(" ")[2]) for each in refused.problems]) from None


def _judged(
    located: Located, questions: Mapping[str, str], now: datetime, configuration: Configuration
) -> MessageContent:
    if not isinstance(located.data, dict):
        what = "The file is empty." if located.data is None else "A message is a mapping of fields to values."
        raise Refused([Problem(f"{located.name}:1:1", what, "Start with `incident:`, `kind:`, `title:` …")])
    context = ModelContext(configuration)
    holes = open_holes(located.data, questions)
    problems = {path: Problem(located.place(path), *rest) for path, *rest in holes}
    file = _validated(located, context, problems)
    content = to_content(file, configuration)
    stood_in = resolution_of(content, supposed(content))
    judged = Judged(stood_in.content, file.model_fields_set, configuration, now)
    wrong = {path[0] for path in problems}
    for path, problem, remedy in stood_in.problems:
        problems.setdefault(path, Problem(located.place(path), problem, remedy))
    for needs, rule in RULES:
        if wrong.isdisjoint(needs):
            for path, problem, remedy in rule(judged):
                place = located.place(stood_in.origin(path))
                problems.setdefault(stood_in.origin(path), Problem(place, problem, remedy))
    if problems:
        raise Refused([problem for _, problem in sorted(problems.items(), key=lambda each: _order(located, each[0]))])
    return content


def _validated(located: Located, context: ModelContext, problems: dict[Path, Problem]) -> MessageFile:
    """The file's model. Fields that are wrong are noted and left out, so that the others can be judged together.

    What is left of a text without its misspelt field may be wrong in turn: hence the rounds, each takes some out.
    """
    given: dict[str, Any] = {name: value for name, value in located.data.items() if _is_text(name)}
    if len(given) < len(located.data):
        problems["",] = Problem(located.place(()), "The name of a field is not text.", "Leave that field out.")
    for _ in range(_ROUNDS):
        try:
            return MessageFile.model_validate(given, context=context)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        for each in errors:
            path = tuple(each["loc"])
            problems.setdefault(path, _problem(each, path, located))
        given = _STAND_INS | _without(given, errors)
    return MessageFile.model_validate(_STAND_INS, context=context)


def _is_text(name: object) -> bool:
    """Half a character, which an escape in JSON can make, is none."""
    return not isinstance(name, str) or not any("\ud800" <= each <= "\udfff" for each in name)


def _without(given: dict[str, Any], errors: list[ErrorDetails]) -> dict[str, Any]:
    """A copy in which nothing is wrong, and as much as possible still stands where it stood."""
    rest = copy.deepcopy(given)
    for each in sorted(errors, key=lambda each: each["type"] != "extra_forbidden"):
        field, *deeper = each["loc"]
        if each["type"] == "extra_forbidden" and _removed(rest, tuple(each["loc"])):
            continue
        if field in ("key_messages", "unknown", "actions", "wrong") and deeper and isinstance(rest.get(field), list):
            rest[field][deeper[0]] = "x"
        else:
            rest.pop(str(field), None)
    return rest


def _removed(rest: dict[str, Any], path: Path) -> bool:
    holder: Any = rest
    try:
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True


# Only ever judged by rules that need none of the fields that they stand in for.
_STAND_INS: Final[dict[str, Any]] = {"incident": "x", "kind": "alert", "title": "x", "channels": ["mail"]}

_ROUNDS: Final = 4

_EXAMPLES: Final = {
    "incident": "Give its id, as in `incident: cyber-2026-014`.",
    "kind": "Write `kind: alert`, `update`, `correction` or `all-clear`.",
    "title": "Write `title:` and one line that says what is the matter.",
    "channels": "Write `channels: [mail, sms, newsfeed]`, or those that you want.",
    "text": "Write `text:` and what it should say.",
    "when": "Write it as `when: {accepted: 95%, at_most: 30m}`.",
    "accepted": "Write it from 1% to 100%, as in `accepted: 95%`.",
}


def _problem(error: ErrorDetails, path: Path, located: Located) -> Problem:
    return Problem(located.place(path), *_in_our_words(error, path))


def _in_our_words(error: ErrorDetails, path: Path) -> tuple[str, str]:
    """What is wrong and the remedy, for one of pydantic's errors."""
    field, given = str(path[-1]), error["input"]
    if error["type"] == "missing":
        return f"The field {dotted(path)} is missing.", _EXAMPLES.get(field, "Add it.")
    if error["type"] == "literal_error":
        return f"{given!r} is not a {field}.", nearest(str(given), re.findall(r"'([^']+)'", error["ctx"]["expected"]))
    if path[0] == "release_order" and error["type"].startswith("model_"):
        return "This must be a mapping.", _EXAMPLES.get(field, "Write it as `{audiences: [governors], after: 5m}`.")
    if error["type"].startswith("model_"):
        return "This must be a text, or a mapping with `text:`.", "Put it in quotes, or write `text:` before it."
    if error["type"] == "too_long":
        return "This list is too long.", "Shorten it."
    return in_our_words(error, see="See *A message* in the documentation.", model=MessageFile)


def _order(located: Located, path: Sequence[str | int]) -> tuple[int, int]:
    known = tuple(path)
    while known and known not in located.marks:
        known = known[:-1]
    return located.marks.get(known, (0, 0))
