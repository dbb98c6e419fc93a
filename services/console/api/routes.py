"""The table of abilities as routes, each of which declares who may call it."""

import inspect
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.console.access import Allowed, Open, Who
from services.console.api.abilities import ABILITIES
from services.console.api.ability import PREFIX, Ability
from services.console.api.asking import Short, has_fields, in_path, model_of
from services.console.api.doing import carry_out
from services.console.api.telling import about

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")
IDEMPOTENT: Final = "The same key and request again hear the first answer, for 24 hours: nothing is done twice."


@cache
def router() -> APIRouter:
    """All of `/api/v1` that commands do; made once, for it takes a second."""
    made = APIRouter(prefix=PREFIX)
    methods: defaultdict[str, list[str]] = defaultdict(list)
    for each in sorted(ABILITIES, key=_fixed_first):
        endpoint = _endpoint(each)
        made.add_api_route(each.path, endpoint, methods=[each.method], **about(each))
        if each.method == "GET":
            made.add_api_route(each.path, endpoint, methods=["HEAD"], include_in_schema=False)
        methods[each.path].append(each.method)
    for path, has in methods.items():
        _add_others(made, path, has)
    return made


def _fixed_first(ability: Ability) -> tuple[bool, ...]:
    """`/messages/lint` before `/messages/{id}`."""
    return tuple(part.startswith("{") for part in ability.path.split("/"))


def _add_others(made: APIRouter, path: str, has: list[str]) -> None:
    allow = ", ".join([*sorted({*has, *(["HEAD"] if "GET" in has else [])}), "OPTIONS"])
    anyone = [Depends(Open("says only which methods there are"))]

    async def others(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allow})
        raise HTTPException(405, headers={"Allow": allow})

    rest = [each for each in METHODS if each not in allow.split(", ") or each == "OPTIONS"]
    made.add_api_route(path, others, methods=rest, dependencies=anyone, include_in_schema=False)


def _endpoint(ability: Ability) -> Callable[..., Any]:
    async def endpoint(request: Request, who: Who, **given: Any) -> Response:
        said = given.pop("said", None)
        named = {k: v for k, v in given.items() if not k.startswith("header_")}
        if said is not None:
            named |= {name: getattr(said, name) for name in type(said).model_fields}
        return await carry_out(ability, request, who, named)

    endpoint.__name__ = ability.name
    endpoint.__signature__ = inspect.Signature(_asks(ability))  # type: ignore[attr-defined]
    return endpoint


def _asks(ability: Ability) -> list[inspect.Parameter]:
    asks = [_parameter("request", Request), _parameter("who", Annotated[Who, Depends(Allowed(ability.action))])]
    for each in in_path(ability):
        kind = int if each.type is int else Short
        limits: dict[str, Any] = {"ge": 1, "le": 2**31 - 1} if kind is int else {}
        asks.append(_parameter(each.field, Annotated[kind, Path(description=each.help, **limits)]))
    if ability.pick:
        asks.append(_parameter(ability.pick, Annotated[Short, Path(description="Which one.")]))
    model = model_of(ability)
    if model is not None and has_fields(ability):
        optional = all(not field.is_required() for field in model.model_fields.values())
        asks.append(
            _parameter("said", Annotated[model | None, Body()], None) if optional else _parameter("said", model)
        )
    elif model is not None:
        asks.append(_parameter("said", Annotated[model, Query()]))
    return [*asks, *_headers(ability)]


def _headers(ability: Ability) -> list[inspect.Parameter]:
    named = {}
    if ability.method == "POST":
        named["Idempotency-Key"] = IDEMPOTENT
    if ability.versioned:
        named["If-Match"] = "The `ETag` of what is changed, as it was read" + (
            "; needed where it is there." if ability.asks else ": then it is done only if nothing changed since."
        )
        named["If-None-Match"] = "`*`: only where it is not there."
    if ability.etag:
        named["If-None-Match"] = "The `ETag` that is known: 304 where it is still so."
    return [
        _parameter(
            f"header_{number}", Annotated[str | None, Header(alias=name, description=help_, max_length=1000)], None
        )
        for number, (name, help_) in enumerate(named.items())
    ]


def _parameter(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
