"""The people of a message, each with the channel and what became of their copy there: names, and no addresses."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg.rows import class_row

from services.domain.states import GOOD, State
from services.runtime.postgres import Connection
from services.store import confirmations, corrections
from services.store.messages import Message

ROWS_PER_FETCH: Final = 2000

Which = Literal["all", "reached", "not-reached", "not-corrected", "confirmed", "not-confirmed"]


@dataclass(frozen=True, slots=True)
class Person:
    """A contact on a channel. `state` is that of the copy that stands for them, `reason` a short word of the ledger's.

    Of someone for whom nothing was planned `channel` is None and `state` is `none`.
    """

    external_id: str
    name: str
    audience: str | None
    channel: str | None
    state: str
    reason: str | None


async def people(
    connection: Connection, message: Message, which: Which = "all", state: State | None = None
) -> AsyncIterator[Person]:
    """These people in the order of the plan, from a cursor on the server; run it in a transaction.

    `reached`: an accepted copy on one channel at least. `not-corrected`: of a correction, who got the error, or may
    have, and has no accepted copy of the correction. `confirmed` and `not-confirmed`: of those who were asked, once
    each, with their first copy; of the confirmed `reason` is how. `state`: only copies in this state.
    """
    chain = await corrections.corrected(connection, message) if which == "not-corrected" else []
    values: dict[str, Any] = corrections.values(message, chain) | {"state": None if state is None else int(state)}
    async with connection.cursor("people", row_factory=class_row(Person)) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        await connection.execute(_ROOM)
        await cursor.execute(_QUERIES[which].encode(), values)
        async for person in cursor:
            yield person


_ROOM: Final = "SET LOCAL work_mem = '64MB'"
"""Whom `IN` names is one hash, of a million too; what had no room would be compared with everybody."""

_TOLD: Final = """
told AS (
    SELECT d.message, d.sequence, d.contact, d.variant, d.state, d.reason FROM delivery d
    WHERE d.message = %(message)s AND d.contact IS NOT NULL
    UNION ALL SELECT d.message, d.sequence, s.contact, d.variant, d.state, d.reason
    FROM shared_delivery s JOIN delivery d USING (message, sequence) WHERE s.message = %(message)s
)"""

_WORDS: Final = " ".join(f"WHEN {state:d} THEN '{state.word}'" for state in State)
_WORD: Final = f"CASE t.state {_WORDS} ELSE 'none' END"

_IN_GOOD: Final = f"state IN ({', '.join(f'{state:d}' for state in sorted(GOOD))})"
_GOOD: Final = f"(SELECT contact FROM told WHERE {_IN_GOOD})"

# Few copies failed, so few people are compared: those are told apart from the many by two passes, and no row is kept.
_NOT_REACHED: Final = f"""{_TOLD.replace("told AS", "told AS NOT MATERIALIZED")},
failed AS MATERIALIZED (SELECT * FROM told WHERE NOT {_IN_GOOD}),
reached AS (SELECT contact FROM failed INTERSECT {_GOOD})"""

_SHOWN: Final = f"""
SELECT c.external_id, c.name, v.audience, v.channel, {_WORD} AS state,
    coalesce(t.reason, CASE WHEN c.removed_at IS NOT NULL THEN 'removed' END) AS reason"""

_THOSE: Final = f"""
WITH {_TOLD} {_SHOWN} FROM told t JOIN contact c ON c.id = t.contact
JOIN variant v ON v.message = t.message AND v.number = t.variant
WHERE (%(state)s::smallint IS NULL OR t.state = %(state)s) AND {{which}} ORDER BY t.sequence, c.id"""

_ONCE: Final = f"""
SELECT c.external_id, c.name, v.audience, v.channel, {_WORD} AS state, {{reason}} AS reason
FROM {{those}} t_ JOIN delivery t ON t.message = %(message)s AND t.sequence = t_.sequence
JOIN contact c ON c.id = t_.contact JOIN variant v ON v.message = t.message AND v.number = t.variant
WHERE %(state)s::smallint IS NULL OR t.state = %(state)s ORDER BY t_.sequence, c.id"""

# A condition within CASE is one hash, whatever a planner believes of rows this young: a join of two such sets may
# become one of everybody with everybody.
_CONFIRMED: Final = f"""{confirmations.CONFIRMED}, {confirmations.ASKED},
known AS (SELECT * FROM asked WHERE CASE WHEN contact IN (SELECT contact FROM confirmed) THEN true END)"""

# Of somebody for whom a deputy did so, `how` is the deputy's.
_HOW: Final = """(
    SELECT how FROM (
        SELECT how, at FROM confirmation WHERE message = %(message)s AND contact = t_.contact
        UNION ALL SELECT f.how, f.at FROM addition d
        JOIN confirmation f ON f.message = d.message AND f.contact = d.recipient AND d.at <= f.at
        WHERE d.message = %(message)s AND d.origin = 'deputy' AND d.contact = t_.contact
    ) each ORDER BY at LIMIT 1)"""

_QUERIES: Final[dict[Which, str]] = {
    "confirmed": f"WITH {_CONFIRMED} " + _ONCE.format(those="known", reason=_HOW),
    "not-confirmed": f"WITH {confirmations.NOT_CONFIRMED} " + _ONCE.format(those="not_confirmed", reason="t.reason"),
    "all": _THOSE.format(which="true"),
    "reached": _THOSE.format(which=f"t.contact IN {_GOOD}"),
    "not-reached": f"""
WITH {_NOT_REACHED} {_SHOWN} FROM failed t JOIN contact c ON c.id = t.contact
JOIN variant v ON v.message = t.message AND v.number = t.variant
WHERE (%(state)s::smallint IS NULL OR t.state = %(state)s) AND t.contact NOT IN (SELECT contact FROM reached)
ORDER BY t.sequence, c.id""",
    "not-corrected": f"""
WITH {_TOLD}, {corrections.NOT_CORRECTED} {_SHOWN} FROM not_corrected n JOIN contact c ON c.id = n.contact
LEFT JOIN told t ON t.contact = n.contact LEFT JOIN variant v ON v.message = t.message AND v.number = t.variant
WHERE %(state)s::smallint IS NULL OR t.state = %(state)s ORDER BY t.sequence NULLS FIRST, c.id""",
}
