"""What users are told, as ordinary messages: the same ledger, lanes, retries and record as for everybody else.

A user who is told something is also a contact, one in no audience, so that no message for contacts reaches them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from uuid_utils import uuid7

from services.domain.events import MessageReleased, envelope
from services.domain.states import State
from services.domain.variants import Variant
from services.runtime import outbox
from services.runtime.postgres import Connection
from services.store import messages, plan, variants
from services.store.messages import Message, NewMessage
from services.store.users import User


@dataclass(frozen=True, slots=True)
class Subject:
    """What a notice is about when it is no message: `about` names it, and the notice goes into this incident."""

    incident: str
    phase: str
    exercise: bool
    about: str


PRIORITY: Final = 0
"""As a correction: whoever must decide about one is told first."""


async def tell(
    connection: Connection,
    users: Sequence[User],
    told: Sequence[Variant],
    *,
    about: Message | Subject,
    by: int,
    source: str,
    kind: Literal["notice", "test"] = "notice",
) -> Message:
    """Release every one of these variants (mail and SMS) to every one of these users; the caller commits.

    `about`: the message that it is about; it goes into the same incident. `by`: on whose account. A user without a
    number gets no SMS, and the record says so.
    """
    message = await messages.record_submitted(connection, _new(about, by, kind))
    await variants.record(connection, message.number, told)
    contacts = [await _contact(connection, user) for user in users]
    sequence = 0
    for channel in ("mail", "sms"):
        numbers = [number for number, each in enumerate(told, start=1) if each.channel == channel]
        values = {
            "message": message.number, "after": sequence, "contacts": contacts, "variants": numbers,
            "channel": channel, "planned": int(State.PLANNED), "suppressed": int(State.SUPPRESSED),
        }  # fmt: skip
        count = (await connection.execute(_DELIVERIES, values)).rowcount
        await plan.write_batches(connection, message.number, channel, sequence, count)
        sequence += count
    await messages.set_proofed(connection, message.number, len(contacts))
    released = await messages.set_released(connection, message.number, None)
    await _publish(connection, released, source)
    return released


def _new(about: Message | Subject, by: int, kind: str) -> NewMessage:
    message_id = UUID(str(uuid7()))
    named = about.about if isinstance(about, Subject) else str(about.id)
    return NewMessage(
        id=message_id, incident=about.incident, kind=kind, lane="urgent", priority=PRIORITY, phase=about.phase,
        exercise=about.exercise, content={"about": named}, content_hash=message_id.hex, corrects=None,
        findings=[], submitted_by=by, expires_at=None, next_update_at=None,
    )  # fmt: skip


async def _contact(connection: Connection, user: User) -> int:
    """The contact that this user is told as, with the addresses that they have now."""
    row = await (await connection.execute(_CONTACT, {"id": user.id, "name": user.email.partition("@")[0]})).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row that it made or found
    for channel, value in (("mail", user.email), ("sms", user.mobile)):
        values = {"contact": row[0], "channel": channel, "value": value}
        await connection.execute(_RETIRE, values)
        if value:
            await connection.execute(_ADDRESS, values)
    return int(row[0])


async def _publish(connection: Connection, message: Message, source: str) -> None:
    assert message.released_at is not None  # noqa: S101 - set in this transaction
    event = MessageReleased(
        message_id=message.id, message=message.number, incident=message.incident, kind=message.kind,
        lane=message.lane, recipients=message.recipients, exercise=message.exercise, released_at=message.released_at,
    )  # fmt: skip
    await outbox.put(connection, "releases", message.incident, envelope(event, event_type=event.TYPE, source=source))


_CONTACT: Final = """
INSERT INTO contact (external_id, name, user_id) VALUES ('user:' || %(id)s, %(name)s, %(id)s)
ON CONFLICT (external_id) DO UPDATE SET name = excluded.name, removed_at = NULL RETURNING id
"""

_RETIRE: Final = """
UPDATE address SET current = false
WHERE contact = %(contact)s AND channel = %(channel)s AND current AND value IS DISTINCT FROM %(value)s
"""

_ADDRESS: Final = """
INSERT INTO address (contact, channel, value) SELECT %(contact)s, %(channel)s, %(value)s
WHERE NOT EXISTS (SELECT FROM address WHERE contact = %(contact)s AND channel = %(channel)s AND current)
"""

_DELIVERIES: Final = """
INSERT INTO delivery (message, sequence, contact, address, variant, state, reason)
SELECT %(message)s, %(after)s + row_number() OVER (ORDER BY who.place, what.place), who.contact, a.id, what.variant,
    CASE WHEN a.id IS NULL THEN %(suppressed)s ELSE %(planned)s END, CASE WHEN a.id IS NULL THEN 'no-address' END
FROM unnest(%(contacts)s::bigint[]) WITH ORDINALITY who (contact, place)
CROSS JOIN unnest(%(variants)s::smallint[]) WITH ORDINALITY what (variant, place)
LEFT JOIN address a ON a.contact = who.contact AND a.channel = %(channel)s AND a.current
"""
