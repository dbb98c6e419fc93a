"""The keys that sign tokens: those of the settings, else one that is made once and kept here for all services."""

import secrets

from services.runtime.postgres import Connection
from services.runtime.tokens import SECRET_BYTES, Key, Keys, SecretSettings, configured_keys

_FIRST = "k1"


async def signing_keys(connection: Connection, settings: SecretSettings | None = None) -> Keys:
    """The keys in force; the newest signs. Makes the first one when there is none; the caller commits."""
    configured = configured_keys(settings or SecretSettings())
    return configured or await _kept(connection) or await _made(connection)


async def _made(connection: Connection) -> Keys:
    """Two services that start at once both try; the first to commit wins and the other reads its key."""
    await connection.execute(
        "INSERT INTO secret_key (id, value) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (_FIRST, secrets.token_bytes(SECRET_BYTES)),
    )
    kept = await _kept(connection)
    if kept is None:
        raise LookupError("no secret key")
    return kept


async def _kept(connection: Connection) -> Keys | None:
    rows = await connection.execute("SELECT id, value FROM secret_key ORDER BY created_at DESC, id DESC")
    found = tuple(Key(name, bytes(value)) for name, value in await rows.fetchall())
    return Keys(found) if found else None
