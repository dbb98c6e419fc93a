"""A version before and this one side by side, on one database and one Kafka: an update stops nothing."""

import asyncio
import io
import re
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from services.store import migrate
from tests.faults.harness import Crew
from tests.faults.programs import HERE

BEFORE = "8dcac9b"
"""The last commit of issue 3. Raise it to the version that is in use, with each release."""
PEOPLE = 1600
"""More batches than one worker holds at once."""
CONNECTIONS = 10

MARK = "this is the version before"
"""What its services say first, so that nobody mistakes one version for the other."""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the version before."""
    packed = subprocess.run(["git", "archive", BEFORE], cwd=HERE, capture_output=True, check=False)
    if packed.returncode != 0:
        pytest.skip(
            f"NOT TESTED HERE: two versions side by side, for commit {BEFORE} is not in this clone (a shallow one?):"
            f" {packed.stderr.decode().strip()}"
        )
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    with (folder / "services" / "__init__.py").open("a") as file:
        file.write(f"\nimport sys\nprint({MARK!r}, file=sys.stderr)\n")
    yield folder


@pytest.mark.stack
@pytest.mark.long
@pytest.mark.timeout(120)
async def test_the_version_before_and_this_one_send_one_message_together_and_the_old_one_may_die(
    crew: Crew, before: Path
) -> None:
    """Dispatch and a mail worker of each, on the tables of the new one. What the old one held passes on by its lease.

    It kept no journal that counts here, so what it had claimed and not recorded is in doubt.
    """
    assert crew.sink
    folders = {"old": before, "new": HERE}
    running = {
        (age, service): crew.start(service, ready=False, code=code, smtp_connections=CONNECTIONS)
        for age, code in folders.items()
        for service in ("dispatch", "mail")
    }
    for program in crew.programs:
        program.wait_ready()
    for (age, _), program in running.items():
        assert (MARK in program.process.log.read_text()) == (age == "old")
    crew.sink.faults({"at": "after-body", "do": "delay", "delay_seconds": 0.2})
    message = await crew.release(PEOPLE)
    assert await both_at_it(crew, message.number), crew.report()
    await crew.until(lambda account: account.states.get("accepted", 0) > PEOPLE // 8, message)
    crew.kill(running["old", "mail"])
    crew.kill(running["old", "dispatch"])
    held = await crew.account(message)
    crew.sink.no_faults()
    account = await crew.until_done(message)
    account.holds(bound=len(held.copies) - held.states["accepted"] + 2 * CONNECTIONS)
    assert account.states == {"accepted": PEOPLE}


async def both_at_it(crew: Crew, message: int, seconds: float = 30) -> bool:
    """Wait until a worker of each version has claimed of this message."""
    deadline = time.monotonic() + seconds
    async with crew.connect() as connection:
        while time.monotonic() < deadline:
            rows = await connection.execute("SELECT count(DISTINCT epoch) FROM batch WHERE message = %s", (message,))
            if await rows.fetchone() == (2,):
                return True
            await asyncio.sleep(0.1)
    return False


@pytest.mark.stack
def test_every_migration_after_the_first_only_adds(empty_database: str) -> None:
    """Whatever a version before this one reads or writes is still there, and asks no more of it than it did."""
    revisions = [each.revision for each in ScriptDirectory(str(migrate.MIGRATIONS)).walk_revisions()][::-1]
    upgrade(empty_database, revisions[0])
    with psycopg.connect(empty_database, autocommit=True) as connection:
        before = shape(connection)
        for revision in revisions[1:]:
            upgrade(empty_database, revision)
            after = shape(connection)
            found = taken_away(before, after)
            assert not found, (revision, "\n".join(found))
            before = after


@pytest.mark.stack
def test_a_migration_that_takes_away_would_be_noticed_and_one_that_adds_is_let_through(database_url: str) -> None:
    """The rule above can fail, and only where it should."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        before = shape(connection)
        for statement, harmless in {
            "ALTER TABLE batch DROP COLUMN due CASCADE": False,
            "DROP TABLE inbox": False,
            "ALTER TABLE delivery RENAME COLUMN code TO reply": False,
            "ALTER TABLE delivery ALTER COLUMN code TYPE text": False,
            "ALTER TABLE delivery ALTER COLUMN code SET NOT NULL": False,
            "ALTER TABLE delivery ALTER COLUMN doubts DROP DEFAULT": False,
            "ALTER TABLE delivery ADD COLUMN weight integer NOT NULL": False,
            "ALTER TABLE delivery ADD CONSTRAINT short CHECK (length(reason) < 9)": False,
            "ALTER TABLE batch ADD COLUMN weight integer NOT NULL DEFAULT 0, ADD COLUMN note text": True,
            "CREATE TABLE extra (id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''))": True,
            "CREATE INDEX extra ON batch (due)": True,
        }.items():
            with connection.transaction(force_rollback=True):
                connection.execute(statement.encode())
                assert bool(taken_away(before, shape(connection))) is not harmless, statement


