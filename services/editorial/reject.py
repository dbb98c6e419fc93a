"""A message is turned down: by an approver, or withdrawn by its own author. Nobody gets it."""

from services.domain.commands import Answer, RejectMessage
from services.domain.identity import may
from services.editorial import author, telling
from services.editorial.approve import locked, refuse_ended
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.store import approvals, audit, messages
from services.store.messages import Message
from services.store.users import User


async def reject(connection: Connection, body: RejectMessage, user: User, _: Desk) -> Answer:
    """Turn it down. What it would have corrected stays paused: a person decides; the answer and an alarm say so."""
    message, original = await locked(connection, body.message_id)
    if message.state != "approved":  # what waits to be released can still be turned down
        refuse_ended(message)
    own = message.submitted_by == user.id
    if not own and not may("reject", user.roles):
        raise Refusal("this user has no role that may reject someone else's message: see `roeland users list`")
    await messages.set_rejected(connection, message.number, how := "withdrawn" if own else "rejected")
    await approvals.record(
        connection, message=message.number, user=user.id, act="reject" if how == "rejected" else "withdraw",
        proof_hash=message.proof_hash or "", reason=body.reason,
    )  # fmt: skip
    await audit.record(
        connection, actor=user.id, action=f"message.{how}", subject=f"message:{message.id}",
        detail={"message": message.number, "reason": body.reason},
    )  # fmt: skip
    if not own:
        await telling.ask(connection, author.REJECTED, message.number)
    return Answer(done=True, result={"id": str(message.id), "state": how, **_left(original)})


def _left(original: Message | None) -> dict[str, str]:
    if original is None or original.state != "released" or original.paused_at is None:
        return {}
    note = f"message {original.id} is still paused: `roeland message resume` or `roeland message stop` it"
    return {"paused": str(original.id), "note": note}
