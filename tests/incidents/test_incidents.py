"""What people do with an incident: its history tells all of it, and nothing moves a message."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.domain.configuration import DEFAULT
from services.incidents import service
from services.incidents.refusal import Cannot
from services.runtime.postgres import Connection
from services.store import audit, incidents
from services.store.incidents import Incident
from tests.store.world import INCIDENT, add_user, connect, submit

pytestmark = pytest.mark.stack

NEW = Incident(
    "cyber-1", "Loon", "acute", exercise=False, type="cyber", level="provincial", entity="Loon", spoc="Wacht"
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """To a database of the test's own; each statement is its own transaction unless the test opens one."""
    async with await connect(database_url) as made:
        yield made


async def opened(connection: Connection, new: Incident = NEW) -> None:
    async with connection.transaction():
        await service.open_incident(connection, new, DEFAULT, reason="", actor=None)


async def moved(connection: Connection, **to: str) -> bool:
    async with connection.transaction():
        return await service.move(connection, "cyber-1", to, DEFAULT, reason="omdat", actor=None)


async def test_history_has_every_phase_and_level_and_who_closed_it(connection: Connection) -> None:
    """Afterwards one asks who knew what when, and in which phase that was."""
    user = await add_user(connection, "m@ccvo.example", "crisis-manager")
    await opened(connection)
    assert await moved(connection, phase="containment")
    assert not await moved(connection, phase="containment"), "nothing changed, nothing is recorded"
    assert await moved(connection, level="federal")
    async with connection.transaction():
        assert await service.close(connection, "cyber-1", reason="voorbij", actor=user)
        assert not await service.close(connection, "cyber-1", reason="voorbij", actor=user)
        assert await service.reopen(connection, "cyber-1", reason="toch niet", actor=user)
    told = [
        (each.what, each.value, each.reason, each.by_user) for each in await incidents.history(connection, "cyber-1")
    ]
    assert told == [
        ("opened", "acute", "", None), ("level", "provincial", "", None), ("phase", "containment", "omdat", None),
        ("level", "federal", "omdat", None), ("closed", "", "voorbij", user), ("reopened", "", "toch niet", user),
    ]  # fmt: skip
    found = await incidents.find(connection, "cyber-1")
    assert found is not None
    assert (found.phase, found.level, found.closed_at) == ("containment", "federal", None)
    acts = [each.action for each in await audit.recorded(connection, "incident:cyber-1")]
    assert acts == [
        "incident.opened", "incident.phase-changed", "incident.level-changed", "incident.closed", "incident.reopened",
    ]  # fmt: skip


async def test_the_audit_names_no_person_of_the_entity(connection: Connection) -> None:
    """The single point of contact is a person: in the incident, not in a record that is exported."""
    await opened(connection)
    async with connection.transaction():
        assert await service.describe(
            connection, "cyber-1", {"spoc": "Jan Peeters", "entity": "X"}, DEFAULT, actor=None
        )
        assert not await service.describe(connection, "cyber-1", {"spoc": "Jan Peeters"}, DEFAULT, actor=None)
        assert await service.describe(connection, "cyber-1", {"spoc": ""}, DEFAULT, actor=None)
    recorded = str(await audit.recorded(connection, "incident:cyber-1"))
    assert "Peeters" not in recorded
    assert "spoc" in recorded
    found = await incidents.find(connection, "cyber-1")
    assert found is not None
    assert (found.spoc, found.entity) == (None, "X")


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (Incident("a", "A", "panic", exercise=False), "no phase 'panic'"),
        (Incident("a", "A", "acute", exercise=False, type="cybr"), "Did you mean cyber?"),
        (Incident("a", "A", "acute", exercise=False, level="planet"), "no level 'planet'"),
        (NEW, "already"),
    ],
)
async def test_an_incident_that_cannot_be_is_refused(connection: Connection, new: Incident, said: str) -> None:
    """A type that no playbook has, a phase that no template has, a name that is taken."""
    await opened(connection)
    with pytest.raises(Cannot, match=said.replace("?", r"\?")):
        await opened(connection, new)
    assert await incidents.find(connection, "a") is None


async def test_a_phase_of_the_incident_moves_no_message(connection: Connection) -> None:
    """What was said was said in its phase; and an incident whose messages wait cannot be closed over them."""
    author = await add_user(connection, "a@ccvo.example", "author")
    message = await submit(connection, author)
    async with connection.transaction():
        await service.move(connection, INCIDENT, {"phase": "recovery"}, DEFAULT, reason="", actor=None)
    row = await (await connection.execute("SELECT phase FROM message")).fetchone()
    assert row == ("acute",)
    with pytest.raises(Cannot, match=str(message.id)):
        await service.close(connection, INCIDENT, reason="", actor=None)
    await connection.execute("UPDATE message SET state = 'rejected'")
    assert await service.close(connection, INCIDENT, reason="", actor=None)
    with pytest.raises(Cannot, match="reopen"):
        await service.move(connection, INCIDENT, {"phase": "acute"}, DEFAULT, reason="", actor=None)


async def test_two_who_open_the_same_incident_open_it_once(database_url: str) -> None:
    """The second is told that it is there, and history begins once."""

    async def attempt() -> bool:
        async with await connect(database_url) as connection, connection.transaction():
            try:
                await service.open_incident(connection, NEW, DEFAULT, reason="", actor=None)
            except Cannot:
                return False
            return True

    assert sorted(await asyncio.gather(*(attempt() for _ in range(5)))) == [False] * 4 + [True]
    async with await connect(database_url) as connection:
        assert len(await incidents.history(connection, "cyber-1")) == 2


async def test_two_who_move_the_phase_leave_a_history_that_adds_up(database_url: str) -> None:
    """The incident is in the phase of the last line."""
    async with await connect(database_url) as connection:
        await opened(connection)

    async def attempt(phase: str) -> None:
        async with await connect(database_url) as connection:
            await moved(connection, phase=phase)

    await asyncio.gather(*(attempt(phase) for phase in DEFAULT.phase_ids))
    async with await connect(database_url) as connection:
        found = await incidents.find(connection, "cyber-1")
        last = (await incidents.history(connection, "cyber-1"))[-1]
        assert found is not None
        assert found.phase == last.value
