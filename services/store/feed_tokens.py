"""Who may read a feed: the address of an audience, and those that were given to somebody by name.

An audience's own address carries a token derived from the feed's generation: one more generation, and none of the
former leads anywhere. A named one is random and shown once; only its hash is kept, and it is revoked by itself.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from psycopg.rows import class_row

from services.domain.configuration import Configuration
from services.runtime.postgres import Connection
from services.runtime.tokens import Keys, digest
from services.store.feeds import PUBLIC
from services.store.secret_keys import signing_keys

TOKEN_PURPOSE: Final = "feed"  # noqa: S105  (names a use; no secret)

_TOKEN_BYTES: Final = 20  # 160 bits of chance, 27 characters


@dataclass(frozen=True, slots=True)
class FeedToken:
    """An address that was given to somebody. `name` says to whom; the token itself is nowhere."""

    id: int
    audience: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


def derived(audience: str, generation: int, keys: Keys) -> str:
    """The token in an audience's own address."""
    return keys.token(f"{audience}/{generation}", TOKEN_PURPOSE)


async def feed_urls(
    connection: Connection, configuration: Configuration, public_url: str, *, ending: str = ".atom"
) -> list[tuple[str, str]]:
    """The address of every audience's feed, in the configured order. The caller commits (a first key may be made).

    `ending`: what follows the feed's name, such as `/incidents/SLUG.rss`.
    """
    keys, known = await signing_keys(connection), await generations(connection)
    root = public_url.rstrip("/")
    return [
        (each.id, root + _path(each.id, known.get(each.id, 1), keys) + ending)
        for each in configuration.audiences
        if "newsfeed" in each.channels
    ]


async def generations(connection: Connection) -> dict[str, int]:
    """Which generation of addresses is in force, by audience; 1 for those that are not named."""
    rows = await connection.execute("SELECT audience, generation FROM feed")
    return dict(await rows.fetchall())


async def renew(connection: Connection, audience: str) -> None:
    """Have every address of this feed that was derived so far lead nowhere. The caller commits."""
    await connection.execute(
        "INSERT INTO feed (audience, generation) VALUES (%s, 2)"
        " ON CONFLICT (audience) DO UPDATE SET generation = feed.generation + 1",
        (audience,),
    )


async def add(connection: Connection, audience: str, name: str, user: int | None) -> tuple[FeedToken, str]:
    """A new token of this audience's feed, and the token itself: it can never be shown again. The caller commits."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    async with connection.cursor(row_factory=class_row(FeedToken)) as cursor:
        await cursor.execute(_ADD.encode(), (audience, name, digest(token), user))
        made = await cursor.fetchone()
    if made is None:
        raise LookupError("no token was written")
    return made, token


async def listed(connection: Connection) -> Sequence[FeedToken]:
    """All that were ever given, those in force first, each by audience."""
    async with connection.cursor(row_factory=class_row(FeedToken)) as cursor:
        query = f"SELECT {_COLUMNS} FROM feed_token ORDER BY revoked_at IS NOT NULL, audience, id"
        await cursor.execute(query.encode())
        return await cursor.fetchall()


async def revoke(connection: Connection, token_id: int, user: int | None) -> FeedToken | None:
    """Have it lead nowhere; None when there is none. Again changes nothing. The caller commits."""
    async with connection.cursor(row_factory=class_row(FeedToken)) as cursor:
        await cursor.execute(_REVOKE.encode(), {"id": token_id, "user": user})
        return await cursor.fetchone()


async def in_force(connection: Connection) -> dict[bytes, tuple[str, int]]:
    """Every hash that opens a feed, with the audience and the id of the token."""
    rows = await connection.execute("SELECT hash, audience, id FROM feed_token WHERE revoked_at IS NULL")
    return {bytes(hash_): (audience, token_id) for hash_, audience, token_id in await rows.fetchall()}


def _path(audience: str, generation: int, keys: Keys) -> str:
    if audience == PUBLIC:
        return f"/feeds/{PUBLIC}"
    return f"/feeds/{quote(audience)}/{derived(audience, generation, keys)}"


_COLUMNS: Final = "id, audience, name, created_at, revoked_at"

_ADD: Final = f"""
INSERT INTO feed_token (audience, name, hash, created_by) VALUES (%s, %s, %s, %s) RETURNING {_COLUMNS}
"""

_REVOKE: Final = f"""
UPDATE feed_token SET revoked_at = coalesce(revoked_at, clock_timestamp()), revoked_by = coalesce(revoked_by, %(user)s)
WHERE id = %(id)s RETURNING {_COLUMNS}
"""
