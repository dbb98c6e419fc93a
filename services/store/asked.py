"""What stands behind a confirming link: who got that copy of which message, and how that message stands now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.runtime.postgres import Connection
from services.runtime.reader_links import Reader
from services.store.confirmations import BEHIND


@dataclass(frozen=True, slots=True)
class Asked:
    """Those who were asked to confirm by one delivery: they share its address, or a deputy has it for them.

    `sharing`: how many have its address. `confirmed_at`: when the last of them confirmed; None while one of them did
    not. `put_right`: a correction of it was released. `over`: `expires_at` has passed.
    """

    message: int
    sequence: int
    language: str
    title: str
    exercise: bool
    released_at: datetime
    contacts: list[int]
    sharing: int
    confirmed_at: datetime | None
    withdrawn: bool
    put_right: bool
    stopped: bool
    over: bool

    @property
    def standing(self) -> str:
        """The word for a message that is not as it was; '' for one that holds."""
        for word in ("withdrawn", "put_right", "stopped", "over"):
            if getattr(self, word):
                return word
        return ""


async def asked(connection: Connection, link: Reader) -> Asked | None:
    """Those behind a link that we made; None where nobody is asked anything (a test, a message not released yet)."""
    async with connection.cursor(row_factory=class_row(Asked)) as cursor:
        await cursor.execute(_ASKED.encode(), {"message": link.message, "sequence": link.sequence})
        return await cursor.fetchone()


_ASKED: Final = f"""
SELECT d.message, d.sequence, v.language, m.exercise, m.released_at, behind.contacts,
    coalesce(own.title, common.title, i.title) AS title,
    (SELECT max(c.at) FROM confirmation c WHERE c.message = d.message AND c.contact = ANY(behind.contacts)
        HAVING count(*) = cardinality(behind.contacts)) AS confirmed_at,
    (SELECT 1 + count(*) FROM shared_delivery s WHERE s.message = d.message AND s.sequence = d.sequence) AS sharing,
    m.withdrawn_at IS NOT NULL AS withdrawn,
    EXISTS (SELECT FROM message o WHERE o.corrects = m.number AND o.kind = 'correction' AND o.released_at IS NOT NULL)
        AS put_right,
    m.stopped_at IS NOT NULL AS stopped,
    coalesce(m.expires_at <= clock_timestamp(), false) AS over
FROM delivery d
JOIN message m ON m.number = d.message AND m.confirm_minutes IS NOT NULL AND m.released_at IS NOT NULL
    AND d.step <= m.open_step
JOIN incident i ON i.slug = m.incident
JOIN variant v ON v.message = d.message AND v.number = d.variant AND v.channel IN ('mail', 'sms')
CROSS JOIN LATERAL (
    SELECT ARRAY{BEHIND.format(copy="d")} AS contacts
) behind
LEFT JOIN LATERAL (
    SELECT nullif(t->>'text', '') AS title FROM jsonb_array_elements(m.content->'title') t
    WHERE t->>'language' = v.language LIMIT 1
) own ON true
LEFT JOIN LATERAL (
    SELECT nullif(t->>'text', '') AS title FROM jsonb_array_elements(m.content->'title') t
    WHERE coalesce(t->>'language', m.content->>'language') = m.content->>'language' LIMIT 1
) common ON true
WHERE d.message = %(message)s AND d.sequence = %(sequence)s AND d.contact IS NOT NULL
"""
