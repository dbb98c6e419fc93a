"""Holding statements: approved beforehand by one person, filled and released by another, alone, in under a minute.

What is released is what the table holds, never what a door says that it is; a door only names its hash. The four
eyes are those of who approved it and of who releases it: one person cannot be both, for then approving beforehand
would be a way round every other approval.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import ValidationError

from services.domain import approval_policy
from services.domain.commands import Answer, ApproveHolding, ReleaseHolding, RevokeHolding, SubmitMessage
from services.domain.configuration import Configuration
from services.domain.playbook_file import filled, message_of
from services.domain.playbooks import PreparedEntry, hash_of
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal
from services.editorial.release import release
from services.editorial.submit import submit
from services.rendering.spoken import spoken
from services.runtime.postgres import Connection
from services.store import approvals, audit, holdings, incidents, messages, variants
from services.store.holdings import Holding
from services.store.messages import Message
from services.store.users import User

APART: Final = timedelta(minutes=10)
"""Two people who release the same entry at once mean the same message: in one incident it goes once in this time."""

log = structlog.get_logger(__name__)


async def approve_holding(connection: Connection, body: ApproveHolding, user: User, desk: Desk) -> Answer:
    """From now on a crisis manager, another one, may release this very entry alone."""
    entry = _read(body)
    now = await messages.database_time(connection)
    samples = {name: hole.sample for name, hole in entry.holes.items()}
    content = message_of(filled(entry, samples, now), name="entry", now=now, configuration=desk.configuration)
    if lacking := _lacking(desk.configuration, [user.roles], content.kind, content.urgency, set(content.audiences)):
        raise Refusal(f"the approval policy asks more of such a message than one person beforehand: {lacking[0]}")
    await holdings.lock_all(connection)
    before = await holdings.in_force(connection, body.playbook, body.entry)
    if before and (before.hash, before.approved_by) == (body.hash, user.id):
        return _answer(before.id, body.hash, changed=False)
    number = await holdings.approve(connection, body.content, body.hash, user.id)
    await audit.record(
        connection, actor=user.id, action="holding.approved", subject=f"holding:{number}",
        detail={"playbook": body.playbook, "entry": body.entry, "hash": body.hash,
                "replaces": before.id if before else None},
    )  # fmt: skip
    return _answer(number, body.hash, changed=True)


async def revoke_holding(connection: Connection, body: RevokeHolding, user: User, desk: Desk) -> Answer:
    """From now on nobody releases it alone; what waits for its proof at this moment then waits for an approval."""
    del desk
    await holdings.lock_all(connection)
    before = await holdings.in_force(connection, body.playbook, body.entry)
    if before is None:
        raise Refusal(f"{body.playbook} {body.entry} is not approved beforehand: see `roeland playbook approved`")
    await holdings.revoke(connection, body.playbook, body.entry, user.id)
    await audit.record(
        connection, actor=user.id, action="holding.revoked", subject=f"holding:{before.id}",
        detail={"playbook": body.playbook, "entry": body.entry, "hash": before.hash},
    )  # fmt: skip
    return Answer(done=True, result={"holding": before.id, "hash": before.hash})


async def release_holding(connection: Connection, body: ReleaseHolding, user: User, desk: Desk) -> Answer:
    """Submit it, filled, as this crisis manager's message; it is released as soon as it is proofed."""
    holding = await holdings.in_force(connection, body.playbook, body.entry, lock=True)
    if holding is None:
        raise Refusal(
            f"{body.playbook} {body.entry} is not approved beforehand, or was revoked: see `roeland playbook approved`"
        )
    if holding.hash != body.hash:
        raise Refusal(
            f"what was approved of {body.playbook} {body.entry} is not what was looked at: its file, or the approval,"
            " changed. Look at it again (`roeland playbook approved`), and have it approved",
            hash=holding.hash,
        )
    if objection := _objection(holding, user.id):
        raise Refusal(objection)
    content = await _filled(connection, holding, body, desk)
    answer = await _submit(connection, body.message_id, content, user, desk)
    await _refuse_twice(connection, body)
    await holdings.mark(connection, body.message_id, holding.id)
    return Answer(done=True, result={**answer.result, "holding": holding.id})


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
    except Refusal as refusal:
        log.warning("holding_not_released", message=number, reason=refusal.answer.error)
        await audit.record(
            connection, actor=None, action="message.holding-not-released", subject=f"message:{message.id}",
            detail={"message": number, "holding": message.holding, "why": refusal.answer.error},
        )  # fmt: skip


