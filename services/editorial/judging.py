"""Whether it was right to break the glass: a second person says so afterwards."""

from services.domain.commands import Answer, JudgeMessage
from services.domain.identity import may
from services.editorial import telling
from services.editorial.approve import locked
from services.editorial.desk import Desk
from services.editorial.glass import DISPUTED
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.store import alarms, approvals, audit, glass, plan
from services.store.alarms import GLASS_BROKEN
from services.store.glass import Broken
from services.store.messages import Message
from services.store.users import User


async def judge(connection: Connection, body: JudgeMessage, user: User, _: Desk) -> Answer:
    """A second person, once. A dispute stops nothing by itself: the answer says what may be done."""
    message, _original = await locked(connection, body.message_id)
    broken = await _to_judge(connection, message, body)
    await _refuse_involved(connection, message, broken, user)
    await approvals.record(
        connection, message=message.number, user=user.id, act=body.verdict,
        proof_hash=message.proof_hash or "", reason=body.reason,
    )  # fmt: skip
    await alarms.hush(connection, (GLASS_BROKEN, str(message.id)))
    verdict = "confirmed" if body.verdict == "confirm" else "disputed"
    await audit.record(
        connection, actor=user.id, action=f"message.glass-{verdict}", subject=f"message:{message.id}",
        detail={"message": message.number, "proof": message.proof_hash, "reason": body.reason},
    )  # fmt: skip
    result = {"id": str(message.id), "state": message.state, "verdict": verdict}
    if body.verdict == "dispute":
        await telling.ask(connection, DISPUTED, message.number)
        result["suggestion"] = await _suggestion(connection, message)
    return Answer(done=True, result=result)


async def _to_judge(connection: Connection, message: Message, body: JudgeMessage) -> Broken:
    broken = await glass.broken(connection, message.number)
    if broken is None:
        raise Refusal(
            f"message {message.id} was not released by breaking the glass: there is nothing to {body.verdict}"
        )
    if broken.verdict:
        raise Refusal(f"message {message.id} was {broken.verdict} already, by {broken.judged_by}", state=message.state)
    if body.verdict == "dispute" and not body.reason.strip():
        raise Refusal("a dispute needs a reason, which the crisis managers are told")
    return broken


async def _refuse_involved(connection: Connection, message: Message, broken: Broken, user: User) -> None:
    if not may("judge", user.roles):
        raise Refusal("this user has no role that may judge it: an approver or a crisis manager does")
    if user.id == broken.by_id:
        raise Refusal("who broke the glass does not judge it: ask someone else with the role")
    if user.id in await approvals.authors(connection, message.id):
        raise Refusal("who wrote the message does not judge its release: ask someone else with the role")


async def _suggestion(connection: Connection, message: Message) -> str:
    if message.state == "approved":
        return f"nothing went out yet: `roeland message take-back {message.id}`"
    correct = (
        f"put it right with those who got it: submit a message with `kind: correction` and `corrects: {message.id}`"
    )
    if message.state == "released" and await plan.has_open(connection, message.number):
        return f"it is still being sent: `roeland message stop {message.id}`; then {correct}"
    return correct
