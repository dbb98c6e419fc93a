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

from services.domain.commands import Answer, ApproveHolding, ReleaseHolding, RevokeHolding, SubmitMessage
from services.domain.playbook_file import filled, message_of
from services.domain.playbooks import PreparedEntry, hash_of
from services.domain.shapes import in_our_words
from services.editorial.desk import Desk
from services.editorial.holding_release import lacking, objection
from services.editorial.refusal import Refusal
from services.editorial.submit import submit
from services.rendering.spoken import spoken
from services.runtime.postgres import Connection
from services.store import audit, holdings, incidents, messages
from services.store.holdings import Holding
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
    if missing := lacking(desk.configuration, [user.roles], content.kind, content.urgency, set(content.audiences)):
        raise Refusal(f"the approval policy asks more of such a message than one person beforehand: {missing[0]}")
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
    if why_not := objection(holding, user.id):
        raise Refusal(why_not)
    content = await _filled(connection, holding, body, desk)
    answer = await _submit(connection, body.message_id, content, user, desk)
    await _refuse_twice(connection, body)
    await holdings.mark(connection, body.message_id, holding.id)
    return Answer(done=True, result={**answer.result, "holding": holding.id})


def _read(body: ApproveHolding) -> PreparedEntry:
    """The entry in the command, which may come from anywhere. Raises `Refusal` for what no file could have."""
    if hash_of(body.content) != body.hash:
        raise Refusal("the hash is not that of this entry: nothing was approved")
    try:
        entry = PreparedEntry.model_validate(body.content)
    except ValidationError as error:
        problem, remedy = in_our_words(error.errors()[0], see="")
        raise Refusal(f"this is no entry of a playbook: {problem} {remedy}".strip()) from None
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


def _answer(number: int, digest: str, *, changed: bool) -> Answer:
    return Answer(done=True, result={"holding": number, "hash": digest, "changed": changed})
