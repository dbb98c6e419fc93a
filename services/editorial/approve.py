"""A second person approves: from that transaction on the message is released, or waits to be, exactly as proofed."""

from uuid import UUID

from services.domain.commands import Answer, ApproveMessage
from services.editorial import recipients
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.editorial.release import release_or_wait, told
from services.runtime.postgres import Connection
from services.store import audit, messages, plan
from services.store.messages import Message
from services.store.users import User


async def approve(connection: Connection, body: ApproveMessage, user: User, desk: Desk) -> Answer:
    """Release the message, or have it wait; what it corrects is superseded in the transaction that releases it."""
    message, original = await locked(connection, body.message_id)
    refuse_ended(message)
    if message.state == "submitted":
        raise Refusal(f"message {message.id} is not yet proofed: try again in a moment", state="submitted")
    if message.submitted_by == user.id:
        raise Refusal("who wrote a message does not approve it: ask someone else with the role approver")
    if message.expires_at and message.expires_at <= await messages.database_time(connection):
        raise Refusal(f"message {message.id} has expired: submit it with a later expires_at", state="expired")
    await _refuse_outdated(connection, message, original)
    approved, moved = await release_or_wait(connection, message, original, user.id, desk)
    await audit.record(
        connection, actor=user.id, action="message.approved", subject=f"message:{message.id}",
        detail={"message": message.number, **moved},
    )  # fmt: skip
    return Answer(done=True, result=told(approved, desk))


async def locked(connection: Connection, message_id: UUID) -> tuple[Message, Message | None]:
    """The message and the one that it corrects, both locked, the older first. Raises `Refusal` if there is none."""
    found = await messages.find(connection, message_id)
    original = None
    if found and found.corrects is not None:
        original = await messages.by_number(connection, found.corrects, lock=True)
    message = await messages.by_number(connection, found.number, lock=True) if found else None
    if message is None:
        raise Refusal(f"there is no message {message_id}: see `roeland message list`")
    return message, original


def refuse_ended(message: Message) -> None:
    """Refuse what was decided already."""
    if message.state not in ("submitted", "proofed"):
        words = {"released": "approved already", "stopped": "stopped", "expired": "expired"}
        reason = words.get(message.state, message.state)
        raise Refusal(f"message {message.id} was {reason}".replace("was expired", "has expired"), state=message.state)


async def _refuse_outdated(connection: Connection, message: Message, original: Message | None) -> None:
    """Its recipients were fixed at its proof: refuse it if more people were told since, who would not get it."""
    owed = await recipients.owed_by(connection, message.kind, message.incident, message.corrects)
    later = [each for each in owed if message.proofed_at and each.released_at and each.released_at > message.proofed_at]
    if original is not None and await plan.reached_since(connection, message.number, original.number):
        later.append(original)
    if later:
        raise Refusal(
            f"message {later[0].id} went to more people since this one was proofed: "
            "reject this one and submit it again, then they get it too",
            since=[str(each.id) for each in later],
        )
