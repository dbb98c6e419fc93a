"""What pydantic finds wrong with a value, in our words: by the kind of its error and what it knows, never by its text.

Its own text speaks of Python to somebody who writes YAML, and changes with its versions. Ours has a remedy, and the
console has the Dutch of each sentence (docs/console.md, *In whose words*; docs/decisions/0039-errors-by-kind.md).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from services.domain.problems import nearest
from services.domain.yaml_text import Path, dotted

_LIST: Final = ("This must be a list.", "Write it as `[one, two]`, or one per line after `- `.")
_MAPPING: Final = ("This must be a mapping.", "Write fields with their values, as in `time: 17:00`.")
_WHOLE: Final = ("This must be a whole number.", "Write digits only, without quotes.")
_NUMBER: Final = ("This must be a number.", "Write it with a point, without quotes: 2.5.")
_DATE: Final = ("This must be a date.", "Write it as 2026-11-23.")
_MOMENT: Final = ("This must be a date and time.", "Write it as 2026-11-23T16:00:00+01:00.")
_TIME: Final = ("This must be a time of the day.", "Write it as 17:00.")
_ADDRESS: Final = ("This must be an address of the web.", "Write it whole, as in https://www.example.be/.")
_ID: Final = ("This must be an id.", "Copy it whole from where it is shown.")

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("This must be text.", "Put it in quotes."),
    "none_required": ("This must be empty.", "Leave it out."),
    "invalid_key": ("The name of a field is not text.", "Leave that field out."),
    "finite_number": ("This number has no end.", "Give another one."),
    "timezone_naive": ("This does not say its time zone.", "Write it as 2026-11-23T16:00:00+01:00."),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), _MAPPING),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), _NUMBER),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), _DATE),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing"), _MOMENT),
    **dict.fromkeys(("time_type", "time_parsing"), _TIME),
    **dict.fromkeys(("url_type", "url_parsing", "url_syntax_violation", "url_scheme"), _ADDRESS),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), _ID),
}
"""Those that say all by themselves, with the remedy."""
BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than_equal": ("This must be {} or more.", "ge"),
    "greater_than": ("This must be more than {}.", "gt"),
    "less_than_equal": ("This must be {} or less.", "le"),
    "less_than": ("This must be less than {}.", "lt"),
    "multiple_of": ("This must be a multiple of {}.", "multiple_of"),
    "too_short": ("This list needs {} at least.", "min_length"),
    "too_long": ("This list may have {} at most.", "max_length"),
    "string_too_short": ("This text needs {} characters at least.", "min_length"),
    "string_too_long": ("This text may have {} characters at most.", "max_length"),
}
"""Those with a limit, and where it stands."""
OTHERWISE: Final = "This is not written as it must be."


def in_our_words(error: ErrorDetails, *, see: str, model: type[BaseModel] | None = None) -> tuple[str, str]:
    """The problem and its remedy.

    `see`: the remedy where the kind has none of its own; `model`: what was read, for a field that is misspelt.
    """
    kind, known, path = error["type"], error.get("ctx", {}), tuple(error["loc"])
    if kind == "rule":  # `message_fields.wrong`
        return known["problem"], known["remedy"]
    if kind in ("value_error", "assertion_error"):  # a validator of ours, in words of ours
        return f"{str(known['error']).rstrip('.')}.", see
    if kind == "missing":
        return f"The field {dotted(path)} is missing.", f"Add it. {see}"
    if kind == "extra_forbidden":
        fields = fields_at(model, path) if model else ()
        return f"There is no field {dotted(path)}.", nearest(str(path[-1]), fields) if fields else "Leave it out."
    if kind in ("literal_error", "enum"):
        return _none_of(error, str(known["expected"]))
    if kind in ("bool_type", "bool_parsing"):
        field = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
        return "This must be true or false.", f"Write `{field}: true` or `{field}: false`."
    return _bounded(kind, known, see) or KINDS.get(kind) or (OTHERWISE, see)


def fields_at(model: type[BaseModel], path: Path) -> Sequence[str]:
    """The fields that there are where `path` ends; none where that is no model."""
    inner: type[BaseModel] | None = model
    for step in path[:-1]:
        if isinstance(step, str) and inner and step in inner.model_fields:
            inner = next(_models(inner.model_fields[step].annotation), None)
    return tuple(inner.model_fields) if inner else ()


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


def _none_of(error: ErrorDetails, expected: str) -> tuple[str, str]:
    allowed = re.findall(r"'([^']+)'", expected)
    if "input" not in error:  # left out where it might be a secret
        return "This is not one of them.", f"Choose from: {', '.join(allowed) or expected}."
    given = error["input"]
    return f"{given!r} is not one of them.", nearest(str(given), allowed) if allowed else f"Choose from: {expected}."


def _bounded(kind: str, known: Mapping[str, Any], see: str) -> tuple[str, str] | None:
    if kind not in BOUNDS:
        return None
    said, where = BOUNDS[kind]
    limit = known[where]
    if limit == 1 and kind == "too_short":
        return "This list is empty.", "Name at least one."
    if limit == 1 and kind == "string_too_short":
        return "This text is empty.", "Write what it should say, or take it out."
    return said.format(limit), see
