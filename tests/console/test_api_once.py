"""A command that was given is not given again, also when the console died before it could keep the answer."""

import asyncio

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.admin import giving
from services.admin.invocation import Once, new_id, once
from services.store import api_requests
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
APPROVE = "/api/v1/playbooks/cyber-incident/entries/eerste-melding/approve"


def test_a_call_that_is_made_again_makes_the_same_ids() -> None:
    """They are of version 7 as others, with the time of the first attempt."""
    made = []
    for _ in range(2):
        token = once.set(Once(b"3 key", 1795737739300))
        made.append([new_id(), new_id()])
        once.reset(token)
    assert made[0] == made[1]
    assert made[0][0] != made[0][1]
    assert {each.version for each in made[0]} == {7}
    assert made[0][0].int >> 80 == 1795737739300
    assert new_id() != new_id()


@pytest.mark.long
async def test_what_was_given_before_the_console_died_is_not_given_twice(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt finds the first one's command, and hears what became of it."""
    monkeypatch.setattr(giving, "SECONDS", 0.1)
    client, key = await console.as_("approver"), {"Idempotency-Key": "approve-1"}
    with monkeypatch.context() as dying:

        async def dies(*_: object) -> None:
            raise RuntimeError("the console dies here")

        dying.setattr(api_requests, "forget", dies)
        assert (await client.post(APPROVE, headers=key)).status_code == 500
    assert await _commands(console) == 1
    again = await client.post(APPROVE, headers=key)
    assert (again.status_code, again.headers["retry-after"]) == (503, "5")
    assert await _commands(console) == 1
    assert (await client.post(APPROVE, headers=key)).status_code == 503
    assert await _commands(console) == 2, "nothing was done: the key is free, and this is a new attempt"


@pytest.mark.parametrize("whose", ["the command's alone", "everybody's"])
async def test_what_is_in_doubt_is_not_given_twice(
    console: Console, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """PostgreSQL goes away after the command was kept and before its answer came: nobody knows, and who asks again
    under the same key asks for the same."""
    monkeypatch.setattr(giving, "SECONDS", 20)
    client, key = await console.as_("approver"), {"Idempotency-Key": "approve-1"}
    first = asyncio.create_task(client.post(APPROVE, headers=key))
    while not await _commands(console):  # noqa: ASYNC110 - PostgreSQL tells nobody
        await asyncio.sleep(0.02)
    async with console.desk.pool.connection() as connection:
        await connection.execute(_CUT[whose].encode())
    answer = await first
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert ("may be done all the same" in answer.json()["detail"]) or whose == "everybody's"
    assert await _commands(console) == 1
    monkeypatch.setattr(giving, "SECONDS", 0.1)
    assert (await client.post(APPROVE, headers=key)).status_code == 503
    assert await _commands(console) == 1, "it was the same command, which nobody answered"


_CUT = {
    whose: f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND {which}"""
    for whose, which in {
        "the command's alone": "query NOT ILIKE '%%pg_try_advisory_lock%%' AND query ILIKE '%%command%%'",
        "everybody's": "true",
    }.items()
}


async def test_nobody_is_told_that_they_are_refused_where_postgresql_takes_no_more(console: Console) -> None:
    """It is full, or restarts: 503, try again. As a refusal it would be kept, and be the answer for a day."""
    client, given = await console.as_("crisis-manager"), {"incident": "a-1", "title": "x"}
    await _allowing(console, "false")
    try:
        answer = await client.post("/api/v1/incidents", json=given)
    finally:
        await _allowing(console, "true")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), answer.text
    assert (await client.post("/api/v1/incidents", json=given)).status_code == 201


async def _allowing(console: Console, connections: str) -> None:
    """Of the test's own database, from the one beside it; connections that stand go on."""
    url = make_conninfo(console.desk.database.url(), dbname="postgres")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        name = conninfo_to_dict(console.desk.database.url())["dbname"]
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {connections}'.encode())


async def _commands(console: Console) -> int:
    async with console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT count(*) FROM command")).fetchone()
    assert row
    return int(row[0])
