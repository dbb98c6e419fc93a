"""A blast goes out: asked once more, submitted, held against what was seen, and approved where that is one's right."""

import asyncio
import sys
from typing import Any, Final
from uuid import UUID

import typer

from services.admin import blast_settings
from services.admin.acting import acting, acting_user
from services.admin.answers import Refusal
from services.admin.blast_preview import Ready
from services.admin.giving import give, known, when_proofed
from services.admin.invocation import new_id
from services.domain.commands import ApproveMessage, RejectMessage, ReleaseHolding, SubmitMessage
from services.domain.identity import may
from services.runtime.postgres import connect
from services.store import blasts
from services.store.messages import Message

SECONDS: Final = 30.0
LOOK_EVERY: Final = 1.0
UNDECIDED: Final = ("submitted", "proofed", "approved")


async def refuse_unable(ready: Ready, *, break_glass: str | None, holding: bool) -> None:
    """Refuse before anybody is asked what could not be sent anyway."""
    if not ready.recipients:
        raise Refusal("nobody is selected: nothing to send. See `roeland contacts coverage`, and widen the selection")
    if not ready.proof.sms.messages:
        raise Refusal(f"none of the {ready.recipients} selected has a number: send a mail, or import their numbers")
    if not blast_settings.sender()[0]:
        raise Refusal("no SMS provider is set up: set ROELAND_TWILIO_FROM, and see `roeland doctor`")
    if ready.errors:
        raise Refusal("this text would be refused: mend it", problems=ready.errors)
    if break_glass is not None and not break_glass.strip():
        raise Refusal('breaking the glass needs a reason: --break-glass "reason"')
    async with acting() as (connection, _):
        user = await acting_user(connection)
    if (holding or break_glass is not None) and not may("break-glass", user.roles):
        raise Refusal("only a crisis manager may send alone: leave --break-glass out, and somebody else approves it")
    if not may("submit", user.roles):
        raise Refusal("this user has no role that may submit a message: see `roeland users list`")


def ask(ready: Ready, *, yes: bool, again: bool) -> None:
    """Have the number of recipients typed, or a yes for a few. Raises `Refusal` when nobody can be asked or says no."""
    if yes:
        refuse_repeated(ready, again=again)
        return
    if not sys.stdin.isatty():
        raise Refusal("nobody can be asked here: --dry-run shows it, --yes sends it")
    if ready.same and not again and not typer.confirm(f"Same text as {ready.same.id}. Send it again?", err=True):
        raise Refusal("nothing was sent")
    if ready.recipients <= blast_settings.BlastSettings().sms_confirm_above:
        agreed = typer.confirm(f"Send to {ready.recipients}?", err=True)
    else:
        typed = typer.prompt("Type the number of recipients to send", default="", show_default=False, err=True)
        agreed = typed.strip() == str(ready.recipients)
    if not agreed:
        raise Refusal("nothing was sent")


def refuse_repeated(ready: Ready, *, again: bool) -> None:
    """Nobody can be asked whether the same is sent twice on purpose."""
    if ready.same and not again:
        raise Refusal(
            f"message {ready.same.id} said the same a moment ago ({ready.same.state}): --again sends it once more",
            more={"existing": str(ready.same.id)},
        )


async def submit(
    ready: Ready, *, again: bool, break_glass: str | None = None, message_id: UUID | None = None
) -> Message:
    """Hand it in, and wait for its proof; one for others than were shown is withdrawn. Raises `Refusal`.

    `break_glass`: it is released at its proof, unless that is refused: then it is still `proofed`. `message_id`:
    UUIDv7; None: a new one.
    """
    assert ready.content is not None  # noqa: S101 - a holding statement is released, not submitted
    await _refuse_same(ready, again=again)
    body = SubmitMessage(
        message_id=message_id or new_id(), content=ready.content.model_dump(mode="json"), again=again,
        break_glass=break_glass, confirmed=None if break_glass is None else ready.recipients,
    )  # fmt: skip
    await give(body, key=ready.content.incident)
    message = await when_proofed(body.message_id, seconds=SECONDS)
    if message.state == "proofed" and message.recipients != ready.recipients:
        why = f"{message.recipients} recipients in its proof, {ready.recipients} were confirmed"
        await give(RejectMessage(message_id=message.id, reason=why))
        raise Refusal(
            f"the contacts changed meanwhile: {why}. Nothing was sent; give the command again",
            more={"id": str(message.id), "state": "withdrawn", "recipients": message.recipients},
        )
    return message


async def break_the_glass(message: Message, reason: str) -> dict[str, Any]:
    """Release alone what was not released at its proof, or hear why not. Raises `Refusal`, which says that it waits."""
    try:
        return await give(ApproveMessage(message_id=message.id, proof=message.proof_hash, break_glass=reason))
    except Refusal as refusal:
        raise Refusal(
            f"{refusal.error}. It was not sent, and waits: {message.id}",
            problems=refusal.problems,
            more={**refusal.more, "id": str(message.id), "recipients": message.recipients},
        ) from None


async def release_holding(
    ready: Ready, playbook: str, entry: str, *, digest: str, holes: dict[str, str], message_id: UUID | None = None
) -> Message:
    """Release what was approved beforehand; as it then stands."""
    incident = ready.proof.content.incident
    body = ReleaseHolding(
        message_id=message_id or new_id(), incident=incident, playbook=playbook, entry=entry, hash=digest, holes=holes
    )
    await give(body, key=incident)
    return await when_proofed(body.message_id, seconds=SECONDS)


async def when_decided(message_id: UUID) -> Message:
    """The message once somebody approved or rejected it, however long that takes."""
    async with connect(autocommit=True) as connection:
        while True:
            message = await known(connection, message_id)
            if message.state not in UNDECIDED:
                return message
            await asyncio.sleep(LOOK_EVERY)


async def _refuse_same(ready: Ready, *, again: bool) -> None:
    """Somebody may have sent the same while we were asked."""
    assert ready.content is not None  # noqa: S101
    texts = [each.text for each in ready.content.sms if each.text]
    async with connect(autocommit=True) as connection:
        same = await blasts.same_text(connection, texts)
    if same and not again and (ready.same is None or same.id != ready.same.id):
        raise Refusal(
            f"{same.by} sent the same this very moment: {same.id}. --again sends it once more",
            more={"existing": str(same.id)},
        )
