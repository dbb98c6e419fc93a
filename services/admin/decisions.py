"""`roeland message approve|reject|pause|resume|stop ID`: what is decided about a message.

Approving and rejecting are commands that editorial answers. Pausing, resuming and stopping work on the row itself,
without Kafka and without editorial: when they return, nothing more is claimed.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, as_plain, lines
from services.admin.command import command
from services.admin.messages import app

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.messages import Message

Id = Annotated[str, typer.Argument(metavar="ID", help="The message's id, as `message list` shows it.")]


@command(
    app,
    "approve",
    examples=[
        "message approve 0199… --as wacht@ccvo.example",
        "message approve 0199… --break-glass 'niemand anders bereikbaar' --as crisismanager@ccvo.example",
    ],
)
async def approve(
    id: Id,  # noqa: A002 - the contract calls it ID
    *,
    proof: Annotated[
        str | None, typer.Option(help="Hash of the proof that you looked at; another one is refused.")
    ] = None,
    break_glass: Annotated[
        str | None,
        typer.Option("--break-glass", metavar="REASON", help="Release an urgent message alone, as a crisis manager."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
) -> Answer:
    """Approve a message, exactly as it was proofed: it is released when nobody else has to approve it too.

    The approver is somebody else than the author. With --break-glass a crisis manager releases an urgent message
    alone: everyone with the role is told at once, and a second person must confirm or dispute it afterwards.
    """
    from services.admin.approving import ask, proof_of, show_changed, told
    from services.admin.giving import give, message_id
    from services.domain.commands import ApproveMessage

    message = message_id(id)
    if not yes:
        await ask(message, break_glass=break_glass)
    seen = proof or await proof_of(message)
    try:
        result = await give(ApproveMessage(message_id=message, proof=seen, break_glass=break_glass))
    except Refusal as refusal:
        show_changed(refusal)
        raise
    return Answer(result, lines(*told(id, result)))


@command(app, "reject", examples=["message reject 0199… --reason 'cijfers kloppen niet' --as wacht@ccvo.example"])
async def reject(
    id: Id,  # noqa: A002 - the contract calls it ID
    reason: Annotated[str, typer.Option(help="Why: its author is told, and wants to know what to mend.")] = "",
) -> Answer:
    """Do not release this message. Nobody gets it."""
    from services.admin.giving import give, message_id
    from services.domain.commands import RejectMessage

    result = await give(RejectMessage(message_id=message_id(id), reason=reason))
    return Answer(result, lines(f"{id}: {result.get('state')}"))


@command(app, "take-back", examples=["message take-back 0199… --reason 'verkeerde datum' --as wacht@ccvo.example"])
async def take_back(
    id: Id,  # noqa: A002 - the contract calls it ID
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> Answer:
    """Take back an approval before anything went out: the message waits for approval again.

    For its author and for whoever may approve. What was released already is stopped: `message stop`.
    """
    from services.admin.giving import give, message_id
    from services.domain.commands import TakeBackMessage

    result = await give(TakeBackMessage(message_id=message_id(id), reason=reason))
    return Answer(result, lines(f"{id}: {result.get('state')}", f"To release it again: `roeland message approve {id}`"))


@command(app, "pause", examples=["message pause 0199…"])
async def pause(id: Id) -> Answer:  # noqa: A002 - the contract calls it ID
    """Hold a message: when this returns, no further delivery is claimed. `resume` lets it go on."""
    return await _decide(id, "paused", _pause, then=f"It goes on with `roeland message resume {id}`")


@command(app, "resume", examples=["message resume 0199…"])
async def resume(
    id: Id,  # noqa: A002 - the contract calls it ID
    *,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also an edition that tells what is wrong by now.")] = False,
) -> Answer:
    """Let a paused message go on."""
    return await _decide(id, "resumed", partial(_resume, anyway=anyway))


@command(app, "stop", examples=["message stop 0199…"])
async def stop(id: Id) -> Answer:  # noqa: A002 - the contract calls it ID
    """Stop a message for good: when this returns, no further delivery is claimed; what was unsent is superseded."""
    return await _decide(id, "stopped", _stop)


async def _pause(connection: "Connection", message: "Message", state: str) -> None:
    from services.admin.giving import SOURCE
    from services.store import messages

    if message.state != "released" or state in {"done", "expired"}:
        raise Refusal(f"it is {state}: only a message that is being sent can be paused")
    await messages.pause(connection, message, source=SOURCE)


async def _resume(connection: "Connection", message: "Message", state: str, *, anyway: bool) -> None:
    from services.admin.giving import SOURCE
    from services.store import corrections, messages

    if message.state != "released" or message.paused_at is None:
        raise Refusal(f"it is {state}, not paused")
    if correction := await corrections.pending(connection, message.number):
        raise Refusal(
            f"its correction {correction} waits, and this would send the error to more people: approve that one, or"
            f" `roeland message reject {correction}` first"
        )
    if not anyway and await _tells_what_is_wrong(connection, message):
        raise Refusal(
            "it tells of a message that was put right, withdrawn or held since, or is over: `roeland message stop"
            f" {message.id}` (the next edition says how it is now), or let it go on as it is with --anyway"
        )
    await messages.resume(connection, message, source=SOURCE)


async def _tells_what_is_wrong(connection: "Connection", message: "Message") -> bool:
    """An edition that is being sent is not made anew: what it says stays as it was proofed."""
    from services.domain.editions import EditionContent, is_edition
    from services.store import edition_items

    if not is_edition(message.content):
        return False
    return await edition_items.wrong_now(connection, EditionContent.model_validate(message.content).items)


async def _stop(connection: "Connection", message: "Message", state: str) -> None:
    from services.admin.giving import SOURCE
    from services.store import messages

    if state in {"rejected", "withdrawn", "expired", "done"}:
        raise Refusal(f"it is {state}: there is nothing left to stop")
    if state != "stopped":  # whoever stops twice wants it stopped
        await messages.stop(connection, message, source=SOURCE, how="stopped")


async def _decide(
    written: str, action: str, act: "Callable[[Connection, Message, str], Awaitable[None]]", *, then: str | None = None
) -> Answer:
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.store import audit
    from services.store.status import status_of

    number = message_id(written)
    async with acting() as (connection, actor):
        async with connection.transaction():
            message = await known(connection, number, lock=True)
            await act(connection, message, (await status_of(connection, message)).state)
            detail = await _signed(connection, actor, action, number.hex)
            await audit.record(
                connection, actor=actor, action=f"message.{action}", subject=f"message:{message.id}", detail=detail
            )
        after = await status_of(connection, await known(connection, number))
    return Answer(after, lines(f"{written}: {after.state}", *filter(None, [then])))


async def _signed(connection: "Connection", actor: int | None, action: str, message: str) -> dict[str, Any]:
    """A stop is obeyed first and its signature audited (DESIGN, Who may act): the document, and its signature."""
    from services.admin.keys import private_key
    from services.domain.identity import sign
    from services.store.users import user_by_id

    user = await user_by_id(connection, actor) if actor else None
    private = private_key(user.email) if user else None
    document = as_plain({"action": action, "message": message, "user": actor, "at": datetime.now(UTC)})
    return {"document": document, "signature": sign(document, private) if private else None}
