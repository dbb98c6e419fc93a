"""A message goes out, in one transaction: what it corrects is superseded, addresses are pinned, dispatch is told.

What may still be taken back, or is under embargo, is approved and waits: `services.editorial.waiting`.
"""

from services.domain.events import MessageReleased, envelope
from services.editorial import recipients, waiting
from services.editorial.desk import Desk
from services.editorial.edition_held import hold_editions
from services.editorial.ending import end_alerts
from services.editorial.times import as_text
from services.runtime import outbox
from services.runtime.postgres import Connection
from services.store import (
    escalations,
    fallbacks,
    messages,
    participants,
    pinning,
    plan,
    release_steps,
    subscriptions,
)
from services.store.messages import Message


async def release_or_wait(
    connection: Connection, message: Message, original: Message | None, approved_by: int, desk: Desk
) -> tuple[Message, dict[str, int]]:
    """As `release`, unless it has to wait: then it is `approved`, and released when that is over.

    The answer to the approval is `told` of what this returns.
    """
    if await waiting.must_wait(connection, message, desk.take_back):
        return await waiting.wait(connection, message, approved_by, desk.take_back), {}
    return await release(connection, message, original, approved_by, desk)


def told(message: Message, desk: Desk) -> dict[str, str | None]:
    """What an approval answers: `release_at` while the message waits, and until then it may be taken back."""
    answer = {"id": str(message.id), "state": message.state, "approved_at": as_text(message.approved_at)}
    if message.state != "approved" or message.approved_at is None:
        return answer
    return {**answer, "release_at": as_text(waiting.due(message, message.approved_at, desk.take_back))}


async def release(
    connection: Connection, message: Message, original: Message | None, approved_by: int | None, desk: Desk
) -> tuple[Message, dict[str, int]]:
    """Release it, from the moment of commit; returns it as it then is, and what changed in its plan, for the audit.

    `original` is what it corrects; both rows are locked. `approved_by`: None when it was approved before.
    """
    if original is not None:
        await _supersede(connection, original, desk.source)
        await hold_editions(connection, original, desk, by=approved_by)
    ended = await end_alerts(connection, message, desk.source) if message.kind == "all-clear" else {}
    moved = ended | await _pin_addresses(connection, message, desk)
    released = await messages.set_released(connection, message.number, approved_by)
    await release_steps.open_first(connection, message.number)
    await fallbacks.ask_at_release(connection, released)
    await escalations.plan(connection, released, desk.configuration.escalation)
    await publish(connection, released, desk.source)
    return released, moved


async def _pin_addresses(connection: Connection, message: Message, desk: Desk) -> dict[str, int]:
    """What it changed, for the audit. Who shares an address decides who gets a copy: then it is planned anew.

    So it is when the list of an exercise no longer has everyone in the plan, or somebody in it has left the newsletter
    since its proof; and so is what follows an earlier message: who has lost an address may be had where else they were
    told (0013).
    """
    leavers = await participants.outsiders(connection, message.number)
    leavers = leavers or await subscriptions.in_plan(connection, message.number)
    moved = None if leavers else await pinning.pin_addresses(connection, message.number)
    if moved is not None and not (moved and message.kind in ("correction", "all-clear")):
        return {"addresses_changed": moved}
    planned = await recipients.plan_for(connection, message, desk.configuration)
    count = await plan.write_again(connection, planned)
    await messages.set_recipients(connection, message.number, count)
    return {"planned_anew": count}


async def _supersede(connection: Connection, original: Message, source: str) -> None:
    if original.state != "released":
        return
    if await plan.has_open(connection, original.number):
        await messages.stop(connection, original, source=source, how="superseded")
    elif original.paused_at is not None:
        await messages.resume(connection, original, source=source)


async def publish(connection: Connection, message: Message, source: str) -> None:
    """Tell dispatch that it may be sent."""
    assert message.released_at is not None  # noqa: S101 - set in this transaction
    event = MessageReleased(
        message_id=message.id,
        message=message.number,
        incident=message.incident,
        kind=message.kind,
        lane=message.lane,
        recipients=message.recipients,
        exercise=message.exercise,
        released_at=message.released_at,
        next_update_at=message.next_update_at,
    )
    await outbox.put(connection, "releases", message.incident, envelope(event, event_type=event.TYPE, source=source))
    if message.lane == "urgent":
        await connection.execute(f"NOTIFY {messages.RELEASED_CHANNEL}")
