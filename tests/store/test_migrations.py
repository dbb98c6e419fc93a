"""A migration runs while services work: it holds up no writer, and the next mends one that was ended half-way."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest
from alembic import command

from services.store import migrate

pytestmark = pytest.mark.stack

BEFORE: Final = "0010"
"""The last revision before the first that makes an index beside writers."""

Server = psycopg.Connection[Any]


def test_an_index_that_is_made_holds_up_nobody_who_writes(old: str) -> None:
    """At 100,000 contacts it takes seconds, in which an import and a plan would wait."""
    with writing(old) as busy, migrating(old), psycopg.connect(old) as another:
        until(another, WAITS)
        another.execute("SET lock_timeout = '2s'")
        write(another, 2)
        busy.rollback()
    assert invalid(old) == [] and made(old)


def test_a_migration_that_was_killed_half_way_is_finished_by_the_next(old: str) -> None:
    """An index that it left behind would be kept up by every write, and never used."""
    with writing(old) as busy, psycopg.connect(old, autocommit=True) as operator:
        with migrating(old, fails=True):
            until(operator, WAITS)
            operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity" + WAITS)
        assert invalid(old) == ["address_of_contact"]
        busy.rollback()
    assert migrate.migrate(old)[0] > BEFORE
    assert invalid(old) == [] and made(old)


def test_two_migrations_at_once_both_end_well(old: str) -> None:
    """One makes the tables, the other finds them: neither waits in a way that the other waits for."""
    with writing(old) as busy, migrating(old), psycopg.connect(old, autocommit=True) as another:
        until(another, WAITS)
        with migrating(old):
            time.sleep(1.5)  # longer than PostgreSQL takes to find that two wait for each other
            busy.rollback()
    assert invalid(old) == [] and made(old)


WAITS: Final = " WHERE datname = current_database() AND query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'"


@pytest.fixture
def old(empty_database: str) -> str:
    """URL of a database as the version before left it."""
    with migrate._engine(empty_database).connect() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        connection.commit()
    return empty_database


@contextmanager
def writing(url: str) -> Iterator[Server]:
    """Somebody who wrote an address and did not commit yet: an index on these waits for them."""
    with psycopg.connect(url) as busy:
        write(busy, 1)
        yield busy


def write(connection: Server, number: int) -> None:
    """A contact with an address."""
    query = "INSERT INTO contact (external_id, name) VALUES (%s, 'An') RETURNING id"
    contact = (connection.execute(query, (str(number),)).fetchone() or (0,))[0]
    connection.execute("INSERT INTO address (contact, channel, value) VALUES (%s, 'mail', 'an@x.be')", (contact,))


@contextmanager
def migrating(url: str, *, fails: bool = False) -> Iterator[None]:
    """While a migration runs; it must end well, or `fails`."""
    problems: list[Exception] = []

    def run() -> None:
        try:
            migrate.migrate(url)
        except Exception as problem:
            problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
    assert not thread.is_alive() and bool(problems) is fails, problems


def until(connection: Server, condition: str) -> None:
    """Wait until somebody is seen to do this."""
    deadline = time.monotonic() + 30
    while not connection.execute(("SELECT FROM pg_stat_activity" + condition).encode()).rowcount:
        connection.rollback()
        assert time.monotonic() < deadline, "nobody came to it"
        time.sleep(0.02)
    connection.rollback()


def invalid(url: str) -> list[str]:
    """Indexes that are no use."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid").fetchall()
    return [name for (name,) in rows]


def made(url: str) -> bool:
    """Whether the database is at the newest revision, with its indexes."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT to_regclass('address_alike'), to_regclass('batch_added')").fetchone()
    return not migrate.pending(url) and rows is not None and None not in rows
