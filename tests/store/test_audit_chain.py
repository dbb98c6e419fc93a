"""The audit on a real PostgreSQL: nothing in it can be changed, and what was changed all the same is found."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.runtime.origin import given_from
from services.runtime.postgres import Connection
from services.store import audit, audit_chain, audit_walk
from services.store.audit_chain import Which
from tests.store import world

pytestmark = pytest.mark.stack
LINKS = "SELECT position, audit, entry, hash FROM audit_chain ORDER BY position"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await world.connect(database_url) as made:
        yield made


async def act(connection: Connection, action: str = "user.changed", **more: Any) -> None:
    await audit.record(connection, actor=None, action=action, subject="user:1", **more)


async def all_of(connection: Connection, query: str = LINKS) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode())).fetchall()


async def tamper(connection: Connection, statement: str) -> None:
    """As someone does who may do anything."""
    async with connection.transaction():
        for table in ("audit", "audit_chain"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        await connection.execute(statement.encode())
        for table in ("audit", "audit_chain"):
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


async def test_anyone_can_verify_a_link_with_sha256_alone(connection: Connection) -> None:
    """An auditor trusts neither Roeland nor its database. Quotes and newlines are within one line of JSON."""
    async with connection.transaction():
        await act(connection, detail={"a": 'een "aanhaling"\nén een regel', "é": 1.50, "n": None})
        await act(connection, "user.disabled")
    before = "0" * 64
    for position, (at, number, entry, hashed) in enumerate(await all_of(connection), start=1):
        assert at == position
        assert hashlib.sha256(f"{before}\n{entry}".encode()).hexdigest() == hashed
        assert "\n" not in entry
        assert json.loads(entry)["id"] == number
        before = hashed
    first = json.loads((await all_of(connection))[0][2])
    assert first["detail"] == {"a": 'een "aanhaling"\nén een regel', "é": 1.5, "n": None}
    assert (await audit_walk.walk(connection)).breaks == 0


@pytest.mark.parametrize("table", ["audit", "audit_chain"])
@pytest.mark.parametrize(
    "what", ["UPDATE {} SET hash = ''", "DELETE FROM {}", "DELETE FROM {} WHERE false", "TRUNCATE {}"]
)
async def test_what_was_recorded_cannot_be_changed(connection: Connection, table: str, what: str) -> None:
    """Not by a mistake in a service either; the owner of the tables has to take the guard away first."""
    await act(connection)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        await connection.execute(what.format(table).encode())
    assert len(await all_of(connection)) == 1


async def test_a_link_is_made_by_a_row_and_by_nothing_else(connection: Connection) -> None:
    """Else the chain could be filled with what nobody did."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute("INSERT INTO audit_chain VALUES (1, 1, '{}', repeat('a', 64))")
    await connection.execute("CREATE TABLE forged (LIKE audit)")
    await connection.execute("CREATE TRIGGER f AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION audit_sealed()")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute("INSERT INTO forged VALUES (9, now(), NULL, 'x', 'y', '{}', '', '')")
    assert await all_of(connection) == []


async def test_what_is_rolled_back_leaves_neither_row_nor_link(connection: Connection) -> None:
    """A savepoint that is undone, a transaction that is, and one whose client is gone: positions have no gap."""
    async with connection.transaction():
        await act(connection, "a")
        with pytest.raises(ZeroDivisionError):
            async with connection.transaction():
                await act(connection, "undone")
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                raise ZeroDivisionError
        await act(connection, "b")
    async with connection.transaction(force_rollback=True):
        await act(connection, "undone")
    await act(connection, "c")
    found = [(position, json.loads(entry)["action"]) for position, _, entry, _ in await all_of(connection)]
    assert found == [(1, "a"), (2, "b"), (3, "c")]
    assert (await audit_walk.walk(connection)).breaks == 0


