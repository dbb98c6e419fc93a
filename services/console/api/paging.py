"""Lists in pages: an opaque cursor says where the page before ended, `next` where the following one begins."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from services.admin.answers import Invalid
from services.console.api.ability import PREFIX, Ability, Pages
from services.console.api.asking import parameters


def asked(ability: Ability, given: dict[str, Any], limit: int, cursor: str | None) -> dict[str, Any]:
    """What the command is asked for one page: one more than it shows, to know whether more follow."""
    pages = ability.pages
    if pages is None or not pages.option:
        return given
    given |= {pages.limit: limit + 1}
    if cursor is not None:
        after = _after(ability, cursor)
        types = {each.name: each.type for each in parameters(ability.function)}
        given[pages.option] = int(after) if "int" in str(types[pages.option]) else after
    return given


def page(ability: Ability, request: Request, document: Any, limit: int, cursor: str | None) -> dict[str, Any]:
    """`items`, and `next`: the address of the following page, or null. What else the document says stays."""
    pages = ability.pages
    assert pages is not None  # noqa: S101
    more = {k: v for k, v in document.items() if k not in {pages.items, "next"}} if pages.items else {}
    found = document[pages.items] if pages.items else document
    if not pages.option and cursor is not None:
        found = _rest(found, pages, _after(ability, cursor))
    items = found[:limit]
    following = _address(ability, request, items[-1][pages.by]) if len(found) > limit else None
    return {**more, "items": items, "next": following}


def _rest(found: Sequence[Any], pages: Pages, after: str) -> Sequence[Any]:
    for place, each in enumerate(found):
        if str(each[pages.by]) == after:
            return found[place + 1 :]
    raise Invalid("what this cursor ended at is no more: begin at the first page")


def _address(ability: Ability, request: Request, last: Any) -> str:
    query = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    path = PREFIX + _filled(ability.path, request.path_params)
    return f"{path}?{urlencode([*query, ('cursor', _cursor(ability, last))])}"


def _filled(path: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", str(value))
    return path


def _cursor(ability: Ability, last: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([ability.path, str(last)]).encode()).decode().rstrip("=")


def _after(ability: Ability, cursor: str) -> str:
    """Where a cursor of ours ended. Raises `Invalid` for any other."""
    try:
        path, after = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if path == ability.path and isinstance(after, str) and after.isprintable() and len(after) <= 200:
            return after if not after.isdigit() or len(after) < 19 else str(2**62)
    except (ValueError, TypeError):
        pass
    raise Invalid("this is no cursor of this list: give the `next` of the page before, or none")
