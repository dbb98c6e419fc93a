"""Whoever asks too much waits for themselves: a program with a key holds up nobody's page and nobody's sign-in."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from services.admin import giving
from services.admin.answers import Answer
from services.console.access import Who
from services.console.api.of_incidents import SHOWN
from services.console.api.versions import turn
from services.console.calling import AT_ONCE, call
from services.console.desk import Desk
from services.console.doors import passwords
from services.console.pages import contacts_lists
from services.console.sharing import OF_ONE
from services.runtime.postgres import connect
from services.store.api_keys import ApiKey
from services.store.users import User
from tests.console.conftest import Console
from tests.situation.running import eventually

pytestmark = pytest.mark.stack
APPROVE = "/api/v1/playbooks/cyber-incident/entries/eerste-melding/approve"
NOW = datetime(2026, 11, 27, tzinfo=UTC)


async def test_while_editorial_is_away_one_program_holds_up_nobodys_page(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its calls waits for editorial half a minute; twenty of them took all places for more than a minute."""
    monkeypatch.setattr(giving, "SECONDS", 3)
    program = await console.with_key("approver", scopes=("see", "approve"))
    somebody = await console.as_("author", email="an@ccvo.example")
    headers = [{}, *({"Idempotency-Key": f"k-{number}"} for number in range(19))]
    calls = [asyncio.create_task(program.post(APPROVE, headers=each)) for each in headers]
    await asyncio.sleep(0.5)
    async with asyncio.timeout(2):
        assert (await somebody.get("/api/v1/contacts/coverage")).status_code == 200
        answer = await somebody.post("/api/v1/incidents", json={}, headers={"Idempotency-Key": "mine"})
        assert answer.status_code in {403, 422}
    for each in calls:
        each.cancel()


async def test_whoever_waits_for_their_turn_leaves_connections_to_who_reads(console: Console, desk: Desk) -> None:
    """Each who waits holds one; as many forms about one incident as there are connections shut every page."""
    browser = await console.as_("crisis-manager")
    assert (await browser.post("/incidents", data={"incident": "x", "title": "X"})).status_code == 303
    async with connect(desk.database) as elsewhere:
        await turn(elsewhere, SHOWN, incident="x")
        form = {"title": "Y", "kind": "", "entity": "", "spoc": ""}
        forms = [asyncio.create_task(browser.post("/incidents/x/about", data=form)) for _ in range(desk.pool.max_size)]
        await asyncio.sleep(0.5)
        async with asyncio.timeout(3):
            assert (await browser.get("/incidents/x")).status_code == 200
        assert not any(each.done() for each in forms)
    assert {answer.status_code for answer in await asyncio.gather(*forms)} <= {303, 409}


def somebody(number: int) -> Who:
    """A user of a program."""
    user = User(number, f"{number}@x.example", ["author"], None, NOW, None)
    return Who(user, key=ApiKey(number, "x", b"", number, ["see"], number, NOW, None, None, None))


@asynccontextmanager
async def busy(users: int) -> AsyncIterator[None]:
    """While inside, each of so many users runs more commands than one may at once."""
    goes_on, begun = threading.Event(), list[int]()

    def waits() -> Answer:
        begun.append(1)
        goes_on.wait(20)
        return Answer(None, lambda _: None)

    calls = [asyncio.create_task(call(waits, somebody(number))) for number in range(users) for _ in range(AT_ONCE)]
    await eventually(lambda: _all(begun, min(AT_ONCE, users * OF_ONE)))
    try:
        yield
    finally:
        goes_on.set()
        await asyncio.gather(*calls)


async def _all(begun: list[int], number: int) -> bool:
    return len(begun) >= number


async def test_one_users_commands_leave_places_for_others() -> None:
    """And for themselves they go on one after the other."""
    async with busy(1), asyncio.timeout(2):
        assert await call(lambda: Answer("done", lambda _: None), somebody(7)) == "done"


async def test_of_many_lists_that_somebody_sends_at_once_few_are_in_memory(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has up to 32 MB: a script that sends fifty would be the end of the console."""
    held: list[int] = []
    most = 0

    async def holds(*_: object, content: bytes, **__: object) -> None:
        nonlocal most
        held.append(len(content))
        most = max(most, len(held))
        await asyncio.sleep(0.05)
        held.pop()

    monkeypatch.setattr(contacts_lists, "call", holds)
    client = await console.as_("author")
    files = {"file": ("a.csv", b"x" * 1000, "text/csv")}
    answers = await asyncio.gather(*(client.post("/contacts/import", files=files) for _ in range(10)))
    assert {each.status_code for each in answers} == {303}
    assert most == OF_ONE


async def test_nobody_who_signs_in_waits_for_commands() -> None:
    """All places are taken, by several users; a password is looked at all the same."""
    async with busy(2), asyncio.timeout(2):
        assert await passwords.hashed("een lang wachtwoord")
