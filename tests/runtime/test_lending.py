"""A connection that is lent is as new to whoever borrows it, and never anybody else's."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from services.runtime import lending
from services.runtime.postgres import DatabaseSettings, connect

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseSettings]:
    monkeypatch.setenv("ROELAND_DATABASE_URL", database_url)
    token = lending.lends.set(True)
    yield DatabaseSettings()
    lending.lends.reset(token)  # else commands of later tests keep their connections
    while lending._kept:
        lending._kept.pop().connection.pgconn.finish()


async def asked(query: str, *, autocommit: bool = False) -> TupleRow:
    """The first row, and who answered."""
    async with connect(autocommit=autocommit) as connection:
        row = await (await connection.execute(query.encode())).fetchone()
        assert row
        return (connection.info.backend_pid, *row)


def in_a_loop(query: str) -> TupleRow:
    """As a command of the console does."""
    return asyncio.run(asked(query))


@pytest.mark.usefixtures("settings")
def test_one_is_lent_to_the_next_command_whatever_loop_it_runs_in() -> None:
    """To open one took most of the time of a small command."""
    first, second = in_a_loop("SELECT 1"), in_a_loop("SELECT 1")
    assert first == second


@pytest.mark.usefixtures("settings")
def test_whoever_borrows_it_finds_nothing_of_whoever_had_it_before() -> None:
    """Neither settings nor locks, tables, channels, a transaction, or what it does with one."""

    async def leave() -> None:
        async with connect(autocommit=True) as connection:
            for left in (
                "SET work_mem = '77MB'", "SELECT pg_advisory_lock(7)", "CREATE TEMP TABLE mine AS SELECT 1", "LISTEN x",
                "SET ROLE NONE", "PREPARE mine AS SELECT 1", "BEGIN", "SELECT set_config('roeland.by', 'me', true)",
            ):  # fmt: skip
                await connection.execute(left.encode())

    asyncio.run(leave())
    found = in_a_loop(
        "SELECT current_setting('work_mem'), to_regclass('pg_temp.mine'), current_setting('roeland.by', true),"
        " (SELECT count(*) FROM pg_listening_channels()),"
        " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
    )
    assert found[1] != "77MB" and (found[2], found[3] or None, *found[4:]) == (None, None, 0, 0)


@pytest.mark.usefixtures("settings")
def test_what_a_command_did_is_committed_and_undone_when_it_failed() -> None:
    """As if the connection were its own and closed at the end."""

    async def write(slug: str, *, fails: bool) -> None:
        async with connect() as connection:
            await connection.execute(
                "INSERT INTO contact_group (slug, selection) VALUES (%s, 'province=Limburg')", (slug,)
            )
            if fails:
                raise LookupError

    asyncio.run(write("kept", fails=False))
    with pytest.raises(LookupError):
        asyncio.run(write("undone", fails=True))
    assert in_a_loop("SELECT array_agg(slug) FROM contact_group")[1] == ["kept"]


@pytest.mark.usefixtures("settings")
def test_what_a_command_that_failed_left_open_does_not_end_the_next_ones_transaction() -> None:
    """An export whose disk is full stops in the middle of its rows; its cursor is closed with its loop, after that."""

    async def rows(connection: psycopg.AsyncConnection[TupleRow]) -> AsyncIterator[TupleRow]:
        async with connection.cursor("people") as cursor:
            await cursor.execute("SELECT generate_series(1, 9)")
            async for row in cursor:
                yield row

    async def both() -> None:
        async with contextlib.AsyncExitStack() as later:
            with pytest.raises(OSError, match="full"):
                async with connect() as connection:
                    found = rows(connection)
                    async for _ in found:
                        raise OSError("full")
            other = await later.enter_async_context(connect())
            await other.execute("SELECT 1")
            with contextlib.suppress(psycopg.Error):
                await found.aclose()  # type: ignore[attr-defined]
            await other.execute("SELECT 1")

    asyncio.run(both())


@pytest.mark.usefixtures("settings")
def test_one_that_postgresql_ended_is_not_lent(database_url: str) -> None:
    """After a restart the first command works."""
    pid = in_a_loop("SELECT 1")[0]
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    assert in_a_loop("SELECT 1")[0] != pid


@pytest.mark.usefixtures("settings")
def test_two_at_once_have_one_each() -> None:
    """And no more are kept than may be."""
    begun = threading.Barrier(12)
    pids: list[int] = []

    async def hold() -> None:
        async with connect() as connection:
            pids.append(connection.info.backend_pid)
            await asyncio.to_thread(begun.wait)

    def command() -> None:
        lending.lends.set(True)
        asyncio.run(hold())

    threads = [threading.Thread(target=command) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert len(set(pids)) == 12
    assert len(lending._kept) == lending.MOST