async def _release(connection: Connection, message: Message, desk: Desk) -> None:
    assert message.holding is not None  # noqa: S101 - asked for by the caller
    playbook, entry, digest = await holdings.of(connection, message.holding)
    holding = await holdings.in_force(connection, playbook, entry, lock=True)
    if holding is None or holding.hash != digest:
        raise Refusal("it was revoked meanwhile")
    if objection := _objection(holding, message.submitted_by):
        raise Refusal(objection)
    if message.expires_at and message.expires_at <= await messages.database_time(connection):
        raise Refusal("it has expired")
    told = {audience for audience, _ in await variants.audiences(connection, [message.number])}
    if _lacking(desk.configuration, [holding.roles], message.kind, message.lane, told):
        raise Refusal("the approval policy asks more of it")
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


def _read(body: ApproveHolding) -> PreparedEntry:
    """The entry in the command, which may come from anywhere. Raises `Refusal` for what no file could have."""
    if hash_of(body.content) != body.hash:
        raise Refusal("the hash is not that of this entry: nothing was approved")
    try:
        entry = PreparedEntry.model_validate(body.content)
    except ValidationError as error:
        raise Refusal(f"this is no entry of a playbook: {error.errors()[0]['msg']}") from None
    if (entry.playbook, entry.entry) != (body.playbook, body.entry):
        raise Refusal("the entry is not the one that the command names: nothing was approved")
    if not entry.holding:
        raise Refusal(f"{body.entry} is no holding statement: write `holding: true` in its playbook, and look at it")
    if entry.plain != body.content:
        raise Refusal("the entry is not in its canonical form: approve it with `roeland playbook approve`")
    return entry


async def _filled(connection: Connection, holding: Holding, body: ReleaseHolding, desk: Desk) -> dict[str, object]:
    """The message, as content. An incident that is an exercise makes it one."""
    entry = PreparedEntry.model_validate(holding.content)
    incident = await incidents.find(connection, body.incident)
    now = await messages.database_time(connection)
    templates = desk.templates
    file = entry.file(
        body.holes, incident=body.incident, exercise=bool(incident and incident.exercise), now=now,
        zone=ZoneInfo(templates.timezone), say=spoken(templates),
    )  # fmt: skip
    content = message_of(file, name="entry", now=now, configuration=desk.configuration)
    return content.model_dump(mode="json")


async def _submit(
    connection: Connection, message_id: UUID, content: dict[str, object], user: User, desk: Desk
) -> Answer:
    try:
        return await submit(connection, SubmitMessage(message_id=message_id, content=content), user, desk)
    except Refusal as refusal:
        same = refusal.answer.result.get("existing")
        if same is None or same == str(message_id):
            raise
        raise Refusal(
            f"message {same} says exactly the same: it is not sent again. Submit an update with what is new since",
            existing=same,
        ) from None


async def _refuse_twice(connection: Connection, body: ReleaseHolding) -> None:
    """Asked when `submit` holds the incident's row, so that of two at once the second sees the first."""
    if same := await holdings.lately(connection, body.incident, body.playbook, body.entry, APART):
        raise Refusal(
            f"{body.playbook} {body.entry} went out in {body.incident} less than {APART.seconds // 60} minutes ago, as"
            f" message {same}: to say something else now, submit an update or a correction",
            existing=str(same),
        )


def _objection(holding: Holding, releasing: int) -> str:
    if holding.approved_by == releasing:
        return (
            "who approved it beforehand does not also release it alone: let another crisis manager release it, or"
            ' submit it and approve it with --break-glass "reason"'
        )
    if holding.disabled_at is not None:
        return "who approved it beforehand is disabled: have somebody approve it anew (`roeland playbook approve`)"
    return ""


def _lacking(
    configuration: Configuration, roles: list[list[str]], kind: str, urgency: str, audiences: set[str]
) -> list[str]:
    return approval_policy.lacking(configuration.approval, roles, kind=kind, urgency=urgency, audiences=audiences)


def _answer(number: int, digest: str, *, changed: bool) -> Answer:
    return Answer(done=True, result={"holding": number, "hash": digest, "changed": changed})
