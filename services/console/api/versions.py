"""What is edited has a version, its ETag; a change says which one it is of, by If-Match (RFC 9110 §13)."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request

from services.admin.answers import Refusal
from services.console.access import Who
from services.console.api.ability import Ability
from services.console.api.asking import in_path
from services.console.api.problems import of_refusal
from services.console.calling import call
from services.console.desk import desk_of
from services.domain.problems import Refused
from services.domain.yaml_text import read_yaml
from services.runtime.postgres import Connection
from services.store import api_requests

_NAME: Final = re.compile(r"\{(\w+)\}")


class Precondition(Exception):
    """412 or 428."""

    def __init__(self, status: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def etag(ability: Ability, document: Any) -> str:
    """The version of what a GET shows: one document, or a list of them, such as all that a fact said."""
    shown = document if isinstance(document, list) else [document]
    of = json.dumps([{name: each.get(name) for name in ability.etag} for each in shown], sort_keys=True)
    return _tag(of)


@asynccontextmanager
async def held(ability: Ability, request: Request, who: Who, given: dict[str, Any]) -> AsyncIterator[None]:
    """While inside, no other call of the API changes what this one changes, and it is as If-Match says.

    Raises `Precondition`. A command line, and most pages, may still change it in between.
    """
    shown = ability.versioned
    if shown is None or (ability.named_in and ability.named_in[1] not in given):
        yield
        return
    async with changing(request) as connection:
        await turn(connection, shown, **{name: str(given[name]) for name in _NAME.findall(shown.path)})
        version = await _read(connection, shown) if shown.version else await now(shown, request, who, given)
        _compare(request, version, asks=ability.asks)
        yield


@asynccontextmanager
async def changing(request: Request) -> AsyncIterator[Connection]:
    """A transaction to wait for one's `turn` in, and to carry out a command; not so many that no page can be read."""
    desk = desk_of(request)
    async with desk.turns, desk.pool.connection() as connection, connection.transaction():
        yield connection


async def turn(connection: Connection, shown: Ability, **named: str) -> None:
    """Wait until no call of the API, and no form of a page, changes this; then none does until the transaction ends.

    Call within `changing`.
    """
    which = sorted((name, value.lower()) for name, value in named.items())
    await api_requests.turn(connection, f"{shown.path} {which}")


async def now(shown: Ability, request: Request, who: Who, given: dict[str, Any]) -> str | None:
    """Its version now; None when it is not there."""
    if shown.version:
        async with desk_of(request).pool.connection() as connection:
            return await _read(connection, shown)
    named = {each.name: given[each.field] for each in in_path(shown)}
    try:
        document = await call(shown.function, who, **named)
    except Refusal as refusal:
        if of_refusal(refusal, named.values()).status_code == 404:
            return None
        raise
    found = picked(shown, document, given)
    return None if found is None else etag(shown, found)


def name_of(ability: Ability, file: Path) -> dict[str, str]:
    """What a document that defines something is about, where that can be read; the command says what is wrong."""
    if ability.named_in is None:
        return {}
    field, name = ability.named_in
    try:
        found = read_yaml(file.read_text(encoding="utf-8"), name=file.name).data
    except (Refused, UnicodeDecodeError):
        return {}
    value = found.get(field) if isinstance(found, dict) else None
    return {name: value} if isinstance(value, str) else {}


def picked(ability: Ability, document: Any, given: Mapping[str, Any]) -> Any:
    """What the path names: of a list, the one item; None when there is none."""
    if not ability.pick:
        return document
    wanted = str(given[ability.pick]).lower()
    return next((each for each in document if str(each[ability.pick]).lower() == wanted), None)


def matches(header: str, version: str, *, weakly: bool = False) -> bool:
    """Whether this version is among those that the header names. Weak ones match only where that is asked: in
    If-None-Match (RFC 9110 §13.1.2)."""
    named = [each.strip() for each in header.split(",")]
    return header.strip() == "*" or version in ([each.removeprefix("W/") for each in named] if weakly else named)


def conditions(request: Request, name: str) -> str | None:
    """All lines of such a header as one."""
    return ", ".join(request.headers.getlist(name)) or None


async def _read(connection: Connection, shown: Ability) -> str | None:
    return _tag(str(await shown.version(connection))) if shown.version else None


def _tag(of: str) -> str:
    return f'"{hashlib.sha256(of.encode()).hexdigest()[:24]}"'


def _compare(request: Request, version: str | None, *, asks: bool) -> None:
    wanted, none = conditions(request, "if-match"), conditions(request, "if-none-match")
    if none is not None and version is not None and matches(none, version, weakly=True):
        raise Precondition(412, "it is there already")
    if version is None:
        if wanted is not None:
            raise Precondition(412, "it is not there")
        return
    if wanted is None and asks:
        raise Precondition(428)
    if wanted is not None and not matches(wanted, version):
        raise Precondition(412)
