"""`/compose`: begin a message: from a playbook, a former one, what must be put right, or nothing; and the drafts."""

import asyncio
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from uuid_utils.compat import uuid7

from services.admin import beginning
from services.admin.answers import Refusal
from services.admin.playbook_entries import usable
from services.console.access import Allowed, Who
from services.console.calling import call
from services.console.composing.shape import normal
from services.console.desk import desk_of
from services.console.view import page, see
from services.store import drafts, incidents, messages

router = APIRouter()
Writer = Annotated[Who, Depends(Allowed("submit"))]
Line = Annotated[str, Field(max_length=300)]

FORMER: Final = 30
TOLD: Final = frozenset({"removed", "restored"})


class Beginning(BaseModel):
    """What was chosen to begin from."""

    how: Line = "nothing"
    incident: Line = ""
    entry: Line = ""
    message: Line = ""
    exercise: bool = False


@router.get("/compose")
async def begin(request: Request, who: Writer) -> Response:
    """What one may begin from, and what was begun. A link may have chosen already: `?corrects=ID`."""
    return await _page(request)


@router.post("/compose")
async def begun(request: Request, who: Writer, chosen: Annotated[Beginning, Form()]) -> Response:
    """Make the draft, and go on in it. What cannot be begun from is said on the page, with what was chosen kept."""
    try:
        found = await _begun(who, chosen)
    except Refusal as refusal:
        return await _page(request, refusal=refusal, status=409)
    draft = uuid7()
    content = {"file": normal(found["file"]), "questions": found["questions"], "about": found["about"]}
    if chosen.how == "refused":
        content["revises"] = chosen.message
    async with desk_of(request).pool.connection() as connection:
        await drafts.begin(connection, draft, content, who.user.id)
    return see(request, f"/compose/{draft}")


@router.post("/compose/{draft}/remove")
async def remove(request: Request, who: Writer, draft: UUID) -> Response:
    """Out of the list, with a way back."""
    async with desk_of(request).pool.connection() as connection:
        await drafts.remove(connection, draft)
    return see(request, f"/compose?told=removed&draft={draft}")


@router.post("/compose/{draft}/restore")
async def restore(request: Request, who: Writer, draft: UUID) -> Response:
    """Back in the list, as it was."""
    async with desk_of(request).pool.connection() as connection:
        await drafts.restore(connection, draft)
    return see(request, "/compose?told=restored")


async def _begun(who: Who, chosen: Beginning) -> dict[str, Any]:
    incident = chosen.incident.strip()
    if chosen.how == "playbook":
        playbook, _, name = chosen.entry.partition("/")
        return dict(
            await call(
                beginning.from_playbook, who, playbook=playbook, incident=incident, entry=name or None,
                exercise=chosen.exercise,
            )
        )  # fmt: skip
    if chosen.how == "all-clear":
        return dict(await call(beginning.all_clear, who, incident=incident))
    acts = {"former": beginning.from_message, "correction": beginning.correction, "refused": beginning.from_refused}
    if chosen.how in acts:
        return dict(await call(acts[chosen.how], who, id=chosen.message))
    file: dict[str, Any] = {"kind": "alert", "urgency": "urgent", "channels": ["mail", "sms", "newsfeed"]}
    file |= {"incident": incident} if incident else {}
    return {"file": file | ({"exercise": True} if chosen.exercise else {}), "questions": {}, "about": ""}


async def _page(request: Request, *, refusal: Refusal | None = None, status: int = 200) -> Response:
    asked = request.query_params
    async with desk_of(request).pool.connection() as connection:
        listed = await incidents.listed(connection)
        former = await messages.recent(connection, limit=FORMER)
        unfinished = await drafts.unfinished(connection)
    told = asked.get("told", "")
    return page(
        request,
        "compose.html.j2",
        status=status,
        books=await _books(),
        incidents=listed,
        former=[each for each in former if each.content.get("title")],
        drafts=unfinished,
        refusal=refusal,
        told=told if told in TOLD else "",
        removed=_id(asked.get("draft")),
        chosen={
            "incident": asked.get("incident", "")[:64],
            **{name: str(_id(asked.get(name)) or "") for name in ("corrects", "from", "revises")},
            "all_clear": asked.get("all-clear", "")[:64],
        },
    )


async def _books() -> list[dict[str, Any]]:
    """The playbooks that can be used, with their entries."""
    return await asyncio.to_thread(usable)


def _id(written: str | None) -> UUID | None:
    try:
        return UUID(written or "")
    except ValueError:
        return None
