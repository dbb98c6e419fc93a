"""A draft that was handed in and of which nothing came, for whoever handed it in died: it is its author's again."""

from fastapi import Request

from services.console.desk import desk_of
from services.runtime import commands
from services.runtime.postgres import Connection
from services.store import drafts, messages
from services.store.drafts import Draft


async def freed(request: Request, draft: Draft) -> Draft:
    """The draft, given back where no message was or ever will be made of it. Else as it is."""
    if draft.message is None:
        return draft
    async with desk_of(request).pool.connection() as connection:
        if not await drafts.tied_too_long(connection, draft.id) or not await _came_to_nothing(connection, draft):
            return draft
        await drafts.give_back(connection, draft.id, draft.message)
        return await drafts.find(connection, draft.id) or draft


async def _came_to_nothing(connection: Connection, draft: Draft) -> bool:
    """By the command that it was handed in with. One that nobody answered is answered here, so that it stays undone."""
    assert draft.message is not None  # noqa: S101 - it is tied
    given = await drafts.handed_in_with(connection, draft)
    if given is None:
        return bool(draft.content.get("revises")) or await messages.find(connection, draft.message) is None
    if given.done is None and await commands.answer(connection, given.command, commands.LAPSED):
        return True
    given = await drafts.handed_in_with(connection, draft)
    return given is not None and given.done is False
