"""An approval is taken back while nothing was released on it: the message waits for approval again."""

from typing import Final

from services.domain.commands import Answer, TakeBackMessage
from services.domain.identity import may
from services.editorial import duty
from services.editorial.approve import locked
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.store import approvals, audit, messages
from services.store.messages import Message
from services.store.users import User


async def take_back(connection: Connection, body: TakeBackMessage, user: User, desk: Desk) -> Answer:
    """Take it back: whoever may approve, or the author. The timer that would have released it finds nothing to do.

    It waits for approval again, so whoever is next on duty is called.
    """
    message, _original = await locked(connection, body.message_id)
    if message.submitted_by != user.id and not may("approve", user.roles):
        raise Refusal("this user has no role that may take back someone else's message: see `roeland users list`")
    _refuse_unless_approved(message)
    await messages.set_taken_back(connection, message.number)
    await approvals.take_back(connection, message.number)
    values = (message.number, user.id, message.proof_hash or "", body.reason)
    await connection.execute(_TAKEN_BACK, values)
    await audit.record(
        connection, actor=user.id, action="message.taken-back", subject=f"message:{message.id}",
        detail={"message": message.number, "reason": body.reason},
    )  # fmt: skip
    await duty.call(connection, message, desk)
    return Answer(done=True, result={"id": str(message.id), "state": "proofed"})


def _refuse_unless_approved(message: Message) -> None:
    if message.released_at is not None:
        if message.state == "released":
            remedy = "`roeland message stop` it, or submit a correction"
            raise Refusal(f"message {message.id} was released already: {remedy}", state=message.state)
        raise Refusal(f"message {message.id} was {message.state}", state=message.state)
    if message.state != "approved":
        raise Refusal(
            f"message {message.id} is {message.state}: there is no approval to take back", state=message.state
        )


_TAKEN_BACK: Final = """
INSERT INTO approval (message, user_id, act, proof_hash, reason) VALUES (%s, %s, 'take-back', %s, %s)
"""
