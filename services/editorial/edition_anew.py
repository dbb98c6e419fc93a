"""An edition that waits is made anew: what it tells was put right or withdrawn since, or its editorial changed.

Nobody is told what is known to be wrong. What goes out by itself is made anew for anything that is newer as well; what
a person looked at is theirs to look at again, and so only for an error.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from services.domain.editions import EditionContent, edition_hash
from services.domain.variants import Variant
from services.editorial import edition_standing, revisions
from services.editorial.desk import Desk
from services.editorial.edition_versions import versions_of
from services.runtime.postgres import Connection
from services.store import edition_items, editions, editorials, messages, newsletters, variants
from services.store.messages import Message

FRESH_FOR: Final = timedelta(minutes=1)
"""An edition that is younger is new enough: a stream of messages never keeps it from going out."""


async def changed(connection: Connection, message: Message, desk: Desk) -> tuple[EditionContent, list[Variant]] | None:
    """What it tells now and how, when that is not what was proofed; None: it may go out. Raises `Refused`."""
    content = EditionContent.model_validate(message.content)
    now = await _now(connection, message, content)
    if now == content and message.rendered_with == desk.rendered_with:
        return None
    versions = await versions_of(connection, now, message.id, desk)
    if now == content and _same(versions, list((await variants.read(connection, message.number)).values())):
        return None
    return now, versions


async def composed(connection: Connection, content: EditionContent) -> EditionContent:
    """The same edition with what is news now, and the editorial that stands. Call with the newsletter's row locked."""
    newsletter = await newsletters.by_id(connection, content.newsletter)
    assert newsletter is not None  # noqa: S101 - the edition's row refers to it
    asked = replace(
        edition_items.collected(newsletter, content.date), audiences=content.audiences, exercise=content.exercise
    )
    found = {
        "items": await edition_items.collect(connection, asked),
        "editorial": await editorials.in_force(connection, content.newsletter, content.date),
    }
    if all(getattr(content, name) == value for name, value in found.items()):
        return content
    return content.model_copy(update={**found, "composed_at": await messages.database_time(connection)})


async def revise(connection: Connection, message: Message, content: EditionContent, desk: Desk) -> Message:
    """The next revision, which says this; its proof is still to be asked for. What it tells is recorded."""
    await editions.set_content(connection, content, taken_up=True)
    return await revisions.anew(
        connection, message, desk.rendered_with, content=content.model_dump(mode="json"), digest=edition_hash(content)
    )


async def _now(connection: Connection, message: Message, content: EditionContent) -> EditionContent:
    """The content that it should have; the same object when it may stay as it is."""
    await newsletters.by_id(connection, content.newsletter, lock="wait")
    age = await messages.database_time(connection) - message.submitted_at
    newer = age > FRESH_FOR and await edition_standing.objection(connection, message) == ""
    if not newer and not await edition_items.wrong_now(connection, content.items):
        return content
    return await composed(connection, content)


def _same(one: list[Variant], other: list[Variant]) -> bool:
    def by_key(each: Variant) -> tuple[str, str, str, str]:
        return each.audience, each.language, each.segment, each.channel

    return sorted(one, key=by_key) == sorted(other, key=by_key)
