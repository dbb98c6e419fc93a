"""Standing approvals: a newsletter whose editions go out by themselves. A row never changes but to be revoked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.domain.identity import may
from services.runtime.postgres import Connection
from services.store.newsletters import NewsletterRow


@dataclass(frozen=True, slots=True)
class Standing:
    """`hash`: of the definition that was approved. `email`, `roles`, `disabled_at`: of who did it, as they are now."""

    id: int
    newsletter: int
    hash: str
    approved_by: int
    approved_at: datetime
    email: str
    roles: list[str]
    disabled_at: datetime | None


async def in_force(connection: Connection, newsletter: int) -> Standing | None:
    """What was approved of this newsletter, whatever it is now; None when there is nothing that stands."""
    async with connection.cursor(row_factory=class_row(Standing)) as cursor:
        await cursor.execute(_IN_FORCE, (newsletter,))
        return await cursor.fetchone()


def why_void(standing: Standing, newsletter: NewsletterRow) -> str:
    """Why this does not hold for what the newsletter is now; empty when it does. The centre's policy may ask more."""
    if standing.hash != newsletter.hash:
        return "the newsletter is not what was approved"
    if standing.approved_by == newsletter.written_by:
        return "who wrote what the newsletter is does not approve it"
    if standing.disabled_at is not None:
        return "who approved it is disabled"
    return "" if may("approve", standing.roles) else "who approved it has no role any more that approves"


async def stands(connection: Connection, newsletter: NewsletterRow) -> bool:
    """Whether somebody approved what this newsletter is, and that holds."""
    standing = await in_force(connection, newsletter.id)
    return standing is not None and why_void(standing, newsletter) == ""


async def approve(connection: Connection, newsletter: int, digest: str, user: int) -> int:
    """In force from commit on, in place of what was before; its number. Call with the newsletter's row locked."""
    await revoke(connection, newsletter, user)
    row = await (await connection.execute(_APPROVE, (newsletter, digest, user))).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row that it made
    return int(row[0])


async def revoke(connection: Connection, newsletter: int, user: int) -> bool:
    """In force no more; False when nothing was."""
    return (await connection.execute(_REVOKE, (user, newsletter))).rowcount == 1


_IN_FORCE: Final = """
SELECT a.id, a.newsletter, a.hash, a.approved_by, a.approved_at, u.email, u.roles, u.disabled_at
FROM newsletter_approval a JOIN users u ON u.id = a.approved_by WHERE a.newsletter = %s AND a.revoked_at IS NULL
"""

_APPROVE: Final = "INSERT INTO newsletter_approval (newsletter, hash, approved_by) VALUES (%s, %s, %s) RETURNING id"

_REVOKE: Final = """
UPDATE newsletter_approval SET revoked_by = %s, revoked_at = clock_timestamp()
WHERE newsletter = %s AND revoked_at IS NULL
"""
