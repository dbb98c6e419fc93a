"""What is edited has a version, its ETag; a change says which one it is of, by If-Match (RFC 9110 §13)."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request

from services.admin.answers import Refusal
from services.console.access import Who
from services.console.api.ability import Ability
from services.console.api.asking import in_path
from services.console.api.problems import of_refusal
from services.console.calling import call
from services.console.desk import desk_of
from services.store import api_requests


class Precondition(Exception):
    """412 or 428."""

    def __init__(self, status: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def etag(ability: Ability, document: Any) -> str:
    """The version of what a GET shows: one document, or a list of them, such as all that a fact said."""
    shown = document if isinstance(document, list) else [document]
    of = json.dumps([{name: each.get(name) for name in ability.etag} for each in shown], sort_keys=True)
    return f'"{hashlib.sha256(of.encode()).hexdigest()[:24]}"'


@asynccontextmanager
async def held(ability: Ability, request: Request, who: Who, given: dict[str, Any]) -> AsyncIterator[None]:
    """While inside, no other call of the API changes what this one changes, and it is as If-Match says.

    Raises `Precondition`. A command line, and the pages, may still change it in between.
    """
    shown = ability.versioned
    if shown is None:
        yield
        return
    async with desk_of(request).pool.connection() as connection, connection.transaction():
        await api_requests.turn(connection, f"{shown.path} {sorted(request.path_params.items())}")
        _compare(request, await now(shown, who, given))
        yield


async def now(shown: Ability, who: Who, given: dict[str, Any]) -> str | None:
    """Its version now; None when it is not there."""
    named = {each.name: given[each.field] for each in in_path(shown)}
    try:
        document = await call(shown.function, who, **named)
    except Refusal as refusal:
        if of_refusal(refusal, named.values()).status_code == 404:
            return None
        raise
    found = picked(shown, document, given)
    return None if found is None else etag(shown, found)


def picked(ability: Ability, document: Any, given: Mapping[str, Any]) -> Any:
    """What the path names: of a list, the one item; None when there is none."""
    if not ability.pick:
        return document
    wanted = str(given[ability.pick]).lower()
    return next((each for each in document if str(each[ability.pick]).lower() == wanted), None)


def matches(header: str, version: str) -> bool:
    """Whether this version is among those that the header names. Weak ones never match."""
    return header.strip() == "*" or version in (each.strip() for each in header.split(","))


def _compare(request: Request, version: str | None) -> None:
    wanted, none = request.headers.get("if-match"), request.headers.get("if-none-match")
    if none is not None and version is not None and matches(none, version):
        raise Precondition(412, "it is there already")
    if version is None:
        if wanted is not None:
            raise Precondition(412, "it is not there")
        return
    if wanted is None:
        raise Precondition(428)
    if not matches(wanted, version):
        raise Precondition(412)
