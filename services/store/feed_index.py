"""Which entries there are, in a few bytes each, and which of them changed since one last looked.

Every write of an entry leaves its transaction's number in `changed_in` (a trigger does, so no writer can forget it).
Transactions become visible out of order; but whatever was not visible at a look has a number of at least that look's
oldest transaction still at work. So "changed since" is exact, at the price of seeing some entries twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import IsolationLevel
from psycopg.rows import args_row

from services.runtime.postgres import Connection
from services.store.feeds import PUBLIC


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An entry: what it shows is the same for as long as `version` is. `hidden`: an exercise in the public feed."""

    audience: str
    number: int
    message_id: UUID
    incident: str
    corrects: int | None
    published_at: datetime
    updated_at: datetime
    version: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What was found. `since` is for the next look; `total` is how many entries there are in all feeds."""

    changed: Sequence[IndexEntry]
    total: int
    since: str


async def look(connection: Connection, since: str | None) -> Look:
    """Entries that changed since an earlier look, or all. The connection must not be in a transaction."""
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)  # one snapshot for all that is asked
    try:
        async with connection.transaction():
            found = await connection.execute(_MOMENT)
            row = await found.fetchone()
            moment, total = row if row else ("0", 0)
            async with connection.cursor(row_factory=args_row(IndexEntry)) as cursor:
                await cursor.execute((_ALL if since is None else _SINCE).encode(), {"since": since, "public": PUBLIC})
                return Look(await cursor.fetchall(), total, moment)
    finally:
        await connection.set_isolation_level(None)


_MOMENT: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, (SELECT count(*) FROM feed_entry)"

_ALL: Final = """
SELECT e.audience, e.message, m.id, m.incident, m.corrects, e.published_at, e.updated_at,
    concat_ws('/', e.changed_in, extract(epoch FROM e.updated_at)), m.exercise AND e.audience = %(public)s
FROM feed_entry e JOIN message m ON m.number = e.message
"""

# Numbers from another cluster (a restored dump) may lie ahead: those are seen by a look at all alone.
_SINCE: Final = f"""{_ALL}
WHERE e.changed_in >= %(since)s::xid8 AND e.changed_in < pg_snapshot_xmax(pg_current_snapshot())
"""
