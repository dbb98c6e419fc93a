"""A contact list goes into the database: everything of it, or nothing.

It is merged set by set, so that a list of a million costs a handful of statements. Nothing here deletes a
contact, and an address is never changed: a new version takes its place, because plans pin the version that they used.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection

from services.domain.contact_row import ContactRow

IMPORT_LOCK: Final = 0x636F6E74  # "cont": two imports at once wait for each other


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How many contacts an import added, updated and left as they were."""

    added: int
    updated: int
    unchanged: int


async def stage(connection: AsyncConnection[Any], rows: Iterable[ContactRow]) -> None:
    """Copy the rows into a table of this transaction alone; `merge_staged` does the rest."""
    await connection.execute(STAGED)
    async with connection.cursor().copy(f"COPY staged_contact ({', '.join(STAGED_COLUMNS)}) FROM STDIN") as copy:
        for row in rows:
            await copy.write_row(_staged(row))


async def merge_staged(connection: AsyncConnection[Any]) -> ImportCounts:
    """Bring the contacts in line with the staged rows; contacts that are not among them stay as they are.

    Run it in the transaction of `stage`, on isolation level READ COMMITTED. A removed contact that is staged again
    comes back, and counts as updated.
    """
    counts = await compare_staged(connection)
    await apply_compared(connection)
    return counts


async def compare_staged(connection: AsyncConnection[Any]) -> ImportCounts:
    """What would change, and changes nothing yet; nobody else imports until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (IMPORT_LOCK,))
    await connection.execute("ANALYZE staged_contact")
    await connection.execute(CHANGES)
    await connection.execute("ANALYZE contact_change")
    return await _counts(connection)


async def apply_compared(connection: AsyncConnection[Any]) -> None:
    """Change what `compare_staged` found."""
    for statement in MERGE:
        await connection.execute(statement)
    await connection.execute("ANALYZE contact, contact_audience, address")  # else the next query plans for a few rows


async def unknown_deputies(connection: AsyncConnection[Any]) -> list[tuple[int, str]]:
    """Line and external id of each deputy whom neither the list nor the database has. Call after `merge_staged`."""
    rows = await connection.execute(UNKNOWN_DEPUTIES)
    return [(line, external_id) for line, external_id in await rows.fetchall()]


def _staged(row: ContactRow) -> tuple[object, ...]:
    return (
        row.external_id,
        row.name,
        row.organisation,
        row.role,
        row.municipality or None,
        row.province or None,
        row.language,
        sorted(row.audiences),
        row.email,
        row.mobile,
        list(row.deputies) if row.deputies is not None else None,
        row.line,
    )


async def _counts(connection: AsyncConnection[Any]) -> ImportCounts:
    cursor = await connection.execute("""
        SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new),
               (SELECT count(*) FROM staged_contact) - count(*)
        FROM contact_change""")
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    return ImportCounts(*row)


STAGED_COLUMNS: Final = (
    "external_id", "name", "organisation", "role", "municipality", "province", "language", "audiences", "mail", "sms",
    "deputies", "line",
)  # fmt: skip

STAGED: Final = """
    CREATE TEMP TABLE staged_contact (
        external_id text PRIMARY KEY, name text, organisation text, role text, municipality text, province text,
        language text, audiences text[], mail text, sms text, deputies text[], line integer
    ) ON COMMIT DROP"""

CHANGES: Final = """
    CREATE TEMP TABLE contact_change ON COMMIT DROP AS
    WITH compared AS (
        SELECT s.*, c.id AS known_id, mail.id AS mail_version, sms.id AS sms_version,
            (c.name, c.organisation, c.role, c.municipality, c.province, c.language, c.removed_at IS NULL)
                IS DISTINCT FROM
            (s.name, s.organisation, s.role, s.municipality, s.province, s.language, true) AS is_changed,
            g.audiences IS DISTINCT FROM s.audiences AS audiences_changed,
            mail.value IS DISTINCT FROM s.mail AS mail_changed,
            sms.value IS DISTINCT FROM s.sms AS sms_changed,
            s.deputies IS NOT NULL AND s.deputies IS DISTINCT FROM coalesce(y.deputies, '{}') AS deputies_changed
        FROM staged_contact s
        LEFT JOIN contact c USING (external_id)
        LEFT JOIN address mail ON mail.contact = c.id AND mail.channel = 'mail' AND mail.current
        LEFT JOIN address sms ON sms.contact = c.id AND sms.channel = 'sms' AND sms.current
        LEFT JOIN (
            SELECT contact, array_agg(audience ORDER BY audience COLLATE "C") AS audiences
            FROM contact_audience GROUP BY contact
        ) g ON g.contact = c.id
        LEFT JOIN (
            SELECT known.contact, array_agg(d.external_id ORDER BY known.place) AS deputies
            FROM contact_deputy known JOIN contact d ON d.id = known.deputy GROUP BY known.contact
        ) y ON y.contact = c.id
    )
    SELECT compared.*, known_id IS NULL AS is_new,
        coalesce(known_id, nextval(pg_get_serial_sequence('contact', 'id'))) AS contact
    FROM compared
    WHERE known_id IS NULL OR is_changed OR audiences_changed OR mail_changed OR sms_changed OR deputies_changed"""

UNKNOWN_DEPUTIES: Final = """
    SELECT s.line, named FROM staged_contact s CROSS JOIN LATERAL unnest(s.deputies) named
    WHERE NOT EXISTS (
        SELECT FROM contact c WHERE c.external_id = named AND c.removed_at IS NULL AND c.user_id IS NULL
    ) ORDER BY s.line, named LIMIT 1000"""

MERGE: Final = (
    """
    INSERT INTO contact (id, external_id, name, organisation, role, municipality, province, language)
    OVERRIDING SYSTEM VALUE
    SELECT contact, external_id, name, organisation, role, municipality, province, language
    FROM contact_change WHERE is_new""",
    """
    UPDATE contact SET name = n.name, organisation = n.organisation, role = n.role, municipality = n.municipality,
        province = n.province, language = n.language, removed_at = NULL, updated_at = now()
    FROM contact_change n WHERE contact.id = n.contact AND NOT n.is_new""",
    """
    DELETE FROM contact_audience old USING contact_change n
    WHERE old.contact = n.contact AND NOT n.is_new AND old.audience <> ALL (n.audiences)""",
    """
    INSERT INTO contact_audience (audience, contact)
    SELECT unnest(audiences), contact FROM contact_change WHERE is_new OR audiences_changed
    ON CONFLICT DO NOTHING""",
    """
    UPDATE address SET current = false
    FROM contact_change n
    CROSS JOIN LATERAL (VALUES (n.mail_version, n.mail_changed), (n.sms_version, n.sms_changed)) AS old (id, changed)
    WHERE address.id = old.id AND old.changed""",
    """
    INSERT INTO address (contact, channel, value)
    SELECT n.contact, new.channel, new.value
    FROM contact_change n
    CROSS JOIN LATERAL (VALUES ('mail', n.mail, n.mail_changed), ('sms', n.sms, n.sms_changed))
        AS new (channel, value, changed)
    WHERE new.changed AND new.value IS NOT NULL""",
    """
    DELETE FROM contact_deputy old USING contact_change n WHERE old.contact = n.contact AND n.deputies_changed""",
    """
    INSERT INTO contact_deputy (contact, deputy, place)
    SELECT n.contact, d.id, named.place FROM contact_change n
    CROSS JOIN LATERAL unnest(n.deputies) WITH ORDINALITY AS named (external_id, place)
    JOIN contact d ON d.external_id = named.external_id AND d.id <> n.contact
    WHERE n.deputies_changed""",
)
