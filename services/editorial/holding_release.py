"""A holding statement goes out as soon as it is proofed, if it may: what was approved beforehand is in force still."""

import structlog

from services.domain import approval_policy
from services.domain.configuration import Configuration
from services.domain.problems import Refused
from services.editorial import spending
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.editorial.release import release
from services.runtime.postgres import Connection
from services.store import approvals, audit, holdings, messages, variants
from services.store.holdings import Holding
from services.store.messages import Message

log = structlog.get_logger(__name__)


async def release_proofed(connection: Connection, number: int, desk: Desk) -> None:
    """Release this message, just proofed in this transaction, if it is a holding statement that is still in force.

    If it is no more, or cannot be released, it stays proofed and waits for an approval as every message.
    """
    message = await messages.by_number(connection, number, lock=True)
    if message is None or message.holding is None or message.state != "proofed":
        return
    try:
        async with connection.transaction():
            await _release(connection, message, desk)
    except (Refusal, Refused) as refusal:
        why = refusal.answer.error if isinstance(refusal, Refusal) else "it is refused as it is now"
        log.warning("holding_not_released", message=number, reason=why)
        await audit.record(
            connection, actor=None, action="message.holding-not-released", subject=f"message:{message.id}",
            detail={"message": number, "holding": message.holding, "why": why},
        )  # fmt: skip


async def _release(connection: Connection, message: Message, desk: Desk) -> None:
    assert message.holding is not None  # noqa: S101 - asked for by the caller
    playbook, entry, digest = await holdings.of(connection, message.holding)
    holding = await holdings.in_force(connection, playbook, entry, lock=True)
    if holding is None or holding.hash != digest:
        raise Refusal("it was revoked meanwhile")
    if why_not := objection(holding, message.submitted_by):
        raise Refusal(why_not)
    if message.expires_at and message.expires_at <= await messages.database_time(connection):
        raise Refusal("it has expired")
    told = {audience for audience, _ in await variants.audiences(connection, [message.number])}
    if lacking(desk.configuration, [holding.roles], message.kind, message.lane, told):
        raise Refusal("the approval policy asks more of it")
    await spending.refuse_excess(connection, message, desk)
    _, moved = await release(connection, message, None, holding.approved_by, desk)
    await approvals.record(
        connection, message=message.number, user=message.submitted_by, act="holding",
        proof_hash=message.proof_hash or "", reason=f"{playbook} {entry}",
    )  # fmt: skip
    await audit.record(
        connection, actor=message.submitted_by, action="message.released-as-holding", subject=f"message:{message.id}",
        detail={
            "message": message.number, "proof": message.proof_hash, "holding": holding.id, "hash": digest,
            "playbook": playbook, "entry": entry, "approved_by": holding.approved_by, **moved,
        },
    )  # fmt: skip


def objection(holding: Holding, releasing: int) -> str:
    """Why this user may not release it alone; empty when they may."""
    if holding.approved_by == releasing:
        return (
            "who approved it beforehand does not also release it alone: let another crisis manager release it, or"
            ' submit it and approve it with --break-glass "reason"'
        )
    if holding.disabled_at is not None:
        return "who approved it beforehand is disabled: have somebody approve it anew (`roeland playbook approve`)"
    return ""


def lacking(
    configuration: Configuration, roles: list[list[str]], kind: str, urgency: str, audiences: set[str]
) -> list[str]:
    """What the centre\'s policy asks of such a message besides an approval by someone with these roles."""
    return approval_policy.lacking(configuration.approval, roles, kind=kind, urgency=urgency, audiences=audiences)
