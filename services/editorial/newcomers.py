"""Whoever came into the audiences of a released message since its proof gets it too, when an approver says so."""

from services.domain.commands import Answer, IncludeNewcomers
from services.editorial import recipients
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.editorial.spending import refuse_more, spent
from services.runtime.postgres import Connection
from services.store import announcements, audit, corrections, fallbacks, messages, newcomers
from services.store.giving_way import giving_way
from services.store.messages import Message
from services.store.users import User


async def include(connection: Connection, body: IncludeNewcomers, user: User, desk: Desk) -> Answer:
    """Send it to these newcomers; refused when one of them is none (any more), so that nobody gets it twice."""
    message = await messages.find(connection, body.message_id, lock=True)
    if message is None or message.kind in messages.FOR_USERS:
        raise Refusal(f"there is no message {body.message_id}: see `roeland message list`")
    if message.state != "released" or (
        message.expires_at and message.expires_at <= await messages.database_time(connection)
    ):
        raise Refusal(f"message {message.id} is not being sent: nobody else can get it", state=message.state)
    await _refuse_overtaken(connection, message)
    planned = await recipients.plan_for(connection, message, desk.configuration)
    there = {
        each.contact for each in await newcomers.found(connection, message.number, planned.people, planned.selection)
    }
    if missing := set(body.contacts) - there:
        raise Refusal(
            f"{len(missing)} of these are no newcomers to message {message.id} (any more), and nothing was sent:"
            f" look again with `roeland message newcomers {message.id}`"
        )
    before = await spent(connection, message, desk)
    count = await newcomers.append(connection, planned, sorted(set(body.contacts)), source=desk.source)
    await refuse_more(connection, message, desk, before)
    await fallbacks.ask_again(connection, message)
    async with giving_way(connection):
        await announcements.announce(connection, message.number, source=desk.source, unsaid=True)
    await audit.record(
        connection, actor=user.id, action="message.newcomers-included", subject=f"message:{message.id}",
        detail={"message": message.number, "proof": message.proof_hash, "contacts": sorted(set(body.contacts))},
    )  # fmt: skip
    return Answer(done=True, result={"id": str(message.id), "state": message.state, "included": count})


async def _refuse_overtaken(connection: Connection, message: Message) -> None:
    """Nobody is told an error that is known to be one, nor that something goes on which is over."""
    if correction := await corrections.of(connection, message.number, apart_from=message.id):
        raise Refusal(
            f"message {message.id} is put right by {correction.id}: submit what is right now to whoever came since",
            correction=str(correction.id),
        )
    later = await messages.told_in(connection, message.incident)
    over = [each for each in later if each.kind == "all-clear" and each.number > message.number]
    if over and message.kind in ("alert", "update"):
        raise Refusal(
            f"the all-clear {over[-1].id} came after message {message.id}: nobody else is alerted",
            all_clear=str(over[-1].id),
        )
