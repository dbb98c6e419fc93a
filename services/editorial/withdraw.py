"""A released message is taken back: nothing more is sent, feeds say so, and who got it is told if that is asked."""

from services.domain.commands import Answer, WithdrawMessage
from services.domain.editions import KIND as EDITION
from services.editorial import withdrawal_notice
from services.editorial.desk import Desk
from services.editorial.edition_held import hold_editions
from services.editorial.refusal import Refusal
from services.editorial.times import as_text
from services.runtime.postgres import Connection
from services.store import approvals, audit, feeds, messages
from services.store.messages import FOR_USERS, Message
from services.store.users import User


async def withdraw(connection: Connection, body: WithdrawMessage, user: User, desk: Desk) -> Answer:
    """Take it back, and release the notice in the same transaction: whom it reached is known from then on."""
    message = await messages.find(connection, body.message_id, lock=True)
    if message is None:
        raise Refusal(f"there is no message {body.message_id}: see `roeland message list`")
    _refuse(message, body.reason)
    if message.kind == EDITION and body.notify:
        raise Refusal(
            "an edition is withdrawn without a notice: submit a message that says what is right", state="released"
        )
    await messages.withdraw(connection, message, source=desk.source)
    marked = await feeds.withdraw(connection, message.number)
    notice = await withdrawal_notice.tell(connection, message, body.reason, user, desk) if body.notify else None
    held = await hold_editions(connection, message, desk, by=user.id)
    await _record(connection, message, body, user, notice)
    withdrawn = await messages.by_number(connection, message.number)
    told = {"notice": str(notice.id), "told": notice.recipients} if notice else {"notice": None, "told": 0}
    result = {"id": str(message.id), "state": "withdrawn", "feed_entries": marked, "paused": held, **told}
    return Answer(done=True, result={**result, "withdrawn_at": as_text(withdrawn.withdrawn_at if withdrawn else None)})


def _refuse(message: Message, reason: str) -> None:
    if message.kind in FOR_USERS:
        raise Refusal(f"message {message.id} went to users only: there is nobody to withdraw it from")
    if message.state == "withdrawn":
        raise Refusal(f"message {message.id} was withdrawn already", state="withdrawn")
    if message.state == "approved":
        remedy = f"`roeland message take-back {message.id}`, and reject it"
        raise Refusal(f"message {message.id} is not released yet: {remedy}", state="approved")
    if message.released_at is None:
        open_still = message.state in ("submitted", "proofed")
        remedy = f": `roeland message reject {message.id}`" if open_still else f", it was {message.state}"
        raise Refusal(f"message {message.id} was never released{remedy}", state=message.state)
    if not reason.strip():
        raise Refusal("withdrawing a message needs a reason: it goes into the record, and to those who are told")


async def _record(
    connection: Connection, message: Message, body: WithdrawMessage, user: User, notice: Message | None
) -> None:
    await approvals.record(
        connection,
        message=message.number,
        user=user.id,
        act="withdraw",
        proof_hash=message.proof_hash or "",
        reason=body.reason,
    )
    detail = {"message": message.number, "reason": body.reason, "notice": notice.number if notice else None}
    await audit.record(
        connection, actor=user.id, action="message.withdrawn", subject=f"message:{message.id}", detail=detail
    )
