"""Whoever works on a message sends it to themselves: on their own mailbox and telephone, marked as a test.

The command names no recipient, so that there is none to choose: it goes to the user who gives it.
"""

from typing import Any, Final

from services.domain.commands import Answer, TestMessage
from services.domain.variants import BEYOND
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.rendering.trial import on_trial
from services.runtime.postgres import Connection
from services.store import audit, messages, notices, trials, variants
from services.store.messages import Message
from services.store.users import User

NO_MOBILE: Final = "no SMS was sent: this user has no mobile number. `roeland users add EMAIL --mobile …` sets one"


async def test(connection: Connection, body: TestMessage, user: User, desk: Desk) -> Answer:
    """Send every version of the message to the user, through the ledger like everything else."""
    message = await messages.find(connection, body.message_id)
    if message is None or message.kind in messages.FOR_USERS:
        raise Refusal(f"there is no message {body.message_id}: see `roeland message list`")
    _refuse_unready(message)
    if await trials.in_the_last_hour(connection, message, user.id) >= trials.PER_HOUR:
        raise Refusal(
            f"this user had {trials.PER_HOUR} tests of message {message.id} within an hour: wait, or look at it with"
            f" `roeland message proof {message.id}`"
        )
    recorded = (await variants.read(connection, message.number)).values()
    versions = [each for each in recorded if not each.segment.startswith(BEYOND)]
    told = on_trial(versions, desk.templates, desk.configuration)
    sent = [each for each in told if each.channel == "mail" or user.mobile]
    if not sent:
        raise Refusal("this message goes by SMS only, and " + NO_MOBILE)
    trial = await notices.tell(connection, [user], sent, about=message, by=user.id, source=desk.source, kind="test")
    counts = {"mails": sum(each.channel == "mail" for each in sent), "sms": sum(each.channel == "sms" for each in sent)}
    await audit.record(
        connection, actor=user.id, action="message.tested", subject=f"message:{message.id}",
        detail={"message": message.number, "proof": message.proof_hash, "test": str(trial.id), **counts},
    )  # fmt: skip
    result: dict[str, Any] = {"id": str(message.id), "state": message.state, "test": str(trial.id), **counts}
    return Answer(done=True, result=result | _note(len(told) - len(sent)))


def _refuse_unready(message: Message) -> None:
    if message.state == "submitted":
        raise Refusal(f"message {message.id} is not yet proofed: try again in a moment", state="submitted")
    if message.state not in ("proofed", "approved", "released"):
        raise Refusal(f"message {message.id} is {message.state}: nothing is left to test", state=message.state)


def _note(unsent: int) -> dict[str, str]:
    return {"note": NO_MOBILE} if unsent else {}
