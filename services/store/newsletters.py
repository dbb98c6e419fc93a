"""Newsletters: what they are now, and the series that their editions belong to.

A newsletter keeps its id, its List-Id and its series for life; its name and its definition may change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from services.domain.newsletters import Newsletter
from services.runtime.postgres import Connection

Lock = Literal["", "wait", "if-free"]

SERIES: Final = "newsletter-"
"""What the slug of a newsletter's series begins with: the incident that its editions are messages of."""


@dataclass(frozen=True, slots=True)
class NewsletterRow:
    """A newsletter. `begins`: the first local date that is decided. `paused_until` None: until it is resumed."""

    id: int
    slug: str
    list_id: str
    incident: str
    definition: Newsletter
    hash: str
    begins: date
    written_by: int
    written_at: datetime
    created_at: datetime
    paused_at: datetime | None
    paused_until: datetime | None
    paused_reason: str

    def paused(self, now: datetime) -> bool:
        """Whether it is paused at this moment."""
        if self.paused_at is None or now < self.paused_at:
            return False
        return self.paused_until is None or now < self.paused_until


async def add(connection: Connection, definition: Newsletter, *, begins: date, by: int) -> NewsletterRow:
    """A new one. Its series, `series_of(slug)`, is an incident that is there already, and no other newsletter's."""
    return (await _rows(connection, _ADD, {**_written(definition, by), "begins": begins, **_names(definition)}))[0]


async def find(connection: Connection, slug: str, *, lock: Lock = "") -> NewsletterRow | None:
    """The one of this name. `lock` keeps it, and what is decided of it, as it is until the transaction ends."""
    return await _one(connection, "slug = %(key)s", slug, lock=lock)


async def by_id(connection: Connection, newsletter: int, *, lock: Lock = "") -> NewsletterRow | None:
    """The one of this number. `lock` as in `find`; None too when it is to be locked only if free, and is not."""
    return await _one(connection, "id = %(key)s", newsletter, lock=lock)


async def of_series(connection: Connection, incident: str) -> NewsletterRow | None:
    """The one whose series this incident is; None for every other incident."""
    return await _one(connection, "incident = %(key)s", incident)


async def once_named(connection: Connection, slug: str) -> NewsletterRow | None:
    """The one that was first called so: its List-Id, and so this name, is its own for life."""
    return await _one(connection, "list_id = %(key)s", slug)


async def all_newsletters(connection: Connection) -> Sequence[NewsletterRow]:
    """All of them, by name."""
    return await _rows(connection, f"SELECT {COLUMNS} FROM newsletter ORDER BY slug", {})


async def change(connection: Connection, newsletter: int, definition: Newsletter, *, by: int) -> NewsletterRow:
    """Define it anew, by its name too. Call with its row locked."""
    return (await _rows(connection, _CHANGE, {**_written(definition, by), "id": newsletter}))[0]


async def rename(connection: Connection, newsletter: int, slug: str) -> None:
    """Call it otherwise: that is no other definition, and nobody wrote one. Call with its row locked."""
    query = "UPDATE newsletter SET slug = %(to)s, definition = definition || jsonb_build_object('slug', %(to)s::text)"
    await connection.execute(f"{query} WHERE id = %(id)s".encode(), {"to": slug, "id": newsletter})


async def set_pause(
    connection: Connection, newsletter: int, *, since: datetime | None, until: datetime | None = None, reason: str = ""
) -> None:
    """Pause it from this moment on, until the other; or, with None, no more. Call with its row locked."""
    values = {"id": newsletter, "since": since, "until": until, "reason": reason}
    await connection.execute(_PAUSE, values)


def series_of(slug: str) -> str:
    """The slug of the series of a new newsletter of this name."""
    return f"{SERIES}{slug}"


def _names(definition: Newsletter) -> dict[str, Any]:
    return {"list_id": definition.slug, "incident": series_of(definition.slug)}


def _written(definition: Newsletter, by: int) -> dict[str, Any]:
    plain = Jsonb(definition.model_dump(mode="json"))
    return {"slug": definition.slug, "definition": plain, "hash": definition.hash, "by": by}


async def _one(connection: Connection, which: str, key: str | int, *, lock: Lock = "") -> NewsletterRow | None:
    found = await _rows(connection, f"SELECT {COLUMNS} FROM newsletter WHERE {which} {_LOCKS[lock]}", {"key": key})
    return found[0] if found else None


async def _rows(connection: Connection, query: str, values: dict[str, Any]) -> list[NewsletterRow]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        rows = await cursor.fetchall()
    return [NewsletterRow(**{**row, "definition": Newsletter.model_validate(row["definition"])}) for row in rows]


_LOCKS: Final[Mapping[Lock, str]] = {
    "": "",
    "wait": "FOR NO KEY UPDATE",
    "if-free": "FOR NO KEY UPDATE SKIP LOCKED",
}

COLUMNS: Final = ", ".join(NewsletterRow.__dataclass_fields__)

_ADD: Final = f"""
INSERT INTO newsletter (slug, list_id, incident, definition, hash, begins, written_by)
VALUES (%(slug)s, %(list_id)s, %(incident)s, %(definition)s, %(hash)s, %(begins)s, %(by)s) RETURNING {COLUMNS}
"""

_CHANGE: Final = f"""
UPDATE newsletter SET slug = %(slug)s, definition = %(definition)s, hash = %(hash)s, written_by = %(by)s,
    written_at = clock_timestamp()
WHERE id = %(id)s RETURNING {COLUMNS}
"""

_PAUSE: Final = """
UPDATE newsletter SET paused_at = %(since)s, paused_until = %(until)s, paused_reason = %(reason)s WHERE id = %(id)s
"""
