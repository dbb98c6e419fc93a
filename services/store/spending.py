"""What SMS cost by the batches of messages: one message's, or all of the last hour. Estimates, by segments."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from psycopg.types.json import Jsonb

from services.domain.problems import Finding
from services.domain.sms_price import SmsGroup, totals
from services.domain.spending import RULE
from services.domain.texts import measure
from services.runtime.postgres import Connection

LOCK: Final = 0x736D735F
"""Two approvals at the same moment must not each see an hour without the other."""


async def cost_of(connection: Connection, message: int, prices: Mapping[str, Decimal]) -> Decimal:
    """EUR that the SMS of this message cost: of its plan, and of whoever was added to it since."""
    return await _cost(connection, _OF_MESSAGE, message, prices)


async def cost_of_hour(
    connection: Connection, prices: Mapping[str, Decimal], *, but: int, lock: bool = False
) -> Decimal:
    """EUR of all that was released in the last hour, is approved and about to be, or was added to what was released
    before; without message `but`.

    `lock`: nobody else who says so adds to it until the transaction ends.
    """
    if lock:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    return await _cost(connection, _IN_HOUR, but, prices)


async def sms_since(connection: Connection, hours: int) -> list[tuple[int, int]]:
    """Of each message that was released since, or to which somebody was added: how many SMS were handed over of what
    is that young, and how many segments its longest has.

    From what batches count, so that a page may ask it.
    """
    rows = await (await connection.execute(_SINCE, {"hours": hours})).fetchall()
    return [(int(sent), max(measure(text).segments for text in texts)) for sent, texts in rows if sent and texts]


async def record_finding(connection: Connection, message: int, found: Finding | None) -> None:
    """Have this, or nothing, stand among the message's findings about what it costs."""
    values: dict[str, Any] = {"message": message, "rule": RULE, "found": Jsonb([asdict(found)] if found else [])}
    await connection.execute(_FINDING, values)


async def _cost(connection: Connection, which: str, message: int, prices: Mapping[str, Decimal]) -> Decimal:
    rows = await (await connection.execute(_GROUPS.format(which=which).encode(), {"message": message})).fetchall()
    return totals((SmsGroup(prefix, count, measure(text).segments) for text, prefix, count in rows), prices).cost


_OF_MESSAGE: Final = "SELECT message, number FROM batch WHERE message = %(message)s AND channel = 'sms'"

# An addition counts from when it was made: its message may have been released long before.
_IN_HOUR: Final = """
SELECT b.message, b.number FROM message m JOIN batch b ON b.message = m.number AND b.channel = 'sms'
WHERE m.number <> %(message)s AND m.state <> 'replaced'
AND coalesce(m.released_at, m.approved_at) > clock_timestamp() - interval '1 hour'
UNION SELECT b.message, b.number FROM batch b
WHERE b.origin <> 'plan' AND b.made_at > clock_timestamp() - interval '1 hour'
AND b.message <> %(message)s AND b.channel = 'sms'"""

# One row for each text and country, and not for each delivery; these are read by their key, batch by batch.
_GROUPS: Final = """
WITH which AS MATERIALIZED ({which})
SELECT v.text, copies.prefix, copies.count FROM (
    SELECT d.message, d.variant, left(a.value, 4) AS prefix, count(*)
    FROM which JOIN batch b USING (message, number) CROSS JOIN LATERAL (
        SELECT message, variant, address FROM delivery
        WHERE message = b.message AND sequence BETWEEN b.first_sequence AND b.last_sequence OFFSET 0
    ) d JOIN address a ON a.id = d.address
    WHERE a.value IS NOT NULL GROUP BY 1, 2, 3
) copies JOIN variant v ON v.message = copies.message AND v.number = copies.variant
"""

_SINCE: Final = """
SELECT sum(b.claimed + b.unknown + b.accepted + b.bounced + b.delivered),
    (SELECT array_agg(v.text) FROM variant v WHERE v.message = b.message AND v.channel = 'sms')
FROM (
    SELECT b.* FROM message m JOIN batch b ON b.message = m.number
    WHERE m.released_at > clock_timestamp() - make_interval(hours => %(hours)s)
    UNION SELECT * FROM batch
    WHERE origin <> 'plan' AND made_at > clock_timestamp() - make_interval(hours => %(hours)s)
) b WHERE b.channel = 'sms' GROUP BY b.message
"""

_FINDING: Final = """
UPDATE message SET findings = %(found)s::jsonb || coalesce((
    SELECT jsonb_agg(each) FROM jsonb_array_elements(findings) each WHERE each ->> 'rule' IS DISTINCT FROM %(rule)s
), '[]') WHERE number = %(message)s
"""
