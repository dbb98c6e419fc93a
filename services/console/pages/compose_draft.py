"""`/compose/{draft}`: write a message, with all that it will say and to whom beside it. Every pause is kept."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from uuid_utils.compat import uuid7

from services.admin import proofs
from services.admin.answers import Refusal
from services.console.access import Who
from services.console.calling import call
from services.console.composing import as_yaml, handing_in
from services.console.composing.conflict import differences, settled
from services.console.composing.form import TooMuch, taken
from services.console.composing.padded import with_row
from services.console.composing.page import beside, draft_page, saved_part
from services.console.composing.previews import Superseded, previews_of
from services.console.composing.shape import normal
from services.console.composing.tied import freed
from services.console.desk import desk_of
from services.console.languages import catalogue, language_of
from services.console.pages.compose import Writer
from services.console.view import page, render, see
from services.domain.blast import as_gsm
from services.domain.problems import Refused
from services.store import drafts
from services.store.drafts import Draft

router = APIRouter()

FRAME: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
"""A version is shown in a frame without any right, whatever its templates say."""


@router.get("/compose/{draft}")
async def write(request: Request, who: Writer, draft: UUID) -> Response:
    """The form, and beside it what it makes."""
    return await draft_page(request, who, await _found(request, draft))


@router.post("/compose/{draft}")
async def keep(request: Request, who: Writer, draft: UUID) -> Response:
    """Keep what the form says, and then do what was asked: nothing more, a row, a mended SMS, or to hand it in."""
    form = await request.form()
    there = await _found(request, draft)
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    version, tab, act = _number(form.get("version")), str(form.get("tab", ""))[:40], str(form.get("do", ""))
    if version is None or form.get("whole") != "1":
        raise HTTPException(422, "the form is not whole")
    if there.message is not None:
        return see(request, f"/messages/{there.message}")
    try:
        file = taken(there.content.get("file", {}), pairs, desk_of(request).zone)
    except TooMuch:
        raise HTTPException(422, "no form of ours has so many fields") from None
    content = there.content | {"file": _acted(file, act), "tab": tab} | _beside(pairs)
    if version != there.version and there.content.get("tab") == tab and tab:
        version = there.version  # the answer to this tab's own last pause was lost on its way
    kept = await _kept(request, who, there, version, content)
    if kept is None and tab and (act or not request.headers.get("hx-request")):
        there = await _found(request, draft)
        if there.content.get("tab") == tab:  # a pause of this tab was on its way when the button was pressed
            kept = await _kept(request, who, there, there.version, content)
    if kept is None:
        touched = str(form.get("touched", "")).split()
        return await _conflict(request, draft, content | {"file": _where_touched(there, content["file"], touched)})
    return await _after(request, who, draft, act)


@router.get("/compose/{draft}/beside")
async def look(request: Request, who: Writer, draft: UUID) -> Response:
    """Every version, what lint says, who is and is not reached; a part of the page."""
    if not request.headers.get("hx-request"):
        return see(request, f"/compose/{draft}")
    try:
        return await beside(request, who, await _found(request, draft))
    except Superseded:
        return Response(status_code=204)


@router.get("/compose/{draft}/versions/{number}")
async def version(request: Request, who: Writer, draft: UUID, number: int) -> Response:
    """One version as its readers see it: a document of its own, for a frame that may do nothing."""
    found = await _found(request, draft)
    try:
        weighed = await previews_of(request).of(found, who)
    except Superseded:
        return Response(status_code=204)
    versions = (weighed["proof"] or {"versions": []})["versions"]
    if not 0 <= number < len(versions) or not versions[number]["document"]:
        raise HTTPException(404)
    return framed(versions[number]["document"])


@router.post("/compose/{draft}/test")
async def test(request: Request, who: Writer, draft: UUID) -> Response:
    """Send every version of the message that was made of it to who asks, and to nobody else."""
    found = await _found(request, draft)
    if found.message is None:
        return see(request, f"/compose/{draft}")
    sent = await call(proofs.test, who, id=str(found.message))
    words = catalogue(language_of(request))
    told = words.gettext("%(mails)s mails and %(sms)s SMS are on their way to you, each marked as a test.")
    return await draft_page(request, who, found, tested=told % {"mails": sent["mails"], "sms": sent["sms"]})


@router.get("/compose/{draft}/yaml")
async def as_file(request: Request, who: Writer, draft: UUID) -> Response:
    """The file that it is, to be written by hand."""
    found = await _found(request, draft)
    return page(request, "compose/yaml.html.j2", draft=found, text=as_yaml.written(found.content["file"]), problems=[])


@router.post("/compose/{draft}/yaml")
async def keep_file(request: Request, who: Writer, draft: UUID) -> Response:
    """Keep the file; what is no YAML is said, and what was typed stays in the page."""
    form = await request.form()
    found, text, version = await _found(request, draft), str(form.get("text", "")), _number(form.get("version"))
    try:
        file = as_yaml.read(text)
    except Refused as refused:
        problems = refused.problems
        return page(request, "compose/yaml.html.j2", status=422, draft=found, text=text, problems=problems)
    content = found.content | {"file": file, "tab": ""}
    if version is None or await _kept(request, who, found, version, content) is None:
        return await _conflict(request, draft, content)
    return see(request, f"/compose/{draft}")


@router.post("/compose/{draft}/settle")
async def settle(request: Request, who: Writer, draft: UUID) -> Response:
    """Two people wrote: keep theirs, with mine in the fields that were chosen."""
    form = await request.form()
    found, version = await _found(request, draft), _number(form.get("version"))
    try:
        mine = as_yaml.read(str(form.get("mine", "")))
    except Refused:
        raise HTTPException(422, "what you wrote did not come along") from None
    theirs = found.content.get("file", {})
    every = [each.field for each in differences(mine, theirs)]
    chosen = every if form.get("all") == "mine" else [each for each in every if form.get(f"of.{each}") == "mine"]
    chosen = [] if form.get("all") == "theirs" else chosen
    content = found.content | {"file": settled(mine, theirs, chosen), "tab": ""}
    if version is None or await _kept(request, who, found, version, content) is None:
        return await _conflict(request, draft, found.content | {"file": mine})
    return see(request, f"/compose/{draft}?told=saved")


def framed(document: str) -> Response:
    """A document that others wrote, for a frame of ours."""
    return HTMLResponse(document, headers={"content-security-policy": FRAME, "x-frame-options": "SAMEORIGIN"})


async def _after(request: Request, who: Who, draft: UUID, act: str) -> Response:
    found = await _found(request, draft)
    if act == "submit":
        return await _handed_in(request, who, found)
    if request.headers.get("hx-request"):
        answer = HTMLResponse(render(request, "compose/saved.html.j2", **saved_part(found)))
        answer.headers["HX-Trigger"] = "draft-saved"
        return answer
    at = act.partition(":")[2] if act.startswith(("add:", "gsm:")) else ""
    return see(request, f"/compose/{draft}?told={f'kept#{_last_of(found, at)}' if at else 'saved'}")


async def _handed_in(request: Request, who: Who, found: Draft) -> Response:
    try:
        message = await handing_in.hand_in(request, who, found, uuid7())
    except Refusal as refusal:
        return await draft_page(request, who, await _found(request, found.id), refusal=refusal)
    return see(request, f"/messages/{message}?told=submitted")


async def _conflict(request: Request, draft: UUID, mine: dict[str, Any]) -> Response:
    """Both texts; nothing was kept yet and nothing is lost."""
    theirs = await _found(request, draft)
    told: dict[str, Any] = {
        "draft": theirs,
        "differences": differences(mine["file"], theirs.content.get("file", {})),
        "mine": as_yaml.written(mine["file"]),
    }
    part = bool(request.headers.get("hx-request"))
    template = "compose/conflict_part.html.j2" if part else "compose/conflict.html.j2"
    return page(request, template, status=409, **told)


async def _kept(request: Request, who: Who, there: Draft, version: int, content: dict[str, Any]) -> int | None:
    """The new version; that of now when nothing was changed; None when somebody else was first."""
    if version == there.version and _said(content) == _said(there.content):
        return version
    async with desk_of(request).pool.connection() as connection:
        return await drafts.save(connection, there.id, version, content, who.user.id)


async def _found(request: Request, draft: UUID) -> Draft:
    async with desk_of(request).pool.connection() as connection:
        found = await drafts.find(connection, draft)
    if found is None:
        raise HTTPException(404)
    return await freed(request, found)


def _acted(file: dict[str, Any], act: str) -> dict[str, Any]:
    name, _, at = act.partition(":")
    if name == "add":
        return with_row(file, at)
    if name == "gsm" and at.isascii() and at.isdigit() and int(at) < len(file.get("sms", ())):
        row = file["sms"][int(at)]
        row["text"] = as_gsm(str(row.get("text", "")))
    return normal(file)


def _beside(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """What is known beside the message: of which type the incident is that it opens; whether it is said again."""
    given = dict(pairs)
    known = {"type": given["about.type"][:64]} if "about.type" in given else {}
    return known | ({"again": given.get("about.again") == "1"} if "about.again.offered" in given else {})


def _where_touched(theirs: Draft, mine: dict[str, Any], touched: list[str]) -> dict[str, Any]:
    """What I wrote, and elsewhere what they wrote: a field that I did not touch is not mine to choose."""
    if not touched:
        return mine
    return settled(mine, theirs.content.get("file", {}), [each for each in touched if each in mine])


def _last_of(found: Draft, at: str) -> str:
    """The id of the field that was just added."""
    holder: Any = found.content["file"]
    for step in at.split("."):
        try:
            holder = holder[int(step)] if isinstance(holder, list) else holder.get(step)
        except (ValueError, IndexError, AttributeError):
            return ""
    more = ".text.0.text" if at == "key_messages" else ".text"
    return (
        f"f-{at}.{max(0, len(holder) - 1)}{more}".replace(".", "-") if isinstance(holder, list) else f"f-sms-{at}-text"
    )


def _said(content: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in content.items() if name != "tab"}


def _number(given: Any) -> int | None:
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 9 else None
