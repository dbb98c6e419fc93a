"""Facts on a real database: versions that stand, setters at the same moment, and what is refused."""

import asyncio
from typing import Any

import psycopg
import pytest

from services.domain.configuration import DEFAULT
from services.domain.problems import Refused
from services.incidents.facts import Setting, set_fact, withdraw_fact
from services.incidents.refusal import Cannot
from services.store import facts, incidents
from services.store.facts import FactVersion
from services.store.incidents import Incident
from tests.store.world import connect

pytestmark = pytest.mark.stack

HERE = "cyber-2026-014"


@pytest.fixture
async def incident(database_url: str) -> str:
    """An incident, in a database of its own; gives the database's URL."""
    async with await connect(database_url) as connection:
        await incidents.open_new(connection, Incident(HERE, "Loon", "acute", exercise=False), None)
    return database_url


async def set_(url: str, key: str = "outage", **wanted: Any) -> tuple[FactVersion, bool]:
    """As a door does: a connection and a transaction of its own."""
    async with await connect(url) as connection, connection.transaction():
        return await set_fact(connection, HERE, Setting(key, **wanted), DEFAULT, actor=None)


async def problems(url: str, **wanted: Any) -> list[str]:
    with pytest.raises(Refused) as refusal:
        await set_(url, **wanted)
    return [each.problem for each in refusal.value.problems]


async def test_each_change_is_a_version_and_what_is_left_out_stays(incident: str) -> None:
    """A value is added at night, a confirmation in the morning: nothing is typed twice, and all of it is on record."""
    first, _ = await set_(incident, statements={"nl": "Stil sinds 8 uur."}, values={"since": "8 uur"}, source="Loon")
    assert (first.version, first.status) == (1, "unconfirmed"), "nobody said that it is sure"
    second, _ = await set_(incident, values={"people": "1.200"})
    assert second.literals == {"since": "8 uur", "people": "1.200"}
    assert second.source == "", "the former source did not say that"
    third, _ = await set_(incident, status="confirmed", source="Digitaal Vlaanderen")
    assert (third.version, third.statements) == (3, {"nl": "Stil sinds 8 uur."})
    again, changed = await set_(incident, status="confirmed")
    assert (again.version, changed) == (3, False)
    async with await connect(incident) as connection:
        assert [each.version for each in await facts.history(connection, HERE, "outage")] == [1, 2, 3]
        assert (await facts.current(connection, HERE))["outage"] == third
        row = await (await connection.execute("SELECT count(*) FROM audit WHERE action = 'fact.set'")).fetchone()
        assert row == (3,)


@pytest.mark.parametrize(
    "query", ["UPDATE fact SET status = 'confirmed'", "DELETE FROM fact", "DELETE FROM incident_history"]
)
async def test_what_was_recorded_stands(incident: str, query: str) -> None:
    """What a message stated at the time must be found for ever after."""
    await set_(incident, statements={"nl": "Stil."})
    async with await connect(incident) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await connection.execute(query.encode())


async def test_setters_at_the_same_moment_lose_nothing(incident: str) -> None:
    """Two people, two languages, ten values: each finds what the others did, and adds to it."""
    await set_(incident, statements={"nl": "Stil."})
    wanted: list[dict[str, Any]] = [{"statements": {"fr": "En panne."}}, {"statements": {"en": "Down."}}]
    wanted += [{"values": {f"value-{number}": str(number)}} for number in range(10)]
    await asyncio.gather(*(set_(incident, **each) for each in wanted))
    async with await connect(incident) as connection:
        fact = (await facts.current(connection, HERE))["outage"]
        assert fact.version == 13
        assert set(fact.statements) == {"nl", "fr", "en"}
        assert len(fact.literals) == 10


async def test_of_two_who_saw_the_same_version_one_is_told(incident: str) -> None:
    """Both read version 1 and correct the hour: the second must see what the first made of it."""
    await set_(incident, statements={"nl": "Stil sinds 8 uur."})
    outcomes = await asyncio.gather(
        *(set_(incident, statements={"nl": f"Stil sinds {hour} uur."}, version=1) for hour in (9, 10)),
        return_exceptions=True,
    )
    (told,) = [each for each in outcomes if isinstance(each, Cannot)]
    assert "has version 2 by now" in str(told)
    async with await connect(incident) as connection:
        assert (await facts.current(connection, HERE))["outage"].version == 2


async def test_a_new_statement_asks_for_every_language_that_there_is(incident: str) -> None:
    """A translation that nobody looked at again would go on stating what no longer holds."""
    await set_(incident, statements={"nl": "Er is niets gelekt.", "fr": "Rien n'a fuité."})
    assert "still says in fr" in (await problems(incident, statements={"nl": "Er is gelekt."}))[0]
    kept, _ = await set_(incident, statements={"nl": "Er is helemaal niets gelekt."}, keep=["fr"])
    assert set(kept.statements) == {"nl", "fr"}
    dropped, _ = await set_(incident, statements={"nl": "Er is gelekt."}, drop=["fr"])
    assert dropped.statements == {"nl": "Er is gelekt."}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"key": "Outage", "statements": {"nl": "x"}}, "cannot be the name of a fact"),
        ({"statements": {"nl": "x"}, "values": {"a b": "1"}}, "cannot be the name of a value"),
        ({"statements": {"xx": "x"}}, "not a language of this centre"),
        ({}, "says nothing"),
        ({"statements": {"nl": " \n"}}, "empty"),
        ({"statements": {"nl": "x" * 601}}, "601 characters"),
        ({"statements": {"nl": "x"}, "values": {"a": "x" * 101}}, "101 characters"),
        ({"statements": {"nl": "Sinds {fact:other.since}."}}, "cannot refer to another"),
        ({"statements": {"nl": "Sinds 8 uur.", "fr": "Depuis 9 heures."}}, "8 uur in nl, and 9 heures in fr"),
    ],
)
async def test_what_no_fact_can_be_is_refused(incident: str, wanted: dict[str, Any], said: str) -> None:
    """Two languages with two hours most of all: one of the two readers would be told wrong."""
    assert any(said in each for each in await problems(incident, **wanted))
    async with await connect(incident) as connection:
        assert await facts.current(connection, HERE) == {}


async def test_a_withdrawn_fact_comes_back_only_when_somebody_says_how_sure_it_is(incident: str) -> None:
    """Setting a value of it must not quietly bring it back."""
    await set_(incident, statements={"nl": "Stil."}, status="confirmed")
    for expected in (True, False):
        async with await connect(incident) as connection, connection.transaction():
            fact, changed = await withdraw_fact(connection, HERE, "outage", reason="fout", version=None, actor=None)
        assert (fact.status, fact.version, changed) == ("withdrawn", 2, expected)
    assert "was withdrawn" in (await problems(incident, values={"a": "1"}))[0]
    assert (await set_(incident, status="unconfirmed"))[0].status == "unconfirmed"


async def test_a_fact_needs_its_incident(incident: str) -> None:
    """A slip in the incident's name must not open a second truth."""
    async with await connect(incident) as connection:
        with pytest.raises(Cannot, match="no incident cyber-2026-41"):
            await set_fact(connection, "cyber-2026-41", Setting("a", {"nl": "x"}), DEFAULT, actor=None)
        with pytest.raises(Cannot, match="no fact nosuch"):
            await withdraw_fact(connection, HERE, "nosuch", reason="", version=None, actor=None)
