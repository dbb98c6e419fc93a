"""Whether a message would say something else now than when it was proofed: a template, a list or a fact changed.

Then its approval is not to be had: it becomes a new revision, which is proofed and asks again.
"""

from typing import Any, Final

from services.domain.commands import Answer
from services.domain.content import MessageContent
from services.domain.editions import KIND as EDITION
from services.domain.editions import EditionContent
from services.domain.variants import Variant
from services.editorial import edition_anew, facts, proof, recipients, revisions
from services.editorial.desk import Desk
from services.editorial.versions import versions_of
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store import audit, incidents, messages, variants
from services.store.facts import as_stated, record_stated
from services.store.messages import Message
from services.store.users import User

MOST_SHOWN: Final = 20

_Key = tuple[str, str, str, str]


async def changed_since_proof(
    connection: Connection, message: Message, original: Message | None, desk: Desk
) -> list[Variant] | None:
    """The versions that it would have now, when they are not those that were proofed; else None. Raises `Refused`."""
    if message.kind == EDITION:
        anew = await edition_anew.changed(connection, message, desk)
        return anew[1] if anew else None
    if message.rendered_with == desk.rendered_with and not await facts.changed_since(connection, message):
        return None
    content, versions = await facts.resolved(
        connection, MessageContent.model_validate(message.content), desk.configuration.lint
    )
    now = await _rendered(connection, message, content, original, desk)
    recorded = (await variants.read(connection, message.number)).values()
    if _by_key(now) == _by_key(recorded):
        await record_stated(connection, message.number, versions)
        return None
    return now


async def proof_again(
    connection: Connection, message: Message, versions: list[Variant], user: User | None, desk: Desk
) -> Answer:
    """Make the next revision of it, to be proofed; the answer refuses the approval and shows what changed.

    `user`: whose approval it was; None when it had been approved, and was about to go out.
    """
    changes = _changes(_by_key((await variants.read(connection, message.number)).values()), _by_key(versions))
    revision = await _next(connection, message, desk)
    await variants.record(connection, revision.number, versions)
    await proof.ask(connection, revision.number)
    if revision.expires_at:
        await timers.set_timer(connection, messages.EXPIRY, str(revision.number), "expires_at", revision.expires_at)
    await audit.record(
        connection, actor=user.id if user else None, action="message.proofed-again", subject=f"message:{message.id}",
        detail={"message": revision.number, "revision": revision.revision, "changed": len(changes)},
    )  # fmt: skip
    what = "a message that it tells of" if message.kind == EDITION else "a fact"
    error = (
        f"what message {message.id} says changed since its proof (a template, the configuration or {what} did), and"
        f" nothing was released: it is proofed again as revision {revision.revision}. Look at what changed, and"
        " approve it again"
    )
    result = {"id": str(message.id), "state": "submitted", "revision": revision.revision}
    return Answer(done=False, error=error, result={**result, "changed": changes[:MOST_SHOWN]})


async def _next(connection: Connection, message: Message, desk: Desk) -> Message:
    if message.kind == EDITION:
        content = await edition_anew.composed(connection, EditionContent.model_validate(message.content))
        return await edition_anew.revise(connection, message, content, desk)
    revision = await revisions.anew(connection, message, desk.rendered_with)
    _, stated = await facts.resolved(
        connection, MessageContent.model_validate(message.content), desk.configuration.lint
    )
    await record_stated(connection, revision.number, stated)
    return revision


async def _rendered(
    connection: Connection, message: Message, content: MessageContent, original: Message | None, desk: Desk
) -> list[Variant]:
    incident = await incidents.find(connection, message.incident)
    assert incident is not None  # noqa: S101 - a message refers to it
    told = await variants.audiences(connection, [message.number])
    owed = await recipients.owed_by(connection, message.kind, message.incident, message.corrects)
    return versions_of(
        content,
        message_id=str(message.id),
        phase=message.phase,
        incident=incident,
        issued_at=message.issued_at or message.submitted_at,
        corrected=await as_stated(connection, original) if original else None,
        audiences=desk.configuration.in_order(audience for audience, _ in told),
        also=await recipients.channels_owed(connection, owed),
        desk=desk,
    )


def _by_key(versions: Any) -> dict[_Key, Variant]:
    return {(v.audience, v.language, v.segment, v.channel): v for v in versions}


def _changes(before: dict[_Key, Variant], now: dict[_Key, Variant]) -> list[dict[str, Any]]:
    """Each version that is another now: what it said and says, as subject and text; None where there is none."""
    return [
        {
            "audience": key[0],
            "language": key[1],
            "channel": key[3],
            "before": _said(before, key),
            "now": _said(now, key),
        }
        for key in dict.fromkeys((*before, *now))
        if before.get(key) != now.get(key)
    ]


def _said(versions: dict[_Key, Variant], key: _Key) -> str | None:
    found = versions.get(key)
    return f"{found.subject}\n\n{found.text}".strip() if found else None
