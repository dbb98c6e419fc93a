"""The list of messages as people look through it: a page at a time, the newest first, with what each has come to.

No page counts the ledger: whether something is open is asked of the batches, by an index that has the open ones alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.store.messages import FOR_USERS


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages; None is all. `state` is one of `STATES`, `text` stands in the title, in any language of it."""

    incident: str | None = None
    state: str | None = None
    kind: str | None = None
    lane: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in the list. `state` is one of `STATES`; `number` is where the next page begins."""

    number: int
    id: UUID
    incident: str
    kind: str
    lane: str
    exercise: bool
    state: str
    title: str
    recipients: int
    submitted_at: datetime
    released_at: datetime | None


_OPEN: Final = "EXISTS (SELECT FROM batch b WHERE b.message = m.number AND b.planned + b.deferred + b.claimed > 0)"
_ENDED_BY_TIME: Final = """(m.expires_at <= clock_timestamp() AND EXISTS (
    SELECT FROM batch b WHERE b.message = m.number AND b.expired > 0))"""

STATES: Final = {
    "waiting": "m.state IN ('submitted', 'proofed')",
    "approved": "m.state = 'approved'",
    "sending": f"m.state = 'released' AND m.paused_at IS NULL AND {_OPEN}",
    "paused": f"m.state = 'released' AND m.paused_at IS NOT NULL AND {_OPEN}",
    "done": f"m.state = 'released' AND NOT {_OPEN} AND NOT coalesce({_ENDED_BY_TIME}, false)",
    "stopped": "m.state = 'stopped'",
    "withdrawn": "m.state = 'withdrawn'",
    "rejected": "m.state = 'rejected'",
    "expired": f"(m.state = 'expired' OR m.state = 'released' AND NOT {_OPEN} AND {_ENDED_BY_TIME})",
}
"""The states of the list: those of the contract, with `submitted` and `proofed` as one, and `released` and `sending`
as one."""


async def listed(
    connection: Connection, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> tuple[list[Listed], int | None]:
    """A page, and the number before which the next one begins (None: this is the last)."""
    if wanted.state is not None and wanted.state not in STATES:
        return [], None
    values: dict[str, Any] = {
        "incident": wanted.incident, "kind": wanted.kind, "lane": wanted.lane, "before": before,
        "text": f"%{_literally(wanted.text)}%" if wanted.text else None, "limit": limit + 1,
        "for_users": list(FOR_USERS),
    }  # fmt: skip
    query = _LIST.format(state=STATES[wanted.state] if wanted.state else "true")
    async with connection.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(query.encode(), values)
        found = await cursor.fetchall()
    return found[:limit], found[limit - 1].number if len(found) > limit else None


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_STATE: Final = "CASE " + " ".join(f"WHEN {of} THEN '{name}'" for name, of in STATES.items()) + " ELSE m.state END"

# What it has come to is asked of the rows of this page alone.
_LIST: Final = f"""
SELECT m.number, m.id, m.incident, m.kind, m.lane, m.exercise, {_STATE} AS state,
    coalesce(m.content #>> '{{{{title,0,text}}}}', '') AS title, m.recipients, m.submitted_at, m.released_at
FROM (
    SELECT * FROM message m
    WHERE m.state <> 'replaced' AND m.kind <> ALL(%(for_users)s)
    AND (%(before)s::bigint IS NULL OR m.number < %(before)s)
    AND (%(incident)s::text IS NULL OR m.incident = %(incident)s)
    AND (%(kind)s::text IS NULL OR m.kind = %(kind)s)
    AND (%(lane)s::text IS NULL OR m.lane = %(lane)s)
    AND (%(text)s::text IS NULL OR EXISTS (
        SELECT FROM jsonb_array_elements(m.content -> 'title') t WHERE t ->> 'text' ILIKE %(text)s))
    AND ({{state}})
    ORDER BY m.number DESC LIMIT %(limit)s
) m ORDER BY m.number DESC
"""
