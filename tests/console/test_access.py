"""Every door is locked, and says who may open it."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from services.console.access import Allowed, Open
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def routes(listed: list[BaseRoute]) -> Iterator[BaseRoute]:
    """Each, also of the routers that were included."""
    for each in listed:
        included = getattr(each, "original_router", None)
        yield from routes(included.routes) if included else [each]


def declared(dependant: Dependant) -> Iterator[Allowed | Open]:
    """What a route, or what it depends on, declares of who may open it."""
    if isinstance(dependant.call, Allowed | Open):
        yield dependant.call
    for each in dependant.dependencies:
        yield from declared(each)


async def test_every_route_declares_who_may_open_it(console: Console) -> None:
    """A route that nobody thought of is a hole: this finds it before anybody else does."""
    for route in routes(console.app.routes):
        if isinstance(route, Mount):
            assert route.path == "/static", "what is mounted is open to everybody"
            continue
        assert isinstance(route, APIRoute), route
        assert len(list(declared(route.dependant))) == 1, f"{route.methods} {route.path} declares not exactly one"


async def test_who_is_not_signed_in_is_asked_to(console: Console) -> None:
    """And comes back to where they were."""
    client = await console.anyone()
    answer = await client.get("/?a=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2F%3Fa%3D1")


async def test_who_is_signed_in_sees_the_overview(console: Console) -> None:
    """With the headers that every answer has."""
    client = await console.as_("author")
    answer = await client.get("/")
    assert answer.status_code == 200
    assert "author@ccvo.example" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"]
    assert answer.headers["cache-control"] == "no-store"


async def test_what_is_too_large_is_not_read(console: Console) -> None:
    """With and without a declared length."""
    client = await console.as_("author")
    refused = await client.post("/choices", content=b"x" * 300_000, headers=FORM)
    assert (refused.status_code, refused.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "Hier kan hoogstens 256 kB ineens verstuurd worden." in refused.text, "a person reads it"

    async def endless() -> object:
        for _ in range(40):
            yield b"x" * 10_000

    assert (await client.post("/choices", content=endless(), headers=FORM)).status_code == 413
