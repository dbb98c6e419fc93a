"""An SMS to many that somebody filled in and has not confirmed yet: bad reception and a second proof of who they are
lose nothing of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from services.runtime.postgres import Connection

Form = Mapping[str, Sequence[str]]
"""The fields by name, each with its values."""
KEPT: Final = timedelta(days=1)


async def keep(connection: Connection, number: UUID, user: int, form: Form) -> None:
    """Under the id that the message will have. What is older than `KEPT` goes."""
    await connection.execute("DELETE FROM prepared_blast WHERE made_at < clock_timestamp() - %s::interval", (KEPT,))
    await connection.execute(
        "INSERT INTO prepared_blast (id, user_id, form) VALUES (%s, %s, %s)", (number, user, Jsonb(dict(form)))
    )


async def find(connection: Connection, number: UUID, user: int) -> Form | None:
    """What this user filled in; None for what is gone, or another's."""
    rows = await connection.execute("SELECT form FROM prepared_blast WHERE id = %s AND user_id = %s", (number, user))
    row = await rows.fetchone()
    return row[0] if row else None


async def asking(connection: Connection, most: int = 10) -> Sequence[tuple[str, str, str]]:
    """Id, title and incident of the latest messages of the last week that asked to confirm."""
    rows = await connection.execute(_ASKING, {"most": most})
    return [(str(number), title, incident) for number, title, incident in await rows.fetchall()]


async def roles(connection: Connection, most: int = 60) -> Sequence[str]:
    """The functions that most contacts have, by name; none with a comma, which stands between values."""
    rows = await connection.execute(_ROLES, {"most": most})
    return sorted(role for (role,) in await rows.fetchall())


_ASKING: Final = """
SELECT m.id, coalesce(m.content -> 'title' -> 0 ->> 'text', ''), m.incident FROM message m
WHERE m.confirm_minutes IS NOT NULL AND m.released_at > clock_timestamp() - interval '7 days' AND m.state <> 'replaced'
ORDER BY m.number DESC LIMIT %(most)s
"""

_ROLES: Final = r"""
SELECT min(btrim(regexp_replace(role, '\s+', ' ', 'g'))) FROM (
    SELECT role, count(*) AS many FROM contact WHERE removed_at IS NULL AND user_id IS NULL GROUP BY role
) each WHERE role <> '' AND strpos(role, ',') = 0
GROUP BY lower(regexp_replace(role, '\s+', ' ', 'g')) ORDER BY sum(many) DESC LIMIT %(most)s
"""
