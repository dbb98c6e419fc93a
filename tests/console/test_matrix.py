"""Each role at each route: what is allowed is what `MAY` says, for every route that there is."""

from collections.abc import Iterator
from itertools import product

import httpx
import pytest
from fastapi import Request
from fastapi.routing import APIRoute

from services.console.access import COOKIE, Allowed, NotAllowed, Open
from services.domain.identity import ROLES, may
from tests.console.conftest import URL, Console
from tests.console.test_access import declared, routes

pytestmark = pytest.mark.stack
STEPS = {"session": "1", "number": "1", "id": "00000000-0000-0000-0000-000000000001"}


def doors(console: Console) -> Iterator[tuple[str, str, Allowed | Open]]:
    """Method, path with something in its places, and what it declares."""
    for route in routes(console.app.routes):
        if isinstance(route, APIRoute):
            path = route.path_format
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", STEPS.get(name, "x"))
            for method, who in product(sorted(route.methods - {"HEAD"}), declared(route.dependant)):
                yield method, path, who


async def test_each_role_gets_in_where_its_role_may_and_nowhere_else(console: Console) -> None:
    """A new route is covered as soon as it is there; nobody has to remember to write its row."""
    listed = [each for each in doors(console) if isinstance(each[2], Allowed)]
    assert len(listed) > 50
    for role in ROLES:
        client = await console.as_(role)
        for method, path, door in listed:
            assert await _gets_in(console, client, method, path, door) is may(door.action, [role]), (role, method, path)


async def test_who_may_not_is_told_so_before_anything_is_done(console: Console) -> None:
    """The same at the doors themselves: 403, from every route, with whatever is sent along."""
    for role in ROLES:
        client = await console.as_(role)
        for method, path, door in doors(console):
            if isinstance(door, Allowed) and not may(door.action, [role]):
                answer = await client.request(method, path)
                assert answer.status_code == 403, (role, method, path, answer.status_code)


async def test_who_is_not_signed_in_gets_in_nowhere_but_where_it_is_said_why(console: Console) -> None:
    """Pages send them to the sign-in page, the API says 401."""
    client = await console.anyone()
    for method, path, door in doors(console):
        if isinstance(door, Allowed):
            answer = await client.request(method, path)
            told = (answer.status_code, answer.headers.get("location", "")[:8])
            assert told in {(303, "/sign-in"), (401, "")}, (method, path, told)
        else:
            assert len(door.why) > 15, path


async def test_what_changes_anything_needs_the_token_of_the_session(console: Console) -> None:
    """Each route, without it, and with somebody else's (CSRF)."""
    client = await console.as_(*ROLES)
    theirs = (await console.as_("author")).headers["X-CSRF-Token"]
    for token in (None, theirs, "", "é"):
        client.headers.pop("X-CSRF-Token", None)
        given = {} if token is None else {"X-CSRF-Token": token.encode()}
        for method, path, door in doors(console):
            if isinstance(door, Allowed) and method not in {"GET", "OPTIONS"}:
                answer = await client.request(method, path, headers=given)  # type: ignore[arg-type]
                assert answer.status_code == 403, (method, path, answer.status_code)


async def _gets_in(console: Console, client: httpx.AsyncClient, method: str, path: str, door: Allowed) -> bool:
    """Asked of the door itself, so that nothing is done."""
    cookie, token = client.cookies[COOKIE], client.headers["X-CSRF-Token"]
    sent = [(b"cookie", f"{COOKIE}={cookie}".encode()), (b"x-csrf-token", token.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": sent, "query_string": b"", "app": console.app}
    scope |= {"server": ("console.example", 443), "scheme": "https", "root_path": "", "client": ("127.0.0.1", 1)}
    assert URL.endswith("console.example")
    try:
        await door(Request(scope))
    except NotAllowed:
        return False
    return True