async def test_a_client_that_is_killed_at_commit_leaves_the_chain_whole(
    connection: Connection, database_url: str
) -> None:
    """The lock goes with its session, so that nobody else waits for the dead."""
    other = await world.connect(database_url)
    await other.execute("BEGIN")
    await act(other)
    await other.execute("SET CONSTRAINTS ALL IMMEDIATE")  # now it holds the lock, and has made its link
    waiting = asyncio.create_task(act(connection, "next"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    async with await world.connect(database_url) as third:
        await third.execute("SELECT pg_terminate_backend(%s)", (other.info.backend_pid,))
    await asyncio.wait_for(waiting, 5)
    await other.close()
    assert [json.loads(entry)["action"] for _, _, entry, _ in await all_of(connection)] == ["next"]


async def test_rows_of_many_at_once_are_one_chain_without_gaps(connection: Connection, database_url: str) -> None:
    """20 connections, transactions of several rows, some undone: no deadlock, no position twice or left out."""

    async def write(number: int) -> None:
        async with await world.connect(database_url) as own:
            for turn in range(10):
                async with own.transaction(force_rollback=turn % 5 == 4):
                    await act(own, f"{number}.{turn}.a")
                    await asyncio.sleep(0)
                    await act(own, f"{number}.{turn}.b")

    await asyncio.wait_for(asyncio.gather(*map(write, range(20))), 60)
    found = await all_of(connection)
    assert [position for position, *_ in found] == list(range(1, 321))
    told = [json.loads(entry)["action"] for _, _, entry, _ in found]
    assert all(b == a.removesuffix("a") + "b" for a, b in zip(told[::2], told[1::2], strict=True)), "by transaction"
    walked = await audit_walk.walk(connection)
    assert (walked.breaks, walked.links, walked.set_back) == (0, 320, 0)


async def test_rows_that_are_copied_in_are_chained_too(connection: Connection) -> None:
    """There is no way in that passes by the chain."""
    async with connection.cursor() as cursor, cursor.copy("COPY audit (action, subject) FROM STDIN") as copy:
        for number in range(50):
            await copy.write_row((f"a{number}", "s"))
    assert len(await all_of(connection)) == 50
    assert (await audit_walk.walk(connection)).breaks == 0


async def test_another_isolation_is_refused_and_not_misled(connection: Connection) -> None:
    """A transaction that cannot see the last link would fork the chain."""
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        async with connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await act(connection)
    assert await all_of(connection) == []


CHANGES = [
    ("UPDATE audit SET actor = NULL, subject = 'user:7' WHERE id = 3", 3, "the row was changed: subject"),
    ("UPDATE audit SET at = at - interval '1 day' WHERE id = 3", 3, "the row was changed: at"),
    ("UPDATE audit SET detail = '{\"n\": 9}' WHERE id = 3", 3, "the row was changed: detail"),
    ("DELETE FROM audit WHERE id = 3", 3, "taken out of the audit"),
    ("UPDATE audit_chain SET entry = replace(entry, 'a3', 'x3') WHERE position = 3", 3, "hash does not follow"),
    ("UPDATE audit_chain SET hash = repeat('0', 64) WHERE position = 3", 3, "hash does not follow"),
    ("DELETE FROM audit_chain WHERE position = 3", 4, "the link before this one is missing"),
    ("UPDATE audit_chain SET position = position + 90 WHERE position > 3", 94, "90 links before this one are missing"),
    ("INSERT INTO audit (action, subject) VALUES ('forged', 'user:1')", None, "not in the chain"),
]


@pytest.mark.parametrize(("change", "position", "told"), CHANGES, ids=[told for *_, told in CHANGES])
async def test_what_somebody_changed_who_may_do_anything_is_found(
    connection: Connection, change: str, position: int | None, told: str
) -> None:
    """Triggers stop mistakes and services; the chain tells on those whom nothing stops."""
    for number in range(1, 6):
        await act(connection, f"a{number}", detail={"n": number})
    assert (await audit_walk.walk(connection)).breaks == 0
    await tamper(connection, change)
    walked = await audit_walk.walk(connection)
    assert walked.breaks >= 1
    assert walked.told[0].position == position
    assert told in walked.told[0].what


async def test_a_tail_that_was_taken_away_shows_against_a_head_that_was_noted(connection: Connection) -> None:
    """Rows and links gone together leave a chain that is whole. So is one that was made anew from the change on."""
    for number in range(1, 6):
        await act(connection, f"a{number}")
    noted = await audit_chain.head(connection)
    assert noted is not None
    await tamper(connection, "WITH gone AS (DELETE FROM audit_chain WHERE position > 3 RETURNING audit)"
                             " DELETE FROM audit USING gone WHERE id = gone.audit")  # fmt: skip
    assert (await audit_walk.walk(connection)).breaks == 0
    walked = await audit_walk.walk(connection, expect=noted.hash)
    assert walked.breaks == 1
    assert "noted" in walked.told[0].what
    for number in range(3):
        await act(connection, f"b{number}")
    assert (await audit_walk.walk(connection, expect=noted.hash)).breaks == 1
    kept = (await all_of(connection))[2][3]
    assert (await audit_walk.walk(connection, expect=kept)).breaks == 0


async def test_a_walk_may_begin_anywhere(connection: Connection) -> None:
    """What was verified yesterday need not be read again."""
    for number in range(1, 6):
        await act(connection, f"a{number}")
    await tamper(connection, "UPDATE audit SET action = 'x' WHERE id = 2")
    assert (await audit_walk.walk(connection)).breaks == 1
    later = await audit_walk.walk(connection, start=3)
    assert (later.breaks, later.links) == (0, 3)


async def test_a_clock_that_was_set_back_breaks_nothing_and_is_told(connection: Connection) -> None:
    """Positions say in which order things happened, whatever the clock said."""
    await act(connection)
    (first,) = await all_of(connection)
    later = audit_chain.instant(world.now() + timedelta(hours=1))
    entry = json.dumps({**json.loads(first[2]), "sealed": later})
    hashed = audit_chain.link_hash(audit_chain.BEFORE_THE_FIRST, entry)
    await tamper(connection, f"UPDATE audit_chain SET entry = '{entry}', hash = '{hashed}'")  # as if it had been so
    await act(connection)
    walked = await audit_walk.walk(connection)
    assert (walked.breaks, walked.set_back, walked.sealed_late) == (0, 1, 1)


async def test_what_people_typed_stands_beside_the_chain_and_can_be_erased(connection: Connection) -> None:
    """A reason may name someone, who may ask that it be erased. The chain holds, and proves what is still there."""
    await act(connection, "message.rejected", detail={"reason": "vraag het aan Jan Janssens", "message": 7})
    (row,) = await audit.recorded(connection, "user:1")
    assert row.detail["reason"] == "vraag het aan Jan Janssens"
    everything = str(await all_of(connection)) + str(await all_of(connection, "SELECT * FROM audit"))
    assert "Janssens" not in everything
    assert "reason_sha256" in everything
    assert (await audit_walk.walk(connection)).breaks == 0
    await connection.execute("UPDATE audit_reason SET text = 'vraag het aan mij'")
    assert "reason" in (await audit_walk.walk(connection)).told[0].what
    await connection.execute("UPDATE audit_reason SET text = NULL, salt = NULL")
    walked = await audit_walk.walk(connection)
    assert (walked.breaks, walked.reasons_erased) == (0, 1)
    (row,) = await audit.recorded(connection, "user:1")
    assert "reason" not in row.detail


async def test_a_row_says_from_where_and_on_what(connection: Connection) -> None:
    """Who, what, when are there; from where, and on which text, are asked first when something went wrong."""
    author = await world.add_user(connection, "a@ccvo.example", "author")
    await world.add_people(connection, [world.Person("G", ["governors"], mail="g@example.org")])
    message = await world.submit(connection, author)
    with given_from("/roeland/admin@wachtpost"):
        await audit.record(connection, actor=author, action="message.submitted", subject=f"message:{message.id}")
    with given_from("Jan Janssens <jan@example.org>"):
        await audit.record(connection, actor=author, action="message.approved", subject=f"message:{message.id}")
    first, second = await audit.recorded(connection, f"message:{message.id}")
    assert (first.origin, first.hash) == ("/roeland/admin@wachtpost", f"content:{message.content_hash}")
    assert second.origin == "/unreadable", "what a record says of itself is never repeated unread"
    await connection.execute("UPDATE message SET proof_hash = 'abc'")
    await audit.record(connection, actor=author, action="x", subject=f"message:{message.id}")
    assert (await audit.recorded(connection, f"message:{message.id}"))[2].hash == "proof:abc"


async def test_links_are_found_by_message_incident_and_time(connection: Connection) -> None:
    """An auditor asks about one thing; and each link that is handed over verifies by itself."""
    author = await world.add_user(connection, "a@ccvo.example", "author")
    await world.add_people(connection, [world.Person("G", ["governors"], mail="g@example.org")])
    message = await world.submit(connection, author)
    await act(connection)
    await audit.record(connection, actor=author, action="message.submitted", subject=f"message:{message.id}")
    await audit.record(connection, actor=author, action="incident.opened", subject=f"incident:{world.INCIDENT}")

    async def positions(which: Which, newest: int | None = None) -> list[int]:
        async with connection.transaction():
            found = [link async for link in audit_chain.links(connection, which, newest=newest)]
        assert all(audit_chain.link_hash(link.previous, link.entry) == link.hash for link in found)
        return [link.position for link in found]

    assert await positions(Which()) == [1, 2, 3]
    assert await positions(Which(), newest=2) == [3, 2]
    assert await positions(Which(message=str(message.id))) == [2]
    assert await positions(Which(incident=world.INCIDENT)) == [2, 3]
    assert await positions(Which(since=world.now() + timedelta(hours=1))) == []
    assert await positions(Which(until=world.now() + timedelta(hours=1))) == [1, 2, 3]


@pytest.mark.parametrize("which", [Which(actor=1), Which(action="rare.act"), Which(actor=1, action="rare.act")])
async def test_acts_of_one_person_or_one_kind_are_found_without_reading_the_chain(
    connection: Connection, which: Which
) -> None:
    """A page shows the last of them; of somebody who seldom acts, the chain of years would be read back for it."""
    await world.add_user(connection, "zelden@ccvo.example", "author")
    await tamper(connection, _YEARS)
    await connection.execute("ANALYZE audit, audit_chain")
    async with connection.transaction():
        before = await world.rows_read(connection, "audit", "audit_chain")
        found = [link async for link in audit_chain.links(connection, which, newest=50)]
        read = await world.rows_read(connection, "audit", "audit_chain") - before
    assert [link.position for link in found] == [10_000]
    assert read < 100, read


_YEARS = """
INSERT INTO audit (actor, action, subject) SELECT CASE n WHEN 10000 THEN 1 END,
    CASE n WHEN 10000 THEN 'rare.act' ELSE 'user.changed' END, 'user:1' FROM generate_series(1, 20000) n;
INSERT INTO audit_chain SELECT id, id, '{}', repeat('0', 64) FROM audit
"""


async def test_what_was_recorded_before_is_chained_by_the_migration(postgres: str) -> None:
    """Nothing is lost of what the version before wrote; what people typed is taken apart there too."""
    from alembic import command

    from services.store import migrate
    from tests import stack

    with stack.fresh_database(postgres) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        with migrate._engine(url).connect() as engine:
            config = migrate._config()
            config.attributes["connection"] = engine
            command.upgrade(config, "0005")
            engine.commit()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("INSERT INTO audit (action, subject, detail) SELECT 'a' || n, 's',"
                               " CASE WHEN n % 2 = 0 THEN '{\"reason\": \"Jan\"}' ELSE '{}' END::jsonb"
                               " FROM generate_series(1, 10) n")  # fmt: skip
        assert migrate.migrate(url)[0] == "0006"
        async with await world.connect(url) as after:
            found = await all_of(after)
            assert [json.loads(entry)["action"] for _, _, entry, _ in found] == [f"a{n}" for n in range(1, 11)]
            assert "Jan" not in str(found)
            await act(after)
            walked = await audit_walk.walk(after)
            assert (walked.breaks, walked.links) == (0, 11)
