"""All that the record has of one message, for an auditor: read in one transaction that sees one state of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row

from services.domain.states import GOOD
from services.runtime.postgres import Connection
from services.store import messages
from services.store.messages import Message


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a revision. `user` is a number."""

    revision: int
    user: int
    act: str
    proof_hash: str
    reason: str
    at: datetime
    taken_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of release: what it waited for, when it opened and why; accepted and planned are contacts."""

    step: int
    audiences: list[str] | None
    channels: list[str] | None
    after_seconds: int
    share: float | None
    at_most_seconds: int | None
    opened_at: datetime | None
    opened_by: str | None
    first_accepted_at: datetime | None
    last_accepted_at: datetime | None
    accepted: int


@dataclass(frozen=True, slots=True)
class Related:
    """A message that this one puts right, or that puts this one right, at its latest revision."""

    how: str
    id: UUID
    kind: str
    state: str
    title: str
    submitted_at: datetime
    released_at: datetime | None
    recipients: int


@dataclass(frozen=True, slots=True)
class Person:
    """A user who acted."""

    id: int
    email: str
    roles: list[str]


@dataclass(frozen=True, slots=True)
class Published:
    """An entry in an audience's feed."""

    audience: str
    published_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """`shown` is the revision that was released, else the latest: recipients and steps are of that one.

    `reached` counts distinct contacts whose message was accepted on one channel at least.
    """

    revisions: Sequence[Message]
    shown: Message
    incident_title: str
    decisions: Sequence[Decision]
    steps: Sequence[Step]
    related: Sequence[Related]
    people: Sequence[Person]
    published: Sequence[Published]
    reached: int


async def of_message(connection: Connection, message_id: UUID) -> Record | None:
    """What the record has of this message; None when there is none."""
    revisions = await _all(connection, Message, _REVISIONS, {"id": message_id})
    if not revisions:
        return None
    shown = next((each for each in revisions if each.released_at), revisions[-1])
    numbers = [each.number for each in revisions]
    values: dict[str, Any] = {
        "id": message_id, "numbers": numbers, "shown": shown.number, "subject": f"message:{message_id}",
        "corrects": [each.corrects for each in revisions if each.corrects is not None],
    }  # fmt: skip
    title = await (await connection.execute("SELECT title FROM incident WHERE slug = %s", (shown.incident,))).fetchone()
    return Record(
        revisions=revisions,
        shown=shown,
        incident_title=title[0] if title else "",
        decisions=await _all(connection, Decision, _DECISIONS, values),
        steps=await _all(connection, Step, _STEPS, values),
        related=await _all(connection, Related, _RELATED, values),
        people=await _all(connection, Person, _PEOPLE, values),
        published=await _all(connection, Published, _PUBLISHED, values),
        reached=await _reached(connection, shown.number),
    )


async def _reached(connection: Connection, message: int) -> int:
    values = {"message": message, "good": [int(state) for state in GOOD]}
    row = await (await connection.execute(_REACHED, values)).fetchone()
    return int(row[0]) if row else 0


async def _all(connection: Connection, row: type[Any], query: str, values: dict[str, Any]) -> list[Any]:
    async with connection.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


_REVISIONS: Final = f"SELECT {messages.COLUMNS} FROM message WHERE id = %(id)s ORDER BY revision"

_DECISIONS: Final = """
SELECT m.revision, a.user_id AS user, a.act, a.proof_hash, a.reason, a.at, a.taken_back_at
FROM approval a JOIN message m ON m.number = a.message WHERE m.id = %(id)s ORDER BY a.id
"""

_STEPS: Final = """
SELECT s.step, s.audiences, s.channels, s.after_seconds, s.share, s.at_most_seconds, s.opened_at, s.opened_by,
    min(b.first_accepted_at) AS first_accepted_at, max(b.last_accepted_at) AS last_accepted_at,
    coalesce(sum(b.accepted + b.delivered), 0)::bigint AS accepted
FROM release_step s LEFT JOIN batch b ON b.message = s.message AND b.step = s.step
WHERE s.message = %(shown)s GROUP BY s.message, s.step ORDER BY s.step
"""

_RELATED: Final = """
SELECT DISTINCT ON (m.id, how) how, m.id, m.kind, m.state, coalesce(m.content #>> '{title,0,text}', '') AS title,
    m.submitted_at, m.released_at, m.recipients
FROM (
    SELECT 'corrects' AS how, number FROM message WHERE number = ANY(%(corrects)s)
    UNION ALL SELECT 'corrected-by', number FROM message WHERE corrects = ANY(%(numbers)s)
) which JOIN message m USING (number)
ORDER BY m.id, how, m.revision DESC
"""

_PEOPLE: Final = """
SELECT id, email, roles FROM users WHERE id IN (
    SELECT submitted_by FROM message WHERE id = %(id)s
    UNION SELECT approved_by FROM message WHERE id = %(id)s
    UNION SELECT a.user_id FROM approval a WHERE a.message = ANY(%(numbers)s)
    UNION SELECT actor FROM audit WHERE subject = %(subject)s
) ORDER BY id
"""

_PUBLISHED: Final = """
SELECT audience, published_at, withdrawn_at FROM feed_entry WHERE message = %(shown)s ORDER BY published_at, audience
"""

_REACHED: Final = """
SELECT count(DISTINCT told.contact) FROM delivery d CROSS JOIN LATERAL (
    SELECT d.contact UNION ALL
    SELECT s.contact FROM shared_delivery s WHERE s.message = d.message AND s.sequence = d.sequence
) told (contact) WHERE d.message = %(message)s AND d.state = ANY(%(good)s)
"""
