"""Whose role stays although the OpenID provider gives it no more: the last administrator's, until there is another."""

from typing import Final

from services.runtime.postgres import Connection


async def administrator_kept(connection: Connection) -> int | None:
    """The last administrator's number, where they have that role only because nobody else has it."""
    row = await (await connection.execute(_KEPT)).fetchone()
    return int(row[0]) if row else None


_KEPT: Final = """
SELECT one.id FROM (
    SELECT min(id) AS id FROM users WHERE 'administrator' = ANY(roles) AND disabled_at IS NULL HAVING count(*) = 1
) one CROSS JOIN LATERAL (
    SELECT detail FROM audit
    WHERE subject = 'user:' || one.id AND action IN ('user.provided', 'user.added', 'user.changed')
    ORDER BY id DESC LIMIT 1
) last WHERE jsonb_exists(last.detail, 'kept')
"""
