"""One contact as somebody looks them up: found by any word, and all that is known of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row, dict_row

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store.contacts import ADDRESSES, CONTACT, Contact

_NUMBER: Final = re.compile(r"\+?[\d\s./()-]{4,}")
_DOMAIN: Final = re.compile(r"\w\.\w")
Place = tuple[str, int]
"""Where a page ended: the last name in small letters, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Whom one looks for; what is given narrows. `addresses`: whether words are looked for in these too."""

    words: str = ""
    audience: str = ""
    province: str = ""
    role: str = ""
    without: str = ""
    addresses: bool = False


async def found(
    connection: Connection, sought: Sought, *, after: Place | None = None, most: int = 50
) -> Sequence[Contact]:
    """A page of them by name, beginning after this place."""
    values: dict[str, Any] = {
        "audience": sought.audience, "province": sought.province, "role": " ".join(sought.role.lower().split()),
        "without": sought.without, **_words(sought),
        "name": after[0] if after else None, "id": after[1] if after else None, "most": most,
    }  # fmt: skip
    conditions = [condition for name, condition in _NARROWED.items() if values[name]]
    conditions += [_WORD.format(word=name) for name in values if name.startswith("word_")]
    conditions += [_ADDRESS.format(word=name) for name in values if name.startswith("address_")]
    query = " AND ".join([f"{CONTACT} WHERE c.removed_at IS NULL AND c.user_id IS NULL", *conditions])
    async with connection.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(f"{query} ORDER BY lower(c.name), c.id LIMIT %(most)s".encode(), values)
        return await cursor.fetchall()


async def one(connection: Connection, external_id: str) -> Contact | None:
    """The contact with this external id, also one that was removed."""
    async with connection.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(
            f"{CONTACT} WHERE c.user_id IS NULL AND c.external_id = %(id)s".encode(), {"id": external_id}
        )
        return await cursor.fetchone()


async def changed_at(connection: Connection, external_id: str, *, lock: bool = False) -> datetime | None:
    """When the contact was last changed; None when there is none that stands."""
    rows = await connection.execute(
        "SELECT updated_at FROM contact WHERE external_id = %s AND removed_at IS NULL AND user_id IS NULL"
        + (" FOR UPDATE" if lock else ""),
        (external_id,),
    )
    row = await rows.fetchone()
    return row[0] if row else None


async def last_change(connection: Connection) -> tuple[datetime | None, int]:
    """What is another whenever contacts changed: when any was last, and how often lists were imported.

    An import bears the time at which it began, and may commit after what came later.
    """
    row = await (await connection.execute(_LAST_CHANGE)).fetchone()
    return (row[0], row[1]) if row else (None, 0)


async def more(connection: Connection, contact: int) -> dict[str, Any]:
    """`deputies` and `stands_in_for` (external id, name), `opted_out` (since when), `updated_at`."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_MORE, {"contact": contact})
        return await cursor.fetchone() or {}


async def lately(connection: Connection, contact: int, most: int = 15) -> Sequence[dict[str, Any]]:
    """What they got, the latest first: message, channel, state, and when they confirmed. Found by their addresses."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_LATELY, {"contact": contact, "most": most})
        rows = await cursor.fetchall()
    return [{**row, "state": State(row["state"]).word} for row in rows]


def _words(sought: Sought) -> dict[str, str]:
    """Each word under a name, in small letters; what looks like an address or a number is looked for among these."""
    if sought.addresses and _NUMBER.fullmatch(sought.words.strip()):
        digits = re.sub(r"\D", "", sought.words).removeprefix("00").lstrip("0")
        return {"address_0": f"%{digits}%"}
    found = {}
    for place, word in enumerate(sought.words.lower().split()[:8]):
        address = sought.addresses and ("@" in word or _DOMAIN.search(word))
        kind = "address" if address else "word"
        found[f"{kind}_{place}"] = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
    return found


_WORD: Final = "c.sought LIKE %({word})s"
_ADDRESS: Final = """c.id = ANY (ARRAY(
    SELECT contact FROM address WHERE current AND lower(value COLLATE "C") LIKE %({word})s LIMIT 1000))"""

_NARROWED: Final = {
    "audience": "EXISTS (SELECT FROM contact_audience WHERE contact = c.id AND audience = %(audience)s)",
    "province": "c.province = %(province)s",
    "role": r"lower(regexp_replace(c.role, '\s+', ' ', 'g')) = %(role)s",
    "without": "CASE %(without)s WHEN 'mail' THEN mail.value IS NULL ELSE sms.value IS NULL END",
    "name": "(lower(c.name), c.id) > (%(name)s, %(id)s)",
}

# An index has both: a look at its end, and a line for each import.
_LAST_CHANGE: Final = """
SELECT (SELECT max(updated_at) FROM contact), (SELECT count(*) FROM audit WHERE action = 'contacts.imported')"""

_MORE: Final = f"""
SELECT c.updated_at, o.at AS opted_out,
    (SELECT coalesce(json_agg(json_build_array(d.external_id, d.name) ORDER BY y.place), '[]') FROM contact_deputy y
        JOIN contact d ON d.id = y.deputy AND d.removed_at IS NULL WHERE y.contact = c.id) AS deputies,
    (SELECT coalesce(json_agg(json_build_array(d.external_id, d.name) ORDER BY d.name), '[]') FROM contact_deputy y
        JOIN contact d ON d.id = y.contact AND d.removed_at IS NULL WHERE y.deputy = c.id) AS stands_in_for
FROM contact c {ADDRESSES} LEFT JOIN opt_out o ON o.number = sms.value WHERE c.id = %(contact)s"""

# Their own copies, and those to an equal address that stand for them too.
_LATELY: Final = """
WITH theirs AS MATERIALIZED (SELECT id, channel, value FROM address WHERE contact = %(contact)s),
alike AS (
    SELECT id FROM theirs
    UNION SELECT a.id FROM theirs JOIN address a USING (channel, value) WHERE a.contact <> %(contact)s
)
SELECT m.id, coalesce(m.content -> 'title' -> 0 ->> 'text', '') AS title, m.incident, v.channel, d.state,
    coalesce(d.accepted_at, m.released_at) AS at, m.confirm_minutes IS NOT NULL AS asked,
    (SELECT f.at FROM confirmation f WHERE f.message = m.number AND f.contact = %(contact)s) AS confirmed_at
FROM alike JOIN delivery d ON d.address = alike.id
JOIN message m ON m.number = d.message AND m.released_at IS NOT NULL
JOIN variant v ON v.message = d.message AND v.number = d.variant
WHERE d.contact = %(contact)s OR EXISTS (
    SELECT FROM shared_delivery s
    WHERE s.message = d.message AND s.sequence = d.sequence AND s.contact = %(contact)s)
ORDER BY m.number DESC, v.channel LIMIT %(most)s
"""
