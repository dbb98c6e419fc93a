"""Somebody else approves: bound to the proof that they saw, by the policy in force, or by breaking the glass."""

from typing import Any
from uuid import UUID

from services.domain import approval_policy
from services.domain.commands import Answer, ApproveMessage
from services.domain.identity import may
from services.editorial import binding, drift, edition_overdue, glass, recipients, spending
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.editorial.release import release_or_wait, told
from services.runtime.postgres import Connection
from services.store import approvals, audit, messages, plan, variants
from services.store.messages import Message
from services.store.users import User


async def approve(connection: Connection, body: ApproveMessage, user: User, desk: Desk) -> Answer:
    """Record the approval; release the message when no other is needed. What it corrects is then superseded."""
    message, original = await locked(connection, body.message_id)
    await _refuse_unready(connection, message, body)
    if body.break_glass is None:
        await _refuse_author(connection, message, user)
    else:
        refuse_glass(message, user, body.break_glass)
    if versions := await drift.changed_since_proof(connection, message, original, desk):
        return await drift.proof_again(connection, message, versions, user, desk)
    await _refuse_outdated(connection, message, original)
    await _refuse_altered(connection, message)
    await spending.refuse_excess(connection, message, desk)
    await _record(connection, message, body, user)
    if body.break_glass is not None:
        await glass.tell_everyone(connection, message, desk)
    if body.break_glass is None and (lacking := await lacking_of(connection, message, desk)):
        return await _in_part(connection, message, user, lacking)
    return await _release(connection, message, original, body, user=user, desk=desk)


async def locked(connection: Connection, message_id: UUID) -> tuple[Message, Message | None]:
    """The message and the one that it corrects, both locked, the older first. Raises `Refusal` if there is none."""
    found = await messages.find(connection, message_id)
    original = None
    if found and found.corrects is not None:
        original = await messages.by_number(connection, found.corrects, lock=True)
    message = await messages.by_number(connection, found.number, lock=True) if found else None
    if message is None:
        raise Refusal(f"there is no message {message_id}: see `roeland message list`")
    if message.state == "replaced":  # while we waited for its lock
        raise Refusal(f"there is a newer revision of message {message_id}: look at that one first", state="submitted")
    return message, original


def refuse_ended(message: Message) -> None:
    """Refuse what was decided already."""
    if message.state not in ("submitted", "proofed"):
        words = {"released": "approved already", "approved": "approved already", "stopped": "stopped"}
        reason = words.get(message.state, message.state)
        raise Refusal(f"message {message.id} was {reason}".replace("was expired", "has expired"), state=message.state)


async def _refuse_unready(connection: Connection, message: Message, body: ApproveMessage) -> None:
    refuse_ended(message)
    if message.state == "submitted":
        raise Refusal(f"message {message.id} is not yet proofed: try again in a moment", state="submitted")
    if body.proof is not None and body.proof != message.proof_hash:
        raise Refusal(
            f"message {message.id} has another proof than the one that was looked at: look at it again, and approve it",
            state=message.state, proof=message.proof_hash,
        )  # fmt: skip
    now = await messages.database_time(connection)
    if edition_overdue.too_late(message, now):
        raise Refusal(f"it is too late for edition {message.id}: what it tells is in the next one", state=message.state)
    if message.expires_at and message.expires_at <= now:
        raise Refusal(f"message {message.id} has expired: submit it with a later expires_at", state="expired")


async def _refuse_author(connection: Connection, message: Message, user: User) -> None:
    if user.id in await approvals.authors(connection, message.id):
        raise Refusal(
            "who wrote a message does not approve it: ask someone else with the role approver. For an urgent message a"
            ' crisis manager may do it alone with --break-glass "reason", and everyone is told'
        )


def refuse_glass(message: Message, user: User, reason: str) -> None:
    """Refuse to release alone what is not urgent, or whoever is no crisis manager, or gives no reason."""
    if not may("break-glass", user.roles):
        raise Refusal("only a crisis manager may break the glass: ask someone else to approve it")
    if message.lane != "urgent":
        raise Refusal("only an urgent message may be released by breaking the glass: ask someone else to approve it")
    if not reason.strip():
        raise Refusal("breaking the glass needs a reason, which everyone with the role is told")


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


async def _refuse_altered(connection: Connection, message: Message) -> None:
    """What is sent is what the record holds: it must be what was proofed, whoever had his hands in the database."""
    versions = (await variants.read(connection, message.number)).values()
    if await binding.hash_of(connection, message, versions) != message.proof_hash:
        raise Refusal(
            f"the record of message {message.id} is not what was proofed: submit it again with `--revises`, and find"
            " out who changed it",
            state=message.state,
        )


async def _record(connection: Connection, message: Message, body: ApproveMessage, user: User) -> None:
    recorded = await approvals.record(
        connection,
        message=message.number,
        user=user.id,
        act="approve" if body.break_glass is None else "break-glass",
        proof_hash=message.proof_hash or "",
        reason=body.break_glass or "",
    )
    if not recorded:
        raise Refusal(f"this user approved message {message.id} already: it waits for somebody else", state="proofed")


async def lacking_of(connection: Connection, message: Message, desk: Desk) -> list[str]:
    """What the policy asks of it besides the approvals that count now, in words."""
    given = await approvals.counting(connection, message.number, message.proof_hash or "")
    told = await variants.audiences(connection, [message.number])
    return approval_policy.lacking(
        desk.configuration.approval,
        [each.roles for each in given],
        kind=message.kind,
        urgency=message.lane,
        audiences={audience for audience, _ in told},
    )


async def _in_part(connection: Connection, message: Message, user: User, lacking: list[str]) -> Answer:
    await audit.record(
        connection, actor=user.id, action="message.approved-in-part", subject=f"message:{message.id}",
        detail={"message": message.number, "proof": message.proof_hash},
    )  # fmt: skip
    result = {"id": str(message.id), "state": message.state, "approved_at": None, "lacking": lacking}
    return Answer(done=True, result=result)


async def _release(
    connection: Connection,
    message: Message,
    original: Message | None,
    body: ApproveMessage,
    *,
    user: User,
    desk: Desk,
) -> Answer:
    released, moved = await release_or_wait(connection, message, original, user.id, desk)
    glass: dict[str, Any] = {} if body.break_glass is None else {"reason": body.break_glass}
    await audit.record(
        connection, actor=user.id, action="message.glass-broken" if glass else "message.approved",
        subject=f"message:{message.id}",
        detail={"message": message.number, "proof": message.proof_hash, **glass, **moved},
    )  # fmt: skip
    return Answer(done=True, result=told(released, desk))
