"""Outside systems that are told what happens: where, of what, and whether they answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection

PURPOSE: Final = b"webhook"
"""What its secret is sealed for (`services.runtime.sealing`)."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """`failing_since`: it took nothing since. `disabled_at`: it is called no more; `disabled_why`: gone or failing.
    `former_until`: until then the secret that it had before signs beside this one."""

    id: int
    url: str = field(repr=False)
    secret: bytes = field(repr=False)
    events: list[str]
    closed_titles: bool
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None
    former_until: datetime | None

    @property
    def state(self) -> str:
        """`standing`, `failing` or `disabled`."""
        return "disabled" if self.disabled_at else "failing" if self.failing_since else "standing"


async def add(
    connection: Connection, url: str, secret: bytes, events: Sequence[str], *, closed_titles: bool, by: int | None
) -> Webhook:
    """It is told from now on. The caller commits."""
    made = await _one(
        connection,
        f"""INSERT INTO webhook (url, secret, events, closed_titles, created_by)
            VALUES (%(url)s, %(secret)s, %(events)s, %(closed)s, %(by)s) RETURNING {COLUMNS}""",
        {"url": url, "secret": secret, "events": list(events), "closed": closed_titles, "by": by},
    )
    assert made is not None  # noqa: S101 - the statement returns the row that it made
    return made


async def listed(connection: Connection) -> list[Webhook]:
    """All but the removed, by number."""
    async with connection.cursor(row_factory=class_row(Webhook)) as cursor:
        await cursor.execute(f"SELECT {COLUMNS} FROM webhook WHERE removed_at IS NULL ORDER BY id".encode())
        return await cursor.fetchall()


async def find(connection: Connection, webhook: int) -> Webhook | None:
    """The one with this number, unless it was removed."""
    query = f"SELECT {COLUMNS} FROM webhook WHERE id = %(id)s AND removed_at IS NULL"
    return await _one(connection, query, {"id": webhook})


async def remove(connection: Connection, webhook: int) -> Webhook | None:
    """It is told nothing more; None when there is none. What it was told is kept a while. The caller commits."""
    query = f"""UPDATE webhook SET removed_at = clock_timestamp()
        WHERE id = %(id)s AND removed_at IS NULL RETURNING {COLUMNS}"""
    return await _one(connection, query, {"id": webhook})


async def disable(connection: Connection, webhook: int, why: str) -> bool:
    """It is called no more until somebody enables it; False when it was so already. The caller commits."""
    written = await connection.execute(
        "UPDATE webhook SET disabled_at = clock_timestamp(), disabled_why = %s WHERE id = %s AND disabled_at IS NULL",
        (why, webhook),
    )
    return written.rowcount == 1


async def enable(connection: Connection, webhook: int) -> Webhook | None:
    """It is called again; None when there is none. The caller commits, and has its deliveries made."""
    query = f"""UPDATE webhook SET disabled_at = NULL, disabled_why = NULL, failing_since = NULL
        WHERE id = %(id)s AND removed_at IS NULL RETURNING {COLUMNS}"""
    return await _one(connection, query, {"id": webhook})


async def rotate(connection: Connection, webhook: int, secret: bytes, *, grace: timedelta) -> Webhook | None:
    """From now on this secret signs, for so long the one before it too; None when there is none. The caller commits.

    Once more within that time: what the receiver has signs on, and not the one that was only just made.
    """
    query = f"""UPDATE webhook SET secret = %(secret)s,
        former_secret = CASE WHEN %(grace)s > interval '0' THEN
            CASE WHEN former_until > clock_timestamp() THEN former_secret ELSE secret END END,
        former_until = CASE WHEN %(grace)s > interval '0' THEN clock_timestamp() + %(grace)s END
        WHERE id = %(id)s AND removed_at IS NULL RETURNING {COLUMNS}"""
    return await _one(connection, query, {"id": webhook, "secret": secret, "grace": grace})


async def answered(connection: Connection, webhook: int, *, well: bool) -> datetime | None:
    """It took a delivery, or did not; since when it takes none. The caller commits."""
    row = await (await connection.execute(_ANSWERED, {"id": webhook, "well": well})).fetchone()
    since: datetime | None = row[0] if row else None
    return since


async def _one(connection: Connection, query: str, values: dict[str, Any]) -> Webhook | None:
    async with connection.cursor(row_factory=class_row(Webhook)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchone()


COLUMNS: Final = ", ".join(Webhook.__slots__)

_ANSWERED: Final = """
UPDATE webhook SET failing_since = CASE WHEN %(well)s THEN NULL ELSE coalesce(failing_since, clock_timestamp()) END
WHERE id = %(id)s RETURNING failing_since
"""
