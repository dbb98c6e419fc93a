"""A draft handed in: once, however often somebody presses, and given back to its author when it is refused."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from fastapi import Request

from services.admin import incidents as incident_commands
from services.admin.answers import Refusal
from services.admin.messages import submit_content
from services.console.access import Who
from services.console.calling import call
from services.console.composing.previews import previews_of
from services.console.composing.shape import compact
from services.console.desk import desk_of
from services.domain.message_file import parse_message
from services.domain.problems import Refused
from services.store import drafts, incidents, messages
from services.store.drafts import Draft

SECONDS: Final = 35.0
"""How long the second of two presses waits for what the first one came to."""


async def hand_in(request: Request, who: Who, draft: Draft, message: UUID) -> UUID:
    """The message that was made of it. Raises `Refusal` with every problem, and the draft is as it was."""
    file, _ = compact(draft.content.get("file", {}))
    configuration = desk_of(request).configuration
    try:
        content = parse_message(
            file, questions=draft.content.get("questions", {}), now=datetime.now(UTC), configuration=configuration
        )
    except Refused as refused:
        raise Refusal("", problems=refused.problems) from None
    await _refuse_blocked(request, who, draft)
    revises = draft.content.get("revises")
    own = UUID(revises) if revises else message
    async with desk_of(request).pool.connection() as connection:
        first = await drafts.hand_in(connection, draft.id, draft.version, own)
    if not first:
        return await _made_of(request, draft)
    try:
        await _opened(request, who, draft, file)
        await call(
            submit_content, who, content=content, revises=revises, message=own, write=False,
            again=bool(draft.content.get("again")),
        )  # fmt: skip
    except BaseException:
        async with desk_of(request).pool.connection() as connection:
            await drafts.give_back(connection, draft.id, own)
        raise
    return own


async def _refuse_blocked(request: Request, who: Who, draft: Draft) -> None:
    """What lint blocks is said before an incident is opened for it."""
    weighed = await previews_of(request).of(draft, who, must=True)
    blocking = [each for each in weighed["findings"] if each["severity"] == "error"]
    if blocking:
        raise Refusal("", problems=blocking)


async def _opened(request: Request, who: Who, draft: Draft, file: dict[str, Any]) -> None:
    """The incident, of the type that was chosen, if there is none: its first message would open it without one."""
    kind = draft.content.get("type")
    if not kind:
        return
    async with desk_of(request).pool.connection() as connection:
        if await incidents.find(connection, str(file["incident"])):
            return
    titles = file.get("title") or [{}]
    await call(
        incident_commands.open_, who, incident=file["incident"], title=titles[0].get("text", ""), type_=kind,
        phase=file.get("phase") or "acute", exercise=bool(file.get("exercise")),
    )  # fmt: skip


async def _made_of(request: Request, draft: Draft) -> UUID:
    """What the other press made of it."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        async with desk_of(request).pool.connection() as connection:
            now = await drafts.find(connection, draft.id)
            if now is None or now.message is None:
                break
            if await messages.find(connection, now.message):
                return now.message
        await asyncio.sleep(0.2)
    raise Refusal("somebody changed this draft at this moment: look at it, and hand it in again")
