"""What the page of an approval shows, and the small rules of deciding on it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from math import ceil
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.admin.answers import Refusal
from services.admin.approvable import approvable
from services.console.access import Who
from services.console.calling import call
from services.console.composing.page import findings_at
from services.console.composing.previews import previews_of
from services.console.composing.told import told
from services.console.desk import desk_of
from services.console.languages import language_of
from services.console.view import page
from services.domain.changes import changes
from services.editorial.settings import EditorialSettings
from services.editorial.waiting import due
from services.rendering.proof_text import harmless
from services.store import messages
from services.store.messages import Message
from services.store.users import all_users

TOLD: Final = frozenset({"approved", "rejected", "taken-back", "judged", "tested"})


async def found_of(request: Request, who: Who, message: UUID) -> dict[str, Any]:
    """The message as `approvable` tells it. 404 when there is none."""
    async with desk_of(request).pool.connection() as connection:
        if await messages.find(connection, message) is None:
            raise HTTPException(404)
    templates = await previews_of(request).templates()
    configuration = desk_of(request).configuration
    return dict(await call(approvable, who, id=str(message), configuration=configuration, templates=templates))


async def page_of(
    request: Request,
    who: Who,
    found: Mapping[str, Any],
    *,
    template: str = "approve/message.html.j2",
    refusal: Refusal | None = None,
    changed: Iterable[Mapping[str, Any]] = (),
    wrong: str = "",
    reason: str = "",
    status: int = 200,
) -> Response:
    """The page, with what was refused and why, if something was."""
    async with desk_of(request).pool.connection() as connection:
        there = await messages.find(connection, UUID(found["id"]))
        names = {each.id: each.email for each in await all_users(connection)}
    proof, asked = found["proof"], request.query_params.get("told", "")
    versions = [{**each, "number": number} for number, each in enumerate(proof["versions"])] if proof else []
    findings = findings_at(request, {}, {"problems": [], "findings": found["findings"]})
    return page(
        request,
        template,
        status=status,
        found=found,
        proof=proof,
        versions=[(audience, list(of)) for audience, of in groupby(versions, key=lambda each: each["audience"])],
        frames=f"/approve/{found['id']}/versions",
        findings=[each for of in findings.values() for each in of],
        differing=[each for each in versions if each["changed"]],
        names=names,
        mine=who.user.id in found["authors"],
        given=any(each["user"] == who.user.id for each in found["given"]),
        typed=must_type(request, found["urgency"], found["recipients"]),
        due=due_of(there) if there else None,
        held_seconds=ceil(EditorialSettings().take_back_seconds),
        refusal=refusal,
        refused=told(refusal.error, "", language_of(request))[0] if refusal else "",
        changed=[_marked(each) for each in changed],
        wrong=wrong,
        reason=reason,
        told=asked if asked in TOLD else "",
    )


def must_type(request: Request, urgency: str, recipients: int) -> bool:
    """Whether who approves it types how many people get it."""
    return urgency == "urgent" and recipients > desk_of(request).settings.confirm_count_above


def same_number(typed: str, recipients: int) -> bool:
    """Whether somebody typed this number, with or without what separates its thousands."""
    digits = typed.translate(str.maketrans("", "", " .,'\u00a0\u202f"))
    return digits.isascii() and digits.isdigit() and int(digits) == recipients


def due_of(message: Message) -> datetime | None:
    """When what was approved goes out; None for what was not, or is out."""
    if message.state != "approved" or message.approved_at is None:
        return None
    return due(message, message.approved_at, EditorialSettings().take_back)


def told_of(found: Mapping[str, Any], told: str) -> bool:
    """Whether it stands already as an act of this name leaves it."""
    return {
        "rejected": found["state"] in ("rejected", "withdrawn"),
        "taken-back": found["state"] == "proofed" and not found["given"],
        "judged": bool(found["glass"] and found["glass"]["verdict"]),
    }.get(told, False)


def _marked(change: Mapping[str, Any]) -> dict[str, Any]:
    before, now = (harmless(str(change.get(part) or "")) for part in ("before", "now"))
    return {**change, "marks": [{"kind": each.kind, "text": each.text} for each in changes(before, now)]}
