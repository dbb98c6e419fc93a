"""On which channels those who were told before get what follows: docs/decisions/0013-channels-of-a-correction.md."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.domain.content import MessageContent
from services.domain.lanes import CHANNELS
from services.domain.states import REACHED, UNSENT
from services.runtime.postgres import Connection
from services.store import messages, variants


async def choose_channels(connection: Connection, values: Mapping[str, Any]) -> None:
    """Settle `channels` of everybody in `planned_recipient` who was told before. The variants must be recorded."""
    await connection.execute(_CHOOSE, values)


async def with_channels(connection: Connection, content: MessageContent) -> MessageContent:
    """The same content; where it leaves out its channels, with those that what came before it used.

    A correction: those of what it corrects; an all-clear: all on which its incident had a version of anything. None
    where there is nothing before it.
    """
    if content.channels or content.kind not in ("correction", "all-clear"):
        return content
    used = await _used(connection, content)
    return content.model_copy(update={"channels": tuple(channel for channel in CHANNELS if channel in used)})


async def feeds_reached(connection: Connection, numbers: Sequence[int]) -> set[str]:
    """The audiences in whose feed one of these messages stands, or may stand, or is about to: its step is open."""
    values = {"numbers": list(numbers), "there": [int(state) for state in REACHED | UNSENT]}
    rows = await connection.execute(_FEEDS_REACHED, values)
    return {audience for (audience,) in await rows.fetchall()}


async def _used(connection: Connection, content: MessageContent) -> set[str]:
    if content.kind == "all-clear":
        numbers = [each.number for each in await messages.told_in(connection, content.incident)]
        return {channel for _, channel in await variants.audiences(connection, numbers)}
    try:
        original = await messages.find(connection, UUID(content.corrects or ""))
    except ValueError:
        return set()
    return set(original.content.get("channels", ())) if original else set()


_FEEDS_REACHED: Final = """
SELECT audience FROM feed_entry WHERE message = ANY(%(numbers)s)
UNION SELECT v.audience FROM message m
JOIN batch b ON b.message = m.number AND b.channel = 'newsfeed' AND b.step <= m.open_step
JOIN delivery d ON d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
JOIN variant v ON v.message = d.message AND v.number = d.variant
WHERE m.number = ANY(%(numbers)s) AND m.released_at IS NOT NULL AND d.state = ANY(%(there)s::smallint[])
"""

# In this order, the first on which the person has an address: where they were reached and the author wants it (widely:
# where the author wants it); where they were reached; wherever there is a version for them.
_CHOOSE: Final = """
UPDATE planned_recipient r SET channels = n.channels FROM (
    SELECT p.contact, CASE
        WHEN meant.channels && has.channels THEN meant.channels
        WHEN p.channels && has.channels THEN p.channels
        WHEN has.channels <> '{}' THEN has.channels
        ELSE meant.channels END AS channels
    FROM planned_recipient p
    CROSS JOIN LATERAL (
        SELECT CASE WHEN %(widely)s THEN %(named)s::text[] ELSE coalesce(nullif(
            ARRAY(SELECT unnest(p.channels) INTERSECT SELECT unnest(%(named)s::text[])), '{}'), p.channels)
            END AS channels
    ) meant
    CROSS JOIN LATERAL (
        SELECT ARRAY(
            SELECT a.channel FROM address a WHERE a.contact = p.contact AND a.current AND a.value IS NOT NULL
            AND EXISTS (
                SELECT FROM variant v WHERE v.message = %(message)s AND v.channel = a.channel
                AND v.audience = (%(order)s::text[])[p.rank] AND v.segment = '')
        ) AS channels
    ) has
    WHERE p.channels IS NOT NULL
) n WHERE n.contact = r.contact
"""
