"""A message that is planned, proofed and released in the tables alone, for tests in which editorial has no part."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from uuid_utils import uuid7

from services.domain.lanes import PRIORITY
from services.domain.variants import Variant, slot
from services.runtime.postgres import Connection
from services.store import announcements, incidents, messages, pinning, plan, variants
from services.store.incidents import Incident
from services.store.messages import Message, NewMessage
from services.store.plan import PlanFor

SOURCE = "/roeland/faults"
INCIDENT = "faults-2026-001"


async def users(connection: Connection) -> tuple[int, int]:
    """An author and an approver; made now when there are none yet."""
    await connection.execute(
        "INSERT INTO users (email, roles) VALUES ('author@faults.example', '{author}'),"
        " ('approver@faults.example', '{approver}') ON CONFLICT DO NOTHING"
    )
    rows = await connection.execute(
        "SELECT id FROM users WHERE email LIKE %s ORDER BY email DESC", ("%@faults.example",)
    )
    author, approver = [row[0] for row in await rows.fetchall()]
    return author, approver


async def crowd(connection: Connection, audience: str, count: int) -> None:
    """So many new contacts in this audience, each with a mail address and a number that nobody else has."""
    await connection.execute(
        """
        WITH people AS (
            INSERT INTO contact (external_id, name)
            SELECT %(audience)s || '-' || n, 'Contact ' || n FROM generate_series(1, %(count)s) n RETURNING id
        ), members AS (
            INSERT INTO contact_audience (audience, contact) SELECT %(audience)s, id FROM people
        )
        INSERT INTO address (contact, channel, value)
        SELECT id, 'mail', 'contact' || id || '@crowd.example' FROM people
        UNION ALL SELECT id, 'sms', '+324' || 60000000 + id FROM people
        """,
        {"audience": audience, "count": count},
    )


async def fill(connection: Connection, audience: str, count: int) -> None:
    """Add contacts to this audience until it has so many."""
    row = await (
        await connection.execute("SELECT count(*) FROM contact_audience WHERE audience = %s", (audience,))
    ).fetchone()
    if row and row[0] < count:
        await crowd(connection, f"{audience}-{row[0]}", count - row[0])
        await connection.execute(
            "INSERT INTO contact_audience SELECT %s, contact FROM contact_audience WHERE audience = %s",
            (audience, f"{audience}-{row[0]}"),
        )


async def proof(
    connection: Connection,
    author: int,
    *,
    audience: str,
    channels: Sequence[str],
    lane: str,
    kind: str,
    expires_at: datetime | None,
) -> Message:
    """Submitted, rendered and planned. Its texts hold its id, so that whoever finds one knows whose it is."""
    async with connection.transaction():
        await incidents.open_unless_there(connection, Incident(INCIDENT, "Faults", "acute", exercise=False))
        new = NewMessage(
            id=UUID(str(uuid7())), incident=INCIDENT, kind=kind, lane=lane, priority=PRIORITY[kind], phase="acute",
            exercise=False, content={}, content_hash=str(uuid7()), corrects=None,
            findings=[], submitted_by=author, expires_at=expires_at, next_update_at=None,
        )  # fmt: skip
        message = await messages.record_submitted(connection, new)
        await variants.record(connection, message.number, [_variant(message, audience, each) for each in channels])
        planned = PlanFor(
            message=message.number, language="nl", channels=channels, people=[audience], feeds=[audience], told=[],
            audience_order=[audience],
        )  # fmt: skip
        await messages.set_proofed(connection, message.number, await plan.write(connection, planned))
    return message


async def release(connection: Connection, message: Message, approver: int) -> Message:
    """Release and announce it, as editorial and dispatch do."""
    async with connection.transaction():
        await pinning.pin_addresses(connection, message.number)
        released = await messages.set_released(connection, message.number, approver)
    async with connection.transaction():
        await announcements.announce(connection, message.number, source=SOURCE)
    return released


def mark(message: Message) -> str:
    """What every text of this message holds, and no other's."""
    return f"#{message.id.hex}"


def _variant(message: Message, audience: str, channel: str) -> Variant:
    text = f"Voor {slot('name')}: dit is een proef. {mark(message)}"
    if channel == "sms":
        return Variant(audience, "nl", "", channel, "", text, "")
    return Variant(
        audience, "nl", "", channel, f"Proef {message.kind}", text + "\n" * 2 + "Regel\n" * 40, f"<p>{text}</p>"
    )
