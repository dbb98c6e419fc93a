"""What SMS cost by the plans of messages: one message's, or that of all in the last hour. Estimates, by segments."""

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
    """EUR that the SMS of this message's plan cost."""
    return await _cost(connection, "m.number = %(message)s", message, prices)


async def cost_of_hour(
    connection: Connection, prices: Mapping[str, Decimal], *, but: int, lock: bool = False
) -> Decimal:
    """EUR of all that was released in the last hour, or is approved and about to be; without message `but`.

    `lock`: nobody else who says so adds to it until the transaction ends.
    """
    if lock:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    return await _cost(connection, _IN_HOUR, but, prices)


async def sms_since(connection: Connection, hours: int) -> list[tuple[int, int]]:
    """Of each message that was released since: how many SMS were handed over, and how many segments its longest has.

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


_IN_HOUR: Final = """m.number <> %(message)s AND m.state <> 'replaced'
    AND coalesce(m.released_at, m.approved_at) > clock_timestamp() - interval '1 hour'"""

# One row for each text and country, and not for each delivery.
_GROUPS: Final = """
SELECT v.text, copies.prefix, copies.count FROM message m
JOIN variant v ON v.message = m.number AND v.channel = 'sms'
CROSS JOIN LATERAL (
    SELECT left(a.value, 4) AS prefix, count(*) FROM delivery d JOIN address a ON a.id = d.address
    WHERE d.message = m.number AND d.variant = v.number AND a.value IS NOT NULL GROUP BY 1
) copies WHERE {which}
"""

_SINCE: Final = """
SELECT (SELECT coalesce(sum(b.claimed + b.unknown + b.accepted + b.bounced + b.delivered), 0)
        FROM batch b WHERE b.message = m.number AND b.channel = 'sms'),
       (SELECT array_agg(v.text) FROM variant v WHERE v.message = m.number AND v.channel = 'sms')
FROM message m WHERE m.released_at > clock_timestamp() - make_interval(hours => %(hours)s)
"""

_FINDING: Final = """
UPDATE message SET findings = %(found)s::jsonb || coalesce((
    SELECT jsonb_agg(each) FROM jsonb_array_elements(findings) each WHERE each ->> 'rule' IS DISTINCT FROM %(rule)s
), '[]') WHERE number = %(message)s
"""
