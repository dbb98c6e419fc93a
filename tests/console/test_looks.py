"""No page of the console that nobody looked at: the tables of tests/browser/looks.py against the routes of the app."""

import re
from itertools import chain

import pytest
from fastapi.routing import APIRoute

from services.console.api.ability import PREFIX
from tests.browser.looks import NOT_LOOKED_AT, ROOMS
from tests.console.conftest import Console
from tests.console.test_access import routes

pytestmark = pytest.mark.stack


def nameless(path: str) -> str:
    """The same address, whatever what is filled in is called."""
    return re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0])


async def test_every_page_is_looked_at_by_chromium(console: Console) -> None:
    """Contrast, size of targets and a phone's width are found by looking alone: who is in no table is not looked at."""
    there = {
        nameless(route.path)
        for route in routes(console.app.routes)
        if isinstance(route, APIRoute) and "GET" in route.methods and not route.path.startswith(f"{PREFIX}/")
    }
    looked_at = {nameless(page) for page in chain.from_iterable(room.values() for room in ROOMS)}
    assert there - looked_at - set(NOT_LOOKED_AT) == set(), "add it to a table of tests/browser/looks.py"
    assert (looked_at | set(NOT_LOOKED_AT)) - there == set(), "no route of the app answers there any more"
    assert looked_at & set(NOT_LOOKED_AT) == set(), "it is looked at: take it off the list of those that are not"


def test_no_picture_is_written_over_another() -> None:
    """Two pages of one name would leave one picture, and nobody would notice."""
    names = [name for room in ROOMS for name in room]
    assert len(names) == len(set(names))


def test_what_is_not_looked_at_says_why() -> None:
    """In words: a list of exceptions without reasons grows."""
    assert all(len(why) > 5 for why in NOT_LOOKED_AT.values())
