"""What a request may say, taken from the signature of the command's function: name, type, help and limits."""

import inspect
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from services.console.api.ability import Ability

Text = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/]+$")]
MOST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """Of a command's function. `type`: as pydantic checks it; `needed`: it has no default."""

    name: str
    type: Any
    help: str
    default: Any
    least: float | None
    most: float | None
    argument: bool
    option: str

    @property
    def field(self) -> str:
        """How the API calls it: `type` for what Python must call `type_`."""
        return self.name.rstrip("_")

    @property
    def needed(self) -> bool:
        """Whether it must be said."""
        return self.default is inspect.Parameter.empty


@cache
def parameters(function: Any) -> tuple[Parameter, ...]:
    """All that a command's function asks."""
    return tuple(_read(each) for each in inspect.signature(function, eval_str=True).parameters.values())


def in_path(ability: Ability) -> list[Parameter]:
    """Those that the path names."""
    return [each for each in parameters(ability.function) if f"{{{each.field}}}" in ability.path]


def chosen(ability: Ability) -> list[Parameter]:
    """Those that a request chooses, in its query or in its body."""
    return [each for each in parameters(ability.function) if not _is_ours(ability, each)]


def has_fields(ability: Ability) -> bool:
    """Whether what is chosen stands in a JSON object in the body; else it stands in the query."""
    return ability.method in {"POST", "PUT", "PATCH"} and ability.given is None


def model_of(ability: Ability) -> type[BaseModel] | None:
    """What a request may choose, as one model that refuses what it does not know; None when there is nothing."""
    key = f"{ability.method} {ability.path}"
    if key not in _models:
        _models[key] = _made(ability)
    return _models[key]


_models: Final[dict[str, type[BaseModel] | None]] = {}


def _made(ability: Ability) -> type[BaseModel] | None:
    fields: dict[str, Any] = {each.field: _field(ability, each) for each in chosen(ability)}
    if pages := ability.pages:
        fields["limit"] = (int, Field(50, ge=1, le=pages.most, description="At most so many on a page."))
        fields["cursor"] = (Text | None, Field(None, description="The `next` of the page before."))
        if pages.option != pages.by:
            fields.pop(pages.option, None)
    if not fields:
        return None
    return create_model(f"{ability.name}Request", __config__=ConfigDict(extra="forbid"), **fields)


def _is_ours(ability: Ability, each: Parameter) -> bool:
    given = ability.given.parameter if ability.given else ""
    drafts = ability.drafts[0] if ability.drafts else ""
    files = {given, drafts, ability.page, *(written.parameter for written in ability.written)}
    asked = len(ability.written) > 1 and each.name == "format"  # the request's Accept says which
    return each.name in ability.fixed or each.name in files or asked or f"{{{each.field}}}" in ability.path


def _field(ability: Ability, each: Parameter) -> tuple[Any, Any]:
    kind = each.type
    if each.name in ability.pairs:
        kind = dict[Text, Text] | None
    elif each.name in ability.texts:
        kind = Text | None
    limits: dict[str, Any] = {"ge": each.least, "le": each.most} if _is_number(kind) else {}
    if not each.needed:
        limits["default"] = each.default
    return kind, Field(description=_plain(each.help), **limits)


def _read(each: inspect.Parameter) -> Parameter:
    kind, info = get_args(each.annotation)[:2] if get_origin(each.annotation) is Annotated else (each.annotation, None)
    number = _is_number(kind)
    least, most = getattr(info, "min", None), getattr(info, "max", None)
    return Parameter(
        each.name, _checked(kind), getattr(info, "help", None) or "", each.default,
        least if least is not None or not number else -MOST, most if most is not None or not number else MOST,
        type(info).__name__ == "ArgumentInfo", _option(each.name, info),
    )  # fmt: skip


def _option(name: str, info: Any) -> str:
    declared = [word for word in getattr(info, "param_decls", None) or () if word.startswith("--")]
    return declared[0] if declared else f"--{name.replace('_', '-')}"


def _checked(kind: Any) -> Any:
    """The same type, with texts that PostgreSQL can keep."""
    if kind is str:
        return Text
    if kind is Path or not get_args(kind) or get_origin(kind) is Annotated:
        return kind
    swapped = tuple(_checked(each) for each in get_args(kind))
    origin = get_origin(kind)
    if origin in {list, tuple}:
        return origin[swapped if len(swapped) > 1 else swapped[0]]
    if all(not isinstance(each, str) for each in get_args(kind)):  # a union; a Literal stays
        joined = swapped[0]
        for each in swapped[1:]:
            joined = joined | each
        return joined
    return kind


def _is_number(kind: Any) -> bool:
    return kind in {int, float} or bool({int, float} & set(get_args(kind)))


def _plain(text: str) -> str:
    return text.replace("[", "").replace("]", "")
