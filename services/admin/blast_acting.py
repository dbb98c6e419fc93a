"""A blast as both doors do it: content in, a preview or a message out. `roeland sms blast` asks in between at a
terminal; the console has a page on which one types the number."""

from dataclasses import dataclass
from uuid import UUID

from services.admin import blast_preview, blast_sending
from services.admin.answers import Answer, Refusal, lines
from services.admin.blast_content import Order
from services.admin.blast_holding import prepare_holding
from services.admin.blast_preview import Ready
from services.store.messages import Message


@dataclass(frozen=True, slots=True)
class Blast:
    """What is sent: an order, or the playbook and entry that were approved beforehand, with the holes of the order.

    `break_glass`: why it is released alone; None: somebody else approves it.
    """

    order: Order
    holding: tuple[str, str] | None = None
    break_glass: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """How it would go out. `approved`: of a holding statement, the hash of what was approved, and its holes."""

    blast: Blast
    ready: Ready
    approved: tuple[str, dict[str, str]] | None


async def prepare(blast: Blast) -> Prepared:
    """As it would go out now. Raises `Refusal`, `Refused` or `WrongUsage`."""
    if blast.holding is None:
        return Prepared(
            blast, await blast_preview.prepare(blast.order, break_glass=blast.break_glass is not None), None
        )
    return Prepared(blast, *await prepare_holding(*blast.holding, blast.order))


async def refuse_unable(prepared: Prepared) -> None:
    """Refuse what could not be sent anyway."""
    holding, reason = prepared.blast.holding, prepared.blast.break_glass
    await blast_sending.refuse_unable(prepared.ready, break_glass=reason, holding=holding is not None)


async def send(prepared: Prepared, *, again: bool, message_id: UUID | None = None) -> Message:
    """The message that it became: released, or waiting for somebody else. Raises `Refusal`."""
    blast, ready = prepared.blast, prepared.ready
    if blast.holding and prepared.approved:
        digest, holes = prepared.approved
        return await blast_sending.release_holding(
            ready, *blast.holding, digest=digest, holes=holes, message_id=message_id
        )
    message = await blast_sending.submit(ready, again=again, break_glass=blast.break_glass, message_id=message_id)
    if blast.break_glass is not None and message.state == "proofed":
        await blast_sending.break_the_glass(message, blast.break_glass)
    return message


async def preview(blast: Blast) -> Answer:
    """What `sms blast --dry-run` says."""
    return Answer(blast_preview.document((await prepare(blast)).ready), lines())


async def send_seen(blast: Blast, *, seen: int, again: bool, message_id: UUID) -> Answer:
    """Send it to as many as somebody saw and confirmed. The id is theirs: what is sent twice is refused once."""
    prepared = await prepare(blast)
    await refuse_unable(prepared)
    if (now := prepared.ready.recipients) != seen:
        raise Refusal(f"the contacts changed meanwhile: {now} recipients now, {seen} were shown. Nothing was sent")
    blast_sending.refuse_repeated(prepared.ready, again=again)
    message = await send(prepared, again=again, message_id=message_id)
    return Answer({"id": message.id, "recipients": message.recipients}, lines())
