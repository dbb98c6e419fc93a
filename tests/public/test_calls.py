"""The list of telephone calls, over HTTP: whose link it is, what a button does, and who may look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from services.runtime.call_links import Caller, calls_path
from services.runtime.postgres import Connection
from services.store import calls, confirmations, users
from services.store.messages import Message
from tests.public.conftest import Door
from tests.store.world import Person, add_people, add_user, release, submit

pytestmark = pytest.mark.stack


@dataclass
class World:
    """An and Bo must be called by Wim, who is on duty."""

    door: Door
    connection: Connection
    message: Message
    user: int
    an: Person
    bo: Person

    @property
    def link(self) -> str:
        """Wim's."""
        return calls_path(Caller(self.message.number, self.user), self.door.keys)

    async def ask(self, method: str, path: str, data: Any = None) -> tuple[int, str]:
        """Status and body."""
        async with self.door.http.request(method, self.door.url + path, data=data, allow_redirects=False) as answer:
            self.headers: Mapping[str, str] = answer.headers
            return answer.status, await answer.text()

    async def press(self, person: Person, outcome: str) -> int:
        """One button."""
        return (await self.ask("POST", self.link, {"contact": str(person.id), "outcome": outcome}))[0]

    async def audited(self) -> list[tuple[int, dict[str, Any]]]:
        """Who called, and what is on the record of it."""
        rows = await self.connection.execute(
            "SELECT actor, detail FROM audit WHERE action = 'message.called' ORDER BY id"
        )
        return await rows.fetchall()


@pytest.fixture
async def world(door: Door, connection: Connection) -> World:
    user = await add_user(connection, "wim@ccvo.example", "crisis-manager")
    an = Person("An <Peeters>", ["governors"], "an@gent.example", "+32470000001")
    bo = Person("Bo", ["governors"], "bo@gent.example")
    await add_people(connection, [an, bo])
    message = await submit(connection, user)
    await release(connection, message, user)
    await calls.put_down(connection, message.number, [an.id, bo.id])
    await connection.execute("INSERT INTO contact_deputy VALUES (%s, %s, 0)", (bo.id, an.id))
    return World(door, connection, message, user, an, bo)


async def test_the_list_says_whom_to_call_and_changes_nothing(world: World) -> None:
    """Numbers to tap, deputies beside them; scanners follow the link of the notice too."""
    for method in ("GET", "HEAD"):
        assert (await world.ask(method, world.link))[0] == 200
    _, page = await world.ask("GET", world.link)
    assert "An &lt;Peeters&gt;" in page
    assert 'href="tel:+32470000001"' in page
    assert "Geen nummer bekend" in page
    assert "Vervanger: An" in page
    assert world.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in world.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in world.headers
    assert await world.audited() == []


async def test_whoever_is_reached_has_confirmed_and_is_done(world: World) -> None:
    """By telephone, by that user; pressed twice counts once, and another button afterwards undoes nothing."""
    for outcome in ("reached", "reached", "no-answer"):
        assert await world.press(world.an, outcome) == 303
    assert await world.audited() == [
        (world.user, {"message": world.message.number, "contact": world.an.id, "outcome": "reached"})
    ]
    rows = await world.connection.execute("SELECT contact, how, by_user FROM confirmation")
    assert await rows.fetchall() == [(world.an.id, "telephone", world.user)]
    _, page = await world.ask("GET", world.link)
    assert "bereikt door wim@ccvo.example" in page
    assert "Nog 1 te bellen, 1 klaar" in page


async def test_whoever_does_not_answer_stays_on_the_list(world: World) -> None:
    """Nobody is taken for told; who confirms meanwhile by themselves is done."""
    assert await world.press(world.an, "no-answer") == 303
    assert await world.press(world.bo, "wrong-number") == 303
    assert [(each.outcome, each.confirmed) for each in await calls.of(world.connection, world.message.number)] == [
        ("no-answer", False), ("wrong-number", False)
    ]  # fmt: skip
    await confirmations.record(world.connection, world.message.number, [world.an.id], how="page")
    _, page = await world.ask("GET", world.link)
    assert "bevestigde zelf, of een vervanger" in page


async def test_nobody_else_gets_in_and_nothing_else_is_done(world: World) -> None:
    """Another message's or user's link, a disabled user, who is not on the list, what is no outcome."""
    other = calls_path(Caller(world.message.number + 1, world.user), world.door.keys)
    name = world.link.rpartition("-")[2]
    forged = f"/calls/{world.message.number}-{world.user + 1}-{name}"
    for path in (other, forged, "/calls/1-1-x", "/calls/x", world.link + "x"):
        assert (await world.ask("GET", path))[0] == 404, path
        assert (await world.ask("POST", path, {"contact": str(world.an.id), "outcome": "reached"}))[0] == 404, path
    bad: list[Any] = [None, {"contact": "x", "outcome": "reached"}, {"contact": str(world.an.id), "outcome": "dead"}]
    for data in bad:
        assert (await world.ask("POST", world.link, data))[0] == 400, data
    assert (await world.ask("POST", world.link, {"contact": "999999", "outcome": "reached"}))[0] == 404
    await users.disable_user(world.connection, world.user)
    assert (await world.ask("GET", world.link))[0] == 404
    assert await world.press(world.an, "reached") == 404
    assert await world.audited() == []
