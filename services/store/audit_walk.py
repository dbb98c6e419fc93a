"""A walk along the chain of the audit, that finds where it was broken (docs/audit.md).

It trusts nothing that stands in the database but the rows themselves: it hashes and compares here. It sees one state of
them all, and keeps none.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg.rows import class_row, tuple_row

from services.runtime.postgres import Connection
from services.store.audit import reason_hash
from services.store.audit_chain import BEFORE_THE_FIRST, ROWS_PER_FETCH, Head, instant, link_hash

BREAKS_TOLD: Final = 20
SEALED_WITHIN: Final = timedelta(minutes=5)
"""A row is written in the transaction that acts, and sealed when that commits: a few seconds at most."""


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold. `at` is the time in the entry, else in the row; None when neither says."""

    position: int | None
    audit: int | None
    at: str | None
    what: str


@dataclass(slots=True)
class Walked:
    """What a walk found. `breaks` counts them all, `told` has the first `BREAKS_TOLD`.

    What follows breaks nothing, and is remarked on. `set_back`: a link was sealed, by the clock, before the one before
    it. `sealed_late`: it was written long before it was sealed: recorded before there was a chain, or a clock was set.
    """

    links: int = 0
    head: Head | None = None
    breaks: int = 0
    told: list[Break] = field(default_factory=list)
    set_back: int = 0
    sealed_late: int = 0
    reasons_erased: int = 0
    sealed_at: str = ""

    def found(self, each: Break) -> None:
        """Count it."""
        self.breaks += 1
        if len(self.told) < BREAKS_TOLD:
            self.told.append(each)


async def walk(
    connection: Connection, *, start: int = 1, expect: str | None = None, walked: Walked | None = None
) -> Walked:
    """Follow the chain from this position to its end. `connection` is in autocommit.

    What stands just before `start` is taken as it is. `expect` is a head noted earlier: it must be met on the way.
    `walked`: where it counts as it goes, for who looks on meanwhile.
    """
    walked = walked or Walked()
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        before, position, met = await _hash_before(connection, start), start - 1, expect is None
        async with connection.cursor("audit_chain", row_factory=class_row(_Seen)) as cursor:
            cursor.itersize = ROWS_PER_FETCH
            await cursor.execute(_WALK, (start,))
            async for seen in cursor:
                _look_at(seen, before, position, walked)
                met = met or seen.link_hash == expect
                before, position = seen.link_hash, seen.position
                walked.links += 1
        walked.head = Head(position, before) if walked.links else None
        if not met:
            what = (
                "the head that was noted is not in the chain: what followed it, or it itself, was taken away or remade"
            )
            walked.found(Break(position if walked.links else None, None, None, what))
        await _look_for_rows_without_link(connection, walked)
    return walked


@dataclass(frozen=True, slots=True)
class _Seen:
    """A link, and beside it the row of the audit that it is for; `id` None: there is no such row any more."""

    position: int
    audit: int
    entry: str
    link_hash: str
    id: int | None
    at: datetime | None
    actor: int | None
    action: str | None
    subject: str | None
    origin: str | None
    hash: str | None
    detail: str | None
    salt: str | None
    typed: str | None


def _look_at(seen: _Seen, before: str, position: int, walked: Walked) -> None:
    entry = _read(seen.entry)
    at = str(entry["at"]) if "at" in entry else instant(seen.at) if seen.at else None

    def broken(what: str) -> None:
        walked.found(Break(seen.position, seen.audit, at, what))

    if seen.position != position + 1:
        missing = seen.position - position - 1
        broken(f"{missing} links before this one are missing" if missing > 1 else "the link before this one is missing")
    elif link_hash(before, seen.entry) != seen.link_hash:
        broken("the hash does not follow from the hash before and this entry: one of the two was changed")
    if entry.get("position") != seen.position:
        broken("the entry is not the one of this position")
    elif seen.id is None:
        broken("the row was taken out of the audit")
    elif changed := _changed(seen, entry):
        broken(f"the row was changed: {', '.join(changed)}")
    elif "reason_sha256" in entry["detail"]:
        if seen.salt is None or seen.typed is None:
            walked.reasons_erased += 1
        elif reason_hash(seen.salt, seen.typed) != entry["detail"]["reason_sha256"]:
            broken("the reason that was typed was changed")
    _look_at_the_clock(entry, walked)


def _changed(seen: _Seen, entry: dict[str, Any]) -> list[str]:
    """Names of the columns in which the row is not what was hashed."""
    row = {
        "id": seen.id, "at": instant(seen.at) if seen.at else None, "actor": seen.actor, "action": seen.action,
        "subject": seen.subject, "origin": seen.origin, "hash": seen.hash, "detail": json.loads(seen.detail or "null"),
    }  # fmt: skip
    return [name for name, value in row.items() if name not in entry or entry[name] != value]


def _read(entry: str) -> dict[str, Any]:
    try:
        read = json.loads(entry)
    except ValueError:
        return {}
    return read if isinstance(read, dict) and isinstance(read.get("detail"), dict) else {}


def _look_at_the_clock(entry: dict[str, Any], walked: Walked) -> None:
    """Links are sealed one after the other, so that by a clock that is never set back their times only rise."""
    sealed = str(entry.get("sealed", ""))
    try:
        late = abs(datetime.fromisoformat(sealed) - datetime.fromisoformat(str(entry["at"]))) > SEALED_WITHIN
    except (KeyError, ValueError, TypeError):
        return
    walked.sealed_late += late
    walked.set_back += sealed < walked.sealed_at
    walked.sealed_at = sealed


async def _hash_before(connection: Connection, start: int) -> str:
    if start <= 1:
        return BEFORE_THE_FIRST
    rows = await connection.execute("SELECT hash FROM audit_chain WHERE position = %s", (start - 1,))
    row = await rows.fetchone()
    return str(row[0]) if row else ""


async def _look_for_rows_without_link(connection: Connection, walked: Walked) -> None:
    async with connection.cursor("unlinked", row_factory=tuple_row) as cursor:
        await cursor.execute(_WITHOUT_LINK)
        async for number, at in cursor:
            walked.found(Break(None, number, instant(at), "the row is not in the chain"))


_WALK: Final = """
SELECT c.position, c.audit, c.entry, c.hash AS link_hash, a.id, a.at, a.actor, a.action, a.subject, a.origin, a.hash,
    a.detail::text AS detail, r.salt, r.text AS typed
FROM audit_chain c LEFT JOIN audit a ON a.id = c.audit LEFT JOIN audit_reason r ON r.audit = c.audit
WHERE c.position >= %s ORDER BY c.position
"""

_WITHOUT_LINK: Final = """
SELECT a.id, a.at FROM audit a WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit = a.id) ORDER BY a.id
"""
