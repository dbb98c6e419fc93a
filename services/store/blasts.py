"""What an SMS to many must know of the record: whether the same text went out a moment ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from services.runtime.postgres import Connection

RECENT: Final = timedelta(minutes=10)
"""Two people at night send the same within minutes, each not knowing of the other."""


@dataclass(frozen=True, slots=True)
class Same:
    """A message that says the same by SMS."""

    id: UUID
    state: str
    submitted_at: datetime
    recipients: int
    by: str


async def same_text(connection: Connection, texts: Sequence[str], within: timedelta = RECENT) -> Same | None:
    """The latest message of the last `within` with one of these SMS texts that was not turned down."""
    async with connection.cursor(row_factory=class_row(Same)) as cursor:
        await cursor.execute(_SAME, {"texts": list(texts), "within": within})
        return await cursor.fetchone()


_SAME: Final = """
SELECT m.id, m.state, m.submitted_at, coalesce(m.recipients, 0) AS recipients, u.email AS by
FROM message m JOIN users u ON u.id = m.submitted_by
WHERE m.submitted_at > clock_timestamp() - %(within)s AND m.state NOT IN ('rejected', 'withdrawn', 'replaced')
AND EXISTS (
    SELECT FROM jsonb_array_elements(CASE jsonb_typeof(m.content -> 'sms') WHEN 'array' THEN m.content -> 'sms'
        ELSE '[]' END) said WHERE said ->> 'text' = ANY(%(texts)s)
) ORDER BY m.number DESC LIMIT 1
"""
