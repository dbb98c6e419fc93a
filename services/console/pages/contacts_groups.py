"""`/contacts/groups`: selections with a name."""

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import contacts, groups
from services.admin.answers import Refusal, WrongUsage
from services.admin.selecting import Chosen
from services.console.access import Allowed, See, Who
from services.console.calling import call
from services.console.contact_refusals import in_page_words
from services.console.pages.contacts import address_of
from services.console.view import page, see

router = APIRouter()

Keeper = Annotated[Who, Depends(Allowed("keep-contacts"))]
Short = Annotated[str, Form(max_length=5000)]


@router.get("/contacts/groups")
async def listed(request: Request, who: See, name: str = "") -> Response:
    """All of them; `name`: with that one in the form."""
    return await _page(request, who, edited=name)


@router.post("/contacts/groups/preview")
async def preview(
    request: Request, who: Keeper, name: Short = "", title: Short = "", recipients: Short = ""
) -> Response:
    """Whom the selection means now: a part (htmx), or the page."""
    form = {"name": name, "title": title, "recipients": recipients}
    seen = await _seen(request, who, recipients)
    if request.headers.get("hx-request"):
        return page(request, "contacts/group_preview.html.j2", seen=seen, address_of=address_of)
    return await _page(request, who, form=form, seen=seen)


@router.post("/contacts/groups")
async def save(request: Request, who: Keeper, name: Short = "", title: Short = "", recipients: Short = "") -> Response:
    """Let the name stand for the selection from now on."""
    try:
        await call(groups.set_, who, name=name.strip(), title=title, **_chosen(recipients))
    except (Refusal, WrongUsage) as refusal:
        form = {"name": name, "title": title, "recipients": recipients}
        shown = in_page_words(request, refusal)
        return await _page(request, who, form=form, refusal=shown, status=422)
    return see(request, "/contacts/groups?told=saved")


@router.post("/contacts/groups/remove")
async def remove(request: Request, who: Keeper, name: Short) -> Response:
    """Take the name away; what names it already keeps its meaning."""
    try:
        await call(groups.remove, who, name=name)
    except Refusal as refusal:
        return await _page(request, who, refusal=in_page_words(request, refusal), status=409)
    return see(request, "/contacts/groups?told=removed")


def _chosen(recipients: str) -> dict[str, list[str] | None]:
    """What a command with the options of `services.admin.selecting` is given for a selection in its own words."""
    return {**dict.fromkeys(each.name for each in dataclasses.fields(Chosen)), "recipients": [recipients]}


async def _seen(request: Request, who: Who, recipients: str) -> dict[str, Any] | Refusal | None:
    if not recipients.strip():
        return None
    try:
        found: dict[str, Any] = await call(
            contacts.list_, who, **_chosen(recipients), limit=20, without=None, search=None,
            removed=False, after="",
        )  # fmt: skip
        return found
    except (Refusal, WrongUsage) as refusal:
        return in_page_words(request, refusal)


async def _page(
    request: Request, who: Who, *, form: dict[str, str] | None = None, edited: str = "", seen: Any = None,
    refusal: Refusal | None = None, status: int = 200,
) -> Response:  # fmt: skip
    found: list[dict[str, Any]] = await call(groups.list_, who)
    chosen = next((each for each in found if each["name"] == edited), None)
    if chosen and seen is None:
        seen = await _seen(request, who, chosen["recipients"])
    return page(
        request, "contacts/groups.html.j2", status=status, groups=found, seen=seen, refusal=refusal,
        form=form or chosen or {"name": "", "title": "", "recipients": ""}, edited=chosen,
        told=request.query_params.get("told", ""), address_of=address_of,
    )  # fmt: skip
