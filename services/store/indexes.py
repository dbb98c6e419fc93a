"""Indexes on tables that are written to while a migration runs: made beside the writers, who wait for nothing.

PostgreSQL makes such an index in several transactions. One that was interrupted leaves an index behind that is kept up
and never used: it is taken away, and made anew, when the migration runs again.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy
from alembic import op


def build(indexes: Mapping[str, str]) -> None:
    """Make each index (name: what follows `ON`) that is not there yet. What came before in the migration is committed.

    It waits for transactions that wrote to the table before it, for as long as these take.
    """
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for name, definition in indexes.items():
            if connection.execute(sqlalchemy.text(_VALID), {"name": name}).scalar() is False:
                connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')
            connection.exec_driver_sql(f'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}" ON {definition}')


_VALID: Final = "SELECT indisvalid AND indisready FROM pg_index WHERE indexrelid = to_regclass(quote_ident(:name))"
