"""A message is submitted: judged, rendered for everyone whom it must reach, and recorded, with its proof to come."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.domain.commands import Answer, SubmitMessage
from services.domain.content import MessageContent, content_hash
from services.domain.lanes import PRIORITY
from services.domain.problems import Finding
from services.domain.variants import Variant
from services.editorial import facts, following, proof, recipients, revisions
from services.editorial.approve import refuse_glass
from services.editorial.desk import Desk
from services.editorial.findings import judged
from services.editorial.given import read_content
from services.editorial.refusal import Refusal, problem
from services.editorial.versions import versions_of
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store import audit, glass_at_proof, incidents, messages, newsletters, told, variants
from services.store import facts as store_facts
from services.store.glass_at_proof import Asked
from services.store.incidents import Incident
from services.store.messages import Message, NewMessage
from services.store.users import User

CLOSING_KINDS: Final = ("correction", "all-clear")
"""What may still be said in an incident that is closed."""


async def submit(connection: Connection, body: SubmitMessage, user: User, desk: Desk) -> Answer:
    """Record the message, or refuse it with every reason. What it corrects is paused in the same transaction."""
    content = read_content(body.content, desk.configuration)
    await recipients.refuse_unknown(connection, content)
    incident = await _incident(connection, content, user)
    content = await told.with_channels(connection, content)
    revision = await _revision(connection, body, content)
    corrected = await _pause_original(connection, content, desk.source)
    await following.refuse_second(connection, body, content, corrected)
    owed = await recipients.owed_by(connection, content.kind, content.incident, corrected.number if corrected else None)
    audiences = await recipients.audiences_of(connection, content, owed, desk.configuration)
    also = await recipients.channels_owed(connection, owed)
    now = await messages.database_time(connection)
    stated = await facts.stated(connection, content, desk.configuration.lint)
    phase = content.phase or incident.phase
    findings = await judged(connection, stated, audiences, phase=phase, now=now, desk=desk)
    findings += following.findings(content, also)
    versions = versions_of(
        stated.content,
        message_id=str(body.message_id),
        phase=phase,
        incident=incident,
        issued_at=_speaks_of(content, now),
        corrected=corrected,
        audiences=audiences,
        also=also,
        desk=desk,
    )
    new = _new(body.message_id, content, phase=phase, corrected=corrected, findings=findings, user=user)
    new = replace(new, issued_at=_speaks_of(content, now), rendered_with=desk.rendered_with, revision=revision)
    if content.confirm:
        minutes = desk.configuration.escalation.minutes(content.urgency, content.confirm_minutes)
        new = replace(new, confirm_minutes=minutes)
    message = await _record(connection, new, versions, again=body.again)
    await store_facts.record_stated(connection, message.number, stated.versions)
    await _ask_for_release(connection, message, body, user)
    return Answer(done=True, result={"id": str(message.id), "state": message.state, "findings": message.findings})


async def _ask_for_release(connection: Connection, message: Message, body: SubmitMessage, user: User) -> None:
    """Have it released as soon as it is proofed, by whoever may do that alone."""
    if body.break_glass is None:
        return
    refuse_glass(message, user, body.break_glass)
    if body.confirmed is None:
        raise Refusal("to release it at its proof, say how many recipients were confirmed")
    await glass_at_proof.ask(connection, message.number, Asked(user.id, body.confirmed, body.break_glass))


async def _record(connection: Connection, new: NewMessage, versions: list[Variant], *, again: bool) -> Message:
    message = await messages.record_submitted(connection, new)
    await variants.record(connection, message.number, versions)
    await _set_timers(connection, message)
    detail = {
        "message": message.number,
        "incident": message.incident,
        "again": again,
        "revision": message.revision,
        "content": message.content_hash,
    }
    await audit.record(
        connection, actor=new.submitted_by, action="message.submitted", subject=f"message:{message.id}", detail=detail
    )
    return message


async def _incident(connection: Connection, content: MessageContent, user: User) -> Incident:
    if series := await newsletters.of_series(connection, content.incident):
        what = f"{content.incident} is the series of the newsletter {series.slug}, which tells of other incidents."
        raise problem("incident", what, "Name the incident that the message is about.")
    title = next((text.text for text in content.title if text.language == content.language), content.title[0].text)
    new = Incident(content.incident, title, content.phase or "acute", content.exercise)
    incident = await incidents.open_unless_there(connection, new, user.id)
    if incident.exercise != content.exercise:
        what = "is an exercise" if incident.exercise else "is real"
        remedy = f"Write `exercise: {str(incident.exercise).lower()}`, or name another incident."
        raise problem("exercise", f"The incident {incident.slug} {what}; whoever opened it decided that.", remedy)
    if incident.closed_at and content.kind not in CLOSING_KINDS:
        what = f"The incident {incident.slug} is closed: only a correction or an all-clear may still follow."
        raise problem("incident", what, f"`roeland incident reopen {incident.slug}`, or name another incident.")
    return incident


async def _revision(connection: Connection, body: SubmitMessage, content: MessageContent) -> int:
    """Which revision of its message this is: 1 for a new one. The one before it is replaced in this transaction."""
    if body.revises:
        return await revisions.follow(connection, body.message_id, content)
    if await messages.find(connection, body.message_id):
        raise Refusal(f"there is a message {body.message_id} already", existing=str(body.message_id))
    same = None if body.again else await messages.same_content(connection, content.incident, content_hash(content))
    if same:
        raise Refusal(f"message {same.id} says exactly the same: --again sends it a second time", existing=str(same.id))
    return 1


async def _pause_original(connection: Connection, content: MessageContent, source: str) -> Message | None:
    """The message that this one corrects, held from the moment that this transaction commits."""
    if not content.corrects:
        return None
    try:
        original = await messages.find(connection, UUID(content.corrects), lock=True)
    except ValueError:
        return None  # the rules say what is wrong with it
    if original is None or original.incident != content.incident or original.kind in messages.FOR_USERS:
        what = f"There is no message {content.corrects} in {content.incident}."
        raise problem("corrects", what, "Copy its id from `roeland message list`.")
    if original.state == "approved":
        what = "That message is not released yet: nobody has read it, and it is about to go out."
        raise problem("corrects", what, f"`roeland message take-back {original.id}` now, and revise it.")
    if original.released_at is None:
        what = "That message was never released: nobody has read it."
        raise problem("corrects", what, "Reject it, and submit this one as an alert or update.")
    if original.state == "released":
        await messages.pause(connection, original, source=source)
    return await store_facts.as_stated(connection, original)


def _new(
    message_id: UUID,
    content: MessageContent,
    *,
    phase: str,
    corrected: Message | None,
    findings: list[Finding],
    user: User,
) -> NewMessage:
    plain: dict[str, Any] = content.model_dump(mode="json")
    return NewMessage(
        id=message_id,
        incident=content.incident,
        kind=content.kind,
        lane=content.urgency,
        priority=PRIORITY[content.kind],
        phase=phase,
        exercise=content.exercise,
        content=plain,
        content_hash=content_hash(content),
        corrects=corrected.number if corrected else None,
        findings=[asdict(finding) for finding in findings],
        submitted_by=user.id,
        expires_at=content.expires_at,
        next_update_at=content.next_update_at,
        release_at=content.release_at,
    )


def _speaks_of(content: MessageContent, now: datetime) -> datetime:
    """The moment that its text gives as its own: under embargo, that of its release."""
    return content.release_at or now


async def _set_timers(connection: Connection, message: Message) -> None:
    await proof.ask(connection, message.number)
    if message.expires_at:
        await timers.set_timer(connection, messages.EXPIRY, str(message.number), "expires_at", message.expires_at)
