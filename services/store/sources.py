"""Outside systems that may send events: each with a key of its own, what it may send, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.runtime.tokens import digest

PURPOSE: Final = b"event source"
"""What its secret is sealed for (`services.runtime.sealing`)."""


@dataclass(frozen=True, slots=True)
class Source:
    """`token`: SHA-256 of its bearer token; else `secret`, sealed: it signs. `types`: globs. `prefix`: of `source`."""

    id: int
    name: str
    token: bytes | None = field(repr=False)
    secret: bytes | None = field(repr=False)
    types: list[str]
    prefix: str
    created_by: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def state(self) -> str:
        """`standing`, `expired` or `revoked`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= datetime.now(UTC) else "standing"

    def may_send(self, event: dict[str, Any]) -> bool:
        """Whether an event of this type, from this `source`, is its to send."""
        type_, source = str(event.get("type")), str(event.get("source"))
        return source.startswith(self.prefix) and any(fnmatchcase(type_, each) for each in self.types)


async def add(
    connection: Connection,
    name: str,
    *,
    token: str | None = None,
    secret: bytes | None = None,
    types: Sequence[str],
    prefix: str = "",
    by: int | None = None,
    expires_at: datetime | None = None,
) -> Source | None:
    """Keep it; None when one of this name stands. The name of a revoked one may be had again. The caller commits."""
    await connection.execute(_OUT_OF_THE_WAY, (name,))
    values = {
        "name": name, "token": digest(token) if token else None, "secret": secret, "types": list(types),
        "prefix": prefix, "by": by, "expires": expires_at,
    }  # fmt: skip
    return await _one(connection, _ADD, values)


async def listed(connection: Connection) -> list[Source]:
    """All that there ever were, by name; a revoked one whose name was given again has a number behind it."""
    async with connection.cursor(row_factory=class_row(Source)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM event_source ORDER BY name".encode())
        return await cursor.fetchall()


async def find(connection: Connection, name: str) -> Source | None:
    """The source of this name."""
    return await _one(connection, f"SELECT {_COLUMNS} FROM event_source WHERE name = %(name)s", {"name": name})


async def revoke(connection: Connection, source: int) -> Source | None:
    """From now on nothing of it is taken. The caller commits."""
    return await _one(connection, _REVOKE, {"id": source})


async def by_token(connection: Connection, token: str) -> Source | None:
    """The source that stands and has this token."""
    return await _one(connection, f"{_STANDING} AND token = %(token)s", {"token": digest(token)})


async def signing(connection: Connection) -> list[Source]:
    """Those that stand and sign: a signature does not say whose it is. The latest used first."""
    async with connection.cursor(row_factory=class_row(Source)) as cursor:
        await cursor.execute(
            f"{_STANDING} AND secret IS NOT NULL ORDER BY last_used_at DESC NULLS LAST LIMIT 100".encode()
        )
        return await cursor.fetchall()


async def used(connection: Connection, source: Source) -> None:
    """It was used now, to the minute. The caller commits."""
    if source.last_used_at is None or datetime.now(UTC) - source.last_used_at > timedelta(minutes=1):
        await connection.execute("UPDATE event_source SET last_used_at = clock_timestamp() WHERE id = %s", (source.id,))


async def _one(connection: Connection, query: str, values: dict[str, Any]) -> Source | None:
    async with connection.cursor(row_factory=class_row(Source)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchone()


_COLUMNS: Final = ", ".join(Source.__slots__)

_STANDING: Final = f"""
SELECT {_COLUMNS} FROM event_source
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
"""

_OUT_OF_THE_WAY: Final = """
UPDATE event_source SET name = name || ' #' || id WHERE name = %s AND revoked_at IS NOT NULL
"""

_ADD: Final = f"""
INSERT INTO event_source (name, token, secret, types, prefix, created_by, expires_at)
VALUES (%(name)s, %(token)s, %(secret)s, %(types)s, %(prefix)s, %(by)s, %(expires)s)
ON CONFLICT (name) DO NOTHING RETURNING {_COLUMNS}
"""

_REVOKE: Final = f"""
UPDATE event_source SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = %(id)s RETURNING {_COLUMNS}
"""
