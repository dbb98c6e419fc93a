"""Connections that were opened for one command and are lent to the next: to open one costs both sides a handshake.

For a process that carries out commands in threads, each with a loop of its own (`services.console.calling`). Whoever
borrows finds it as new: no transaction, no setting, no lock, nothing temporary. Nobody has it at the same time.
"""

import asyncio
import contextlib
import select
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

Connection = psycopg.AsyncConnection[TupleRow]

MOST: Final = 8
"""Connections that are kept; what is given back beyond these is closed."""
IDLE_SECONDS: Final = 60.0
"""What nobody borrowed for longer is closed, and not lent: a firewall may have forgotten it."""

lends: ContextVar[bool] = ContextVar("lends", default=False)
"""Whether `services.runtime.postgres.connect` lends in this context."""


@dataclass(frozen=True, slots=True)
class _Kept:
    url: str = field(repr=False)  # it has the password
    connection: Connection
    since: float


_kept: list[_Kept] = []  # appending and popping are atomic
_counting: Final = threading.Lock()


def borrowed(url: str) -> Connection | None:
    """One that is kept, for this loop; None when there is none that stands."""
    with contextlib.suppress(IndexError):
        while True:
            kept = _kept.pop()
            if kept.url == url and time.monotonic() - kept.since < IDLE_SECONDS and _stands(kept.connection):
                kept.connection.lock = asyncio.Lock()  # one that was waited for belongs to the loop that waited
                return kept.connection
            kept.connection.pgconn.finish()
    return None


@asynccontextmanager
async def given_back(url: str, connection: Connection) -> AsyncIterator[Connection]:
    """While it is borrowed. Its transaction is committed, or after an exception undone, as of one that is closed.

    After an exception it is closed: what the command left half read, such as a cursor, still refers to it.
    """
    kept = False
    try:
        try:
            yield connection
        except Exception:
            with contextlib.suppress(psycopg.Error):
                await connection.rollback()
            raise
        if not connection.closed:
            await connection.commit()
        kept = await _as_new(connection) and _keeps(url, connection)
    finally:
        if not kept:
            await connection.close()


def _keeps(url: str, connection: Connection) -> bool:
    with _counting:
        if len(_kept) < MOST:
            _kept.append(_Kept(url, connection, time.monotonic()))
            return True
    return False


async def _as_new(connection: Connection) -> bool:
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return False
    try:
        await connection.set_autocommit(True)
        await connection.execute(_RESET)
    except psycopg.Error:
        return False
    return True


def _stands(connection: Connection) -> bool:
    """PostgreSQL has nothing to say to one at rest, unless that it ends."""
    if connection.closed:
        return False
    said = select.poll()
    said.register(connection.pgconn.socket, select.POLLIN)
    return not said.poll(0)


# Of `DISCARD ALL` all but the statements that are prepared: psycopg counts on these.
_RESET: Final = """
CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP;
DISCARD SEQUENCES"""