@dataclass(frozen=True)
class Shape:
    """The tables as a version of the program sees them."""

    columns: dict[tuple[str, str], tuple[str, bool, bool]]
    """(table, column): type, whether a value is needed, whether there is one when none is given."""
    rules: frozenset[tuple[str, str]]
    """(table, what each row must satisfy): checks, keys, uniqueness."""


def taken_away(before: Shape, after: Shape) -> list[str]:
    """What a version that knows `before` would miss, or stumble over, in `after`."""
    found = []
    tables = {table for table, _ in before.columns}
    for place, (kind, needed, filled) in before.columns.items():
        now = after.columns.get(place)
        if now is None or now[0] != kind or (now[1] and not needed) or (filled and not now[2]):
            found.append(f"{place}: was {(kind, needed, filled)}, is {now}")
    for (table, column), (_, needed, filled) in after.columns.items():
        if table in tables and (table, column) not in before.columns and needed and not filled:
            found.append(f"{table}.{column}: must be given, and nobody knew")
    rules = [(table, rule) for table, rule in after.rules - before.rules if table in tables]
    return found + [
        f"{t}: {rule}" for t, rule in rules if not _of_unknown_column(t, rule, before) and not _asks_no_more(rule)
    ]


def _of_unknown_column(table: str, rule: str, before: Shape) -> bool:
    """A key with a column that a version before does not know is null in what it writes, and asks nothing of that."""
    columns = re.search(r"^(?:UNIQUE|FOREIGN KEY|CREATE UNIQUE INDEX .* USING btree) \(([^)]*)\)", rule)
    return bool(columns) and any((table, each) not in before.columns for each in columns[1].split(", "))


def _asks_no_more(rule: str) -> bool:
    return any(each in rule for each in ASKS_NO_MORE)


ASKS_NO_MORE = {
    "(slug, exercise)": "slug alone was unique, and editorial never took a message that is not what its incident is",
    "TRIGGER DEFERRABLE INITIALLY DEFERRED": "the chain of the audit; it refuses nothing",
    "'replaced'::text": "the same states as before, and one more",
    "'standing'::text": "the same acts of approval as before, and one more",
    "message_released_once": "a version before knows one revision of a message, and never releases two",
}
"""Rules that were looked at, each with why whatever a version before writes satisfies it."""


def shape(connection: "psycopg.Connection[Any]") -> Shape:
    """The tables of this database."""
    columns = connection.execute(
        """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.atthasdef OR a.attidentity <> ''
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
        AND NOT a.attisdropped"""
    ).fetchall()
    rules = connection.execute(
        """SELECT c.relname, pg_get_constraintdef(r.oid) FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid
        WHERE c.relnamespace = 'public'::regnamespace AND r.contype <> 'n'"""
    ).fetchall()
    unique = connection.execute(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique"
    ).fetchall()
    return Shape({(row[0], row[1]): (row[2], row[3], row[4]) for row in columns}, frozenset([*rules, *unique]))


def upgrade(database_url: str, revision: str) -> None:
    """Bring a database to this revision."""
    with migrate._engine(database_url).connect() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
