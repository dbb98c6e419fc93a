"""Who stands behind a reader's link: the contacts to whom that mail of an edition went, as long as it is theirs.

A link has power over those alone whose address is still the one that the mail went to: whoever had a mailbox before
them can read and change nothing. It has none before the release, and none for a message that is no edition.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from services.domain.editions import KIND
from services.runtime.postgres import Connection
from services.runtime.reader_links import Reader
from services.store.mailing_lists import Titles, titles_of


@dataclass(frozen=True, slots=True)
class Readership:
    """The readers of one mail, at least one; they share its address. The first is the one whom it names.

    `message`, `variant`: what they got. `language` is what they read now. `audience`: in which they got it; `listed`:
    one of them is in it still. `organisation` and the like are the first's, and fill slots.
    """

    newsletter: int
    message: int
    variant: int
    audience: str
    segment: str
    language: str
    contacts: list[int]
    listed: bool
    withdrawn_at: datetime | None
    name: str
    organisation: str
    municipality: str
    role: str


async def readers(connection: Connection, link: Reader) -> Readership | None:
    """Those behind a link that we made; None when it is of no use (any more)."""
    async with connection.cursor(row_factory=class_row(Readership)) as cursor:
        await cursor.execute(_READERS, {"message": link.message, "sequence": link.sequence, "kind": KIND})
        return await cursor.fetchone()


async def titles(connection: Connection, newsletter: int) -> Titles:
    """How the newsletter with this number is called now."""
    row = await (
        await connection.execute(
            "SELECT definition->'title', definition->>'language' FROM newsletter WHERE id = %s", (newsletter,)
        )
    ).fetchone()
    return titles_of(*row) if row else Titles({}, "")


_READERS: Final = """
WITH mail AS (
    SELECT d.message, d.sequence, d.contact, d.variant, v.audience, v.segment, m.withdrawn_at,
        (m.content->>'newsletter')::bigint AS newsletter, lower(sent.value) AS place
    FROM delivery d
    JOIN message m ON m.number = d.message AND m.kind = %(kind)s AND m.released_at IS NOT NULL AND d.step <= m.open_step
    JOIN variant v ON v.message = d.message AND v.number = d.variant AND v.channel = 'mail'
    JOIN address sent ON sent.id = d.address AND sent.value IS NOT NULL
    WHERE d.message = %(message)s AND d.sequence = %(sequence)s
), behind AS (
    SELECT c.id, c.language, c.chosen_language, c.name, c.organisation, c.municipality, c.role,
        c.id = mail.contact AS named, EXISTS (
        SELECT FROM contact_audience a WHERE a.contact = c.id AND a.audience = mail.audience
    ) AS listed
    FROM mail CROSS JOIN LATERAL (
        SELECT mail.contact AS id UNION
        SELECT s.contact FROM shared_delivery s WHERE s.message = mail.message AND s.sequence = mail.sequence
    ) those
    JOIN contact c ON c.id = those.id AND c.removed_at IS NULL
    JOIN address own ON own.contact = c.id AND own.channel = 'mail' AND own.current AND lower(own.value) = mail.place
)
SELECT mail.newsletter, mail.message, mail.variant, mail.audience, mail.segment, mail.withdrawn_at,
    coalesce(first.chosen_language, first.language) AS language, all_of.contacts, all_of.listed,
    first.name, first.organisation, coalesce(first.municipality, '') AS municipality, first.role
FROM mail
CROSS JOIN LATERAL (SELECT * FROM behind ORDER BY named DESC, id LIMIT 1) first
CROSS JOIN LATERAL (
    SELECT array_agg(id ORDER BY named DESC, id) AS contacts, bool_or(listed) AS listed FROM behind
) all_of
"""
