"""PostgreSQL on this machine: it keeps what was committed, and lets nobody in without a password."""

import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from services.devstack import postgres, postgres_home, processes
from tests import stack

pytestmark = [pytest.mark.long, pytest.mark.stack]


@pytest.fixture
async def data() -> AsyncIterator[Path]:
    """A data folder; whatever runs on it is ended afterwards."""
    with stack.folder() as path:
        yield path / "postgres"
        processes.end_leftover(path / "postgres" / "postgres.pid", signal.SIGINT)


async def test_a_restart_and_kill_9_keep_what_was_committed(data: Path) -> None:
    """The record of who was told what survives a crash of the server, and the stale files that it leaves."""
    server = await postgres.start(data)
    await _execute(server.url, "create table kept (what text)", "insert into kept values ('before the stop')")
    await server.stop()
    again = await postgres.start(data, port=server.port)
    assert again.url == server.url
    await _execute(again.url, "insert into kept values ('before the kill')")
    os.kill(again.program.popen.pid, signal.SIGKILL)
    server = await postgres.start(data)
    async with await psycopg.AsyncConnection.connect(server.url) as connection:
        rows = await (await connection.execute("select what from kept order by what desc")).fetchall()
    assert rows == [("before the stop",), ("before the kill",)]
    await server.stop()
    assert not processes.alive(server.program.popen.pid)


async def test_one_left_running_by_a_crash_is_ended_and_replaced(data: Path) -> None:
    """After kill -9 of `roeland up` the next one must not find a server in its way, nor run two on one folder."""
    left = await postgres.start(data)
    server = await postgres.start(data)
    assert not processes.alive(left.program.popen.pid)
    await server.stop()


async def test_nobody_gets_in_without_the_password(data: Path) -> None:
    """Every account on the machine can reach 127.0.0.1; the passwords are in a file that only we can read."""
    server = await postgres.start(data)
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await psycopg.AsyncConnection.connect(server.url.replace("roeland:", "roeland:x", 1))
        assert stat.S_IMODE((data / "passwords.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(postgres_home.home(data, postgres_home.server_user()).stat().st_mode) == 0o700
    finally:
        await server.stop()


@pytest.mark.skipif(os.getuid() != 0, reason="only root needs another user for PostgreSQL")
async def test_root_with_a_closed_folder_opens_none_to_the_world(tmp_path: Path) -> None:
    """PostgreSQL cannot run as root, nor enter /root: its folder is then elsewhere, and closed folders stay closed."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = await postgres.start(closed / "postgres")
    try:
        home = Path((closed / "postgres" / "home").read_text().strip())
        assert home.parent == postgres_home.OUTSIDE
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert _owner(server.program.popen.pid) != 0
    finally:
        await server.stop()
        postgres_home.remove(closed / "postgres")
    assert home not in set(postgres_home.OUTSIDE.iterdir())


def _owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def _execute(url: str, *statements: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        for statement in statements:
            await connection.execute(statement.encode())
