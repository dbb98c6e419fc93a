"""What an import would change, before and after, as somebody is shown it; in the transaction of `compare_staged`."""

from typing import Any, Final

from psycopg import AsyncConnection

NONE: Final = "0" * 64
"""No digest of any differences."""


async def write_down(connection: AsyncConnection[Any]) -> str:
    """Make `contact_difference` of this transaction: a row for each contact that would change. Returns its digest.

    Two digests are the same when the same contacts would change in the same way from the same state.
    """
    await connection.execute(DIFFERENCES)
    row = await (await connection.execute(DIGEST)).fetchone()
    return str(row[0]) if row else NONE


_BEFORE: Final = """jsonb_build_object(
    'name', c.name, 'organisation', c.organisation, 'role', c.role,
    'audience', ARRAY(SELECT audience FROM contact_audience WHERE contact = c.id ORDER BY audience COLLATE "C"),
    'municipality', coalesce(c.municipality, ''), 'province', coalesce(c.province, ''), 'language', c.language,
    'email', coalesce(mail.value, ''), 'mobile', coalesce(sms.value, ''),
    'deputy', ARRAY(SELECT d.external_id FROM contact_deputy y JOIN contact d ON d.id = y.deputy
        WHERE y.contact = c.id ORDER BY y.place))"""

_AFTER: Final = """jsonb_build_object(
    'name', n.name, 'organisation', n.organisation, 'role', n.role, 'audience', n.audiences,
    'municipality', coalesce(n.municipality, ''), 'province', coalesce(n.province, ''), 'language', n.language,
    'email', coalesce(n.mail, ''), 'mobile', coalesce(n.sms, ''))"""

DIFFERENCES: Final = f"""
    CREATE TEMP TABLE contact_difference ON COMMIT DROP AS
    WITH sides AS (
        SELECT n.line, n.external_id, n.name,
            CASE WHEN n.is_new THEN 'added' WHEN c.removed_at IS NOT NULL THEN 'returned' ELSE 'changed' END AS kind,
            CASE WHEN n.is_new THEN '{{}}' ELSE {_BEFORE} END AS before,
            {_AFTER} || CASE WHEN n.deputies IS NULL THEN '{{}}' ELSE jsonb_build_object('deputy', n.deputies) END
                AS after
        FROM contact_change n LEFT JOIN contact c ON c.id = n.known_id
        LEFT JOIN address mail ON mail.id = n.mail_version LEFT JOIN address sms ON sms.id = n.sms_version
    )
    SELECT row_number() OVER (ORDER BY line) AS place, external_id, name, kind,
        (SELECT coalesce(jsonb_object_agg(key, before -> key), '{{}}') FROM jsonb_object_keys(after) key
            WHERE before -> key IS DISTINCT FROM after -> key) AS before,
        (SELECT coalesce(jsonb_object_agg(key, after -> key), '{{}}') FROM jsonb_object_keys(after) key
            WHERE before -> key IS DISTINCT FROM after -> key) AS after
    FROM sides"""

DIGEST: Final = r"""
    SELECT encode(sha256(convert_to(coalesce(string_agg(
        concat_ws(E'\t', external_id, kind, before, after), E'\n' ORDER BY place), ''), 'UTF8')), 'hex')
    FROM contact_difference"""
