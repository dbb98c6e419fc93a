"""Word that a message was withdrawn: generated, and released in the act that withdraws it, without a proof of its own.

It is an `update` in the lane of what was withdrawn, as early as a correction, and its mails answer those that it is
about. It goes to those whom that message reached or may have reached, on those channels; a feed has the marked entry.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import Rollback
from uuid_utils import uuid7

from services.domain.content import MessageContent, content_hash
from services.domain.lanes import CHANNELS, PRIORITY
from services.domain.lint import lint
from services.editorial import binding, recipients
from services.editorial.desk import Desk
from services.editorial.refusal import Refusal, problem
from services.editorial.release import publish
from services.rendering.render import render_all
from services.rendering.withdrawal import withdrawal_texts
from services.runtime.postgres import Connection
from services.store import fallbacks, incidents, messages, plan, variants
from services.store.facts import as_stated
from services.store.messages import Message, NewMessage
from services.store.users import User

LONGEST_REASON: Final = 200
"""Characters of a reason that people are told without a proof: one sentence or two."""

OF_WORDS: Final = frozenset({"bad-link", "bad-phone", "national-number", "iban"})
"""The rules of lint that are about words, whatever the message."""


async def tell(connection: Connection, withdrawn: Message, reason: str, user: User, desk: Desk) -> Message | None:
    """Release the notice; None, and nothing is recorded, when nobody can have got what is withdrawn."""
    told = {
        audience: channels - {"newsfeed"}
        for audience, channels in (await recipients.channels_owed(connection, [withdrawn])).items()
        if channels - {"newsfeed"}
    }
    if not told:
        return None
    if gone := set(told) - set(desk.configuration.audience_ids):
        raise problem("audiences", f"{', '.join(sorted(gone))} is configured no more.", "Configure it again.")
    withdrawn = await as_stated(connection, withdrawn)
    _refuse_unfit(withdrawn, reason, tuple(told), desk, await messages.database_time(connection))
    notice: Message | None = None
    async with connection.transaction() as attempt:
        notice = await _released(connection, withdrawn, told, reason, user=user, desk=desk)
        if notice is None:
            raise Rollback(attempt)
    return notice


async def _released(
    connection: Connection, withdrawn: Message, told: dict[str, set[str]], reason: str, *, user: User, desk: Desk
) -> Message | None:
    content = _content(withdrawn, set().union(*told.values()), reason, desk)
    message = await messages.record_submitted(connection, await _new(connection, withdrawn, content, user))
    incident = await incidents.find(connection, withdrawn.incident)
    versions = render_all(
        content,
        phase=withdrawn.phase,
        message_id=str(message.id),
        templates=desk.templates,
        incident_title=incident.title if incident else "",
        issued_at=message.issued_at,
        audiences=told,
        also=told,
        asks=False,
        configuration=desk.configuration,
    )
    await variants.record(connection, message.number, versions)
    planned = await recipients.plan_for(connection, message, desk.configuration)
    count = await plan.write(connection, replace(planned, told=[withdrawn.number]))
    if not count:
        return None
    await messages.set_proofed(connection, message.number, count, await binding.proof_of(connection, message.number))
    released = await messages.set_released(connection, message.number, user.id)
    await fallbacks.ask_at_release(connection, released)
    await publish(connection, released, desk.source)
    return released


def _refuse_unfit(withdrawn: Message, reason: str, audiences: tuple[str, ...], desk: Desk, now: datetime) -> None:
    """Nobody proofs the reason: it is short, plain words, and holds nothing that lint would keep from any message."""
    if withdrawn.kind == "update" and withdrawn.corrects is not None:
        raise Refusal(f"message {withdrawn.id} is itself word of a withdrawal: say more in a message of its own")
    if len(reason) > LONGEST_REASON:
        raise Refusal(f"the reason has {len(reason)} characters, and {LONGEST_REASON} can be told: shorten it")
    if "{" in reason or "}" in reason:
        raise Refusal("the reason is told as it is, so nothing in braces may stand in it: write the words")
    content = _content(withdrawn, {"mail"}, reason, desk)
    found = lint(content, phase=withdrawn.phase, now=now, configuration=desk.configuration, audiences=audiences)
    if unfit := [each for each in found if each.severity == "error" and each.rule in OF_WORDS]:
        raise Refusal(f"this reason may not be told: {unfit[0].problem} {unfit[0].remedy}")


def _content(withdrawn: Message, channels: set[str], reason: str, desk: Desk) -> MessageContent:
    original = MessageContent.model_validate(withdrawn.content)
    texts = {
        text.language or original.language: withdrawal_texts(
            desk.templates, text.language or original.language, text.text, withdrawn.released_at, reason
        )
        for text in original.title
    }
    key_messages = [[{"text": each[part], "language": each["language"]} for each in texts.values()] for part in _PARTS]
    return MessageContent.model_validate(
        {
            "incident": withdrawn.incident,
            "kind": "update",
            "phase": withdrawn.phase,
            "urgency": withdrawn.lane,
            "title": [{"text": each["title"], "language": each["language"]} for each in texts.values()],
            "language": original.language,
            "channels": [channel for channel in CHANNELS if channel in channels],
            "key_messages": [{"text": each} for each in key_messages],
            "exercise": withdrawn.exercise,
        }
    )


_PARTS = ("key_message", "reason")


async def _new(connection: Connection, withdrawn: Message, content: MessageContent, user: User) -> NewMessage:
    return NewMessage(
        id=UUID(str(uuid7())),
        incident=withdrawn.incident,
        kind="update",
        lane=withdrawn.lane,
        priority=PRIORITY["correction"],
        phase=withdrawn.phase,
        exercise=withdrawn.exercise,
        content=content.model_dump(mode="json"),
        content_hash=content_hash(content),
        corrects=withdrawn.number,
        findings=[],
        submitted_by=user.id,
        expires_at=None,
        next_update_at=None,
        issued_at=await messages.database_time(connection),
    )
