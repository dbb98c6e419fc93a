"""Bring a database to this version's tables.

Needs an empty database that its role owns, no extension and no superuser. Migrations expand first and contract in
a later release, so that a version before and this one can stand side by side.
"""

import time
from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x726F656C  # "roel": two migrations at once wait for each other
ASK_AGAIN_SECONDS = 0.2


def migrate(database_url: str) -> list[str]:
    """Upgrade to the newest revision; returns the revisions applied, oldest first; none is fine."""
    with _engine(database_url).connect() as connection:
        _wait_for_others(connection)
        before = _revision(connection)
        connection.commit()  # alembic begins a transaction of its own for each revision
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        return [r.revision for r in _between(before)]


def pending(database_url: str) -> list[str]:
    """Revisions that the database lacks, oldest first."""
    with _engine(database_url).connect() as connection:
        return [r.revision for r in _between(_revision(connection))]


def _wait_for_others(connection: sqlalchemy.Connection) -> None:
    """By asking again: whoever waits in a statement is waited for by an index that is made beside writers."""
    while not connection.execute(sqlalchemy.text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar():
        connection.commit()
        time.sleep(ASK_AGAIN_SECONDS)
    connection.commit()


def _between(before: str | None) -> list[Script]:
    revisions = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", before or "base"))
    return list(reversed(revisions))


def _revision(connection: sqlalchemy.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _engine(database_url: str) -> sqlalchemy.Engine:
    scheme, rest = database_url.split("://", 1)
    del scheme
    return sqlalchemy.create_engine(f"postgresql+psycopg://{rest}", poolclass=sqlalchemy.NullPool)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
