"""Revisions of a message: each has a plan and a proof of its own, and at most one of them is ever released."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from services.domain.content import MessageContent
from services.domain.lanes import PRIORITY
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.store import messages
from services.store.messages import Message, NewMessage

OPEN_TO_REVISION = ("submitted", "proofed", "rejected", "withdrawn", "expired")


async def follow(connection: Connection, message_id: UUID, content: MessageContent) -> int:
    """The number of the revision that comes after the latest of this message, which is replaced. Raises `Refusal`."""
    before = await messages.find(connection, message_id, lock=True)
    if before is None:
        raise Refusal(f"there is no message {message_id} to revise: see `roeland message list`")
    if before.released_at is not None:
        raise Refusal(
            f"message {message_id} was released: put it right with a message of `kind: correction`", state=before.state
        )
    if before.state == "approved":
        raise Refusal(
            f"message {message_id} is approved and about to go out: `roeland message take-back {message_id}` first",
            state=before.state,
        )
    if before.state not in OPEN_TO_REVISION:
        raise Refusal(f"message {message_id} was {before.state}: submit a new message", state=before.state)
    if before.incident != content.incident:
        raise Refusal(f"message {message_id} belongs to {before.incident}: a revision stays in its incident")
    await _refuse_another_purpose(connection, before, content)
    await messages.set_replaced(connection, before.number)
    return before.revision + 1


async def _refuse_another_purpose(connection: Connection, before: Message, content: MessageContent) -> None:
    """A correction holds what it corrects: revised into something else, it would leave that paused for ever."""
    original = await messages.by_number(connection, before.corrects) if before.corrects is not None else None
    same = (before.kind == "correction") == (content.kind == "correction")
    if not same or (content.kind == "correction" and str(original.id if original else None) != content.corrects):
        raise Refusal(
            f"a revision of message {before.id} puts right what the message did, or nothing, as it did: reject it with"
            f" `roeland message reject {before.id}`, and submit a new one"
        )


async def anew(
    connection: Connection,
    message: Message,
    rendered_with: str,
    *,
    content: dict[str, Any] | None = None,
    digest: str | None = None,
) -> Message:
    """The next revision of a message, the same in all but what it is rendered with; the former is replaced.

    `content`, with its `digest`: what it says, where that is something else. Its variants are still to be recorded and
    its proof to be asked for.
    """
    await messages.set_replaced(connection, message.number)
    kept = {field.name: getattr(message, field.name) for field in fields(NewMessage) if field.name != "priority"}
    changed = {"priority": PRIORITY[message.kind], "revision": message.revision + 1, "rendered_with": rendered_with}
    said = {} if content is None else {"content": content, "content_hash": digest}
    return await messages.record_submitted(connection, NewMessage(**{**kept, **changed, **said}))
