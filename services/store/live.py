"""What open pages follow: how messages stand, counted from their batches in one statement, and whose sessions stand.

Asked twice a second while somebody looks, so nothing here reads the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.domain.states import OPEN, State
from services.runtime.postgres import Connection
from services.store.confirmations import CONFIRMED, for_message
from services.store.messages import FOR_USERS
from services.store.status import state_of


@dataclass(frozen=True, slots=True)
class OnChannel:
    """A message on a channel: contacts by state, only states that somebody is in.

    `rate`: contacts per second, 0 when nothing is known; `completes_at`: None when not known.
    """

    counts: Mapping[str, int]
    rate: float = 0.0
    completes_at: datetime | None = None

    @property
    def open(self) -> int:
        """For so many something remains to be done."""
        return sum(self.counts.get(state.word, 0) for state in OPEN)


@dataclass(frozen=True, slots=True)
class Stand:
    """How a message stands. `state` as people see it; `confirmed`: None when nobody is asked to confirm;
    who is a deputy as well as a recipient is not in it."""

    number: int
    id: UUID
    incident: str
    kind: str
    lane: str
    exercise: bool
    state: str
    recipients: int
    released_at: datetime | None
    confirmed: int | None
    channels: Mapping[str, OnChannel]

    @property
    def open(self) -> int:
        """Contacts times channels for whom something remains to be done."""
        return sum(each.open for each in self.channels.values())


async def stands(connection: Connection, ids: Sequence[UUID] = ()) -> list[Stand]:
    """Those that are being sent, and these; the oldest first. Of a message with revisions, the latest."""
    values = {"ids": list(ids), "for_users": list(FOR_USERS)}
    rows = await (await connection.execute(_STANDS.encode(), values)).fetchall()
    by_number: dict[int, list[Any]] = {}
    for row in rows:
        by_number.setdefault(row[0], []).append(row)
    return [_stand(of_one) for of_one in by_number.values()]


async def asked_to_confirm(connection: Connection, since: timedelta) -> list[UUID]:
    """The messages released within that time whose recipients are asked to say that they know; the latest first."""
    rows = await connection.execute(_ASKED, {"since": since, "for_users": list(FOR_USERS)})
    return [row[0] async for row in rows]


async def still_stand(
    connection: Connection, sessions: Sequence[int], keys: Sequence[int], *, idle: timedelta, absolute: timedelta
) -> dict[tuple[str, int], tuple[str, ...]]:
    """Those of these sessions and keys that stand, as ("session" | "key", id), with the roles of their users now."""
    values = {"sessions": list(sessions), "keys": list(keys), "idle": idle, "absolute": absolute}
    rows = await connection.execute(_STILL, values)
    return {(kind, number): tuple(sorted(roles)) async for kind, number, roles in rows}


def _stand(rows: Sequence[Any]) -> Stand:
    number, id_, incident, kind, lane, exercise, stored, paused, recipients, released_at, confirmed = rows[0][:11]
    channels = {
        row[11]: OnChannel(
            {state.word: int(count) for state, count in zip(State, row[14:], strict=True) if count},
            float(row[12] or 0.0), row[13],
        )
        for row in rows if row[11] is not None
    }  # fmt: skip
    state = state_of(stored, paused=paused, channels={name: each.counts for name, each in channels.items()})
    return Stand(
        number, id_, incident, kind, lane, exercise, state, recipients, released_at, confirmed, channels
    )  # fmt: skip


_STANDS: Final = f"""
WITH wanted AS (
    SELECT number FROM message WHERE id = ANY(%(ids)s) AND state <> 'replaced'
    UNION
    SELECT number FROM message WHERE state = 'released' AND kind <> ALL(%(for_users)s)
    AND number IN (SELECT message FROM batch WHERE planned + deferred + claimed > 0)
), counted AS (
    SELECT message, channel, {", ".join(f"sum({state.word}) AS {state.word}" for state in State)}
    FROM batch WHERE message IN (SELECT number FROM wanted) GROUP BY message, channel
)
SELECT m.number, m.id, m.incident, m.kind, m.lane, m.exercise, m.state, m.paused_at IS NOT NULL, m.recipients,
    m.released_at,
    CASE WHEN m.confirm_minutes IS NOT NULL THEN (
        WITH {for_message(CONFIRMED, "m.number")} SELECT count(*)::int FROM confirmed f WHERE NOT EXISTS (
            SELECT FROM addition a WHERE a.message = m.number AND a.origin = 'deputy' AND a.recipient = f.contact)
    ) END,
    c.channel, p.rate, p.completes_at, {", ".join(f"c.{state.word}" for state in State)}
FROM wanted w JOIN message m ON m.number = w.number
LEFT JOIN counted c ON c.message = m.number
LEFT JOIN progress p ON p.message = m.number AND p.channel = c.channel
ORDER BY m.number, array_position(ARRAY['mail', 'sms', 'newsfeed'], c.channel)
"""

_ASKED: Final = """
SELECT id FROM message WHERE confirm_minutes IS NOT NULL AND released_at > clock_timestamp() - %(since)s
AND state = 'released' AND kind <> ALL(%(for_users)s) ORDER BY released_at DESC LIMIT 20
"""

_STILL: Final = """
SELECT 'session', s.id, u.roles FROM session s JOIN users u ON u.id = s.user_id
WHERE s.id = ANY(%(sessions)s) AND s.ended_at IS NULL AND u.disabled_at IS NULL
AND s.seen_at > clock_timestamp() - %(idle)s AND s.created_at > clock_timestamp() - %(absolute)s
UNION ALL
SELECT 'key', k.id, u.roles FROM api_key k JOIN users u ON u.id = k.user_id
WHERE k.id = ANY(%(keys)s) AND k.revoked_at IS NULL AND u.disabled_at IS NULL
AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
"""
