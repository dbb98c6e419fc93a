"""`/blast`: an SMS to many, by one person at night with a phone and bad reception.

Filling in (`/blast`) and confirming (`/blast/{id}`) are two addresses: what was filled in is kept under the id that the
message will have, so that a lost connection, a reload or proving again who one is loses nothing, and what is sent twice
is one message.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.responses import Response
from uuid_utils.compat import uuid7

from services.admin import blast_acting
from services.admin.answers import Refusal, WrongUsage
from services.admin.blast_settings import BlastSettings
from services.console import blast_choices
from services.console.access import Allowed, NotFresh, Who
from services.console.blast_form import blast_of, fields_of, has_people, has_text, one
from services.console.blast_words import WORDS
from services.console.calling import call
from services.console.desk import desk_of
from services.console.languages import language_of
from services.console.said import refusal_said
from services.console.view import page, see
from services.domain.blast import as_gsm
from services.store import messages, prepared_blasts, sessions
from services.store.prepared_blasts import Form as Fields

router = APIRouter()

Author = Annotated[Who, Depends(Allowed("submit"))]
Alone = Annotated[Who, Depends(Allowed("break-glass", fresh=True))]


@router.get("/blast")
async def blast(request: Request, who: Author, kept: UUID | None = None) -> Response:
    """The form; `kept`: as somebody left it, to change it. A query fills in fields: `?not-confirmed=…&incident=…`."""
    form = await _kept(request, who, kept) if kept else fields_of(request.query_params)
    return await _page(request, who, form)


@router.post("/blast/preview")
async def preview(request: Request, who: Author) -> Response:
    """How it would go out: a part as one types (htmx), else the page with it."""
    form = fields_of(await request.form())
    if request.headers.get("hx-request"):
        return page(request, "blast/preview.html.j2", **await _previewed(request, who, form))
    return await _page(request, who, form)


@router.post("/blast/plain")
async def plain(request: Request, who: Author) -> Response:
    """The page with its texts in characters that make no SMS longer."""
    form = fields_of(await request.form())
    changed = {k: [as_gsm(each) for each in v] if k.startswith("text") else v for k, v in form.items()}
    return await _page(request, who, changed)


@router.post("/blast")
async def keep(request: Request, who: Author) -> Response:
    """Keep what was filled in, and go on to confirm it; what cannot be sent is said first."""
    form = fields_of(await request.form())
    found = await _previewed(request, who, form)
    if not found["stands"]:
        return await _page(request, who, form, found, status=422, asked=True)
    number = uuid7()
    async with desk_of(request).pool.connection() as connection:
        await prepared_blasts.keep(connection, number, who.user.id, form)
    return see(request, f"/blast/{number}")


@router.get("/blast/{number}")
async def confirm(request: Request, who: Author, number: UUID) -> Response:
    """The one question: does it go to so many? Where it was sent already, its message."""
    if await _sent(request, number):
        return see(request, f"/messages/{number}")
    return await _asked(request, who, number, await _kept(request, who, number))


@router.get("/blast/{number}/alone")
async def proved(request: Request, number: UUID, _: Author) -> Response:
    """Whoever proved again who they are comes back here."""
    return see(request, f"/blast/{number}")


@router.post("/blast/{number}")
async def hand_in(
    request: Request,
    who: Author,
    *,
    number: UUID,
    seen: Annotated[int, Form()],
    typed: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """For approval by somebody else."""
    return await _send(request, who, number, seen=seen, typed=typed, again=bool(again), reason=None)


@router.post("/blast/{number}/alone")
async def send_alone(
    request: Request,
    who: Alone,
    *,
    number: UUID,
    seen: Annotated[int, Form()],
    typed: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """At once, by a crisis manager who says why, or what was approved beforehand."""
    return await _send(request, who, number, seen=seen, typed=typed, again=bool(again), reason=reason.strip())


async def _send(
    request: Request, who: Who, number: UUID, *, seen: int, typed: str, again: bool, reason: str | None
) -> Response:
    """`reason`: None for what somebody else approves."""
    if await _sent(request, number):
        return see(request, f"/messages/{number}")
    form = await _kept(request, who, number)
    holding = bool(one(form, "holding"))
    if holding and reason is None:
        raise NotFresh  # what goes out at once goes by the other address
    given: dict[str, Any] = {"typed": typed, "reason": reason or ""}
    if complaint := _complaint(seen, typed, None if holding else reason):
        return await _asked(request, who, number, form, status=422, complaint=complaint, **given)
    try:
        ordered = blast_of(form, desk_of(request).configuration, break_glass=None if holding else reason)
        await call(blast_acting.send_seen, who, blast=ordered, seen=seen, again=again, message_id=number)
    except Refusal as refusal:
        there = await _sent(request, number)
        if there and refusal.more.get("id") != str(number):
            return see(request, f"/messages/{number}")  # sent twice: it is the same message
        return await _asked(
            request, who, number, form, status=409, complaint="there" if there else "refused", refusal=refusal, **given
        )
    return see(request, f"/messages/{number}?told={'blast-sent' if reason is not None else 'handed-in'}")


def _complaint(seen: int, typed: str, reason: str | None) -> str:
    """What is missing of the confirmation; empty for nothing."""
    if seen > BlastSettings().sms_confirm_above and typed.strip().replace(".", "") != str(seen):
        return "number"
    return "reason" if reason == "" else ""


async def _previewed(request: Request, who: Who, form: Fields) -> dict[str, Any]:
    """What the preview says. `stands`: whether it can go on to be confirmed."""
    told: dict[str, Any] = {"form": form, "has_text": has_text(form), "has_people": has_people(form)}
    told["audience_names"] = blast_choices.audience_names(request)
    if not told["has_people"]:
        return {**told, "found": None, "refusal": None, "stands": False}
    try:
        ordered = blast_of(form, desk_of(request).configuration)
        found = await call(blast_acting.preview, who, blast=ordered)
    except (Refusal, WrongUsage) as refused:
        return {**told, "found": None, "refusal": _in_words(request, refused), "stands": False}
    stands = told["has_text"] and bool(found["channels"]["sms"]["messages"] and found["sender"])
    wrong = any(each["severity"] == "error" for each in found["findings"])
    return {**told, "found": found, "refusal": None, "stands": stands and not wrong}


def _in_words(request: Request, refused: Refusal | WrongUsage) -> Refusal:
    """In the reader's language."""
    return refusal_said(refused, WORDS, language_of(request))


async def _page(
    request: Request, who: Who, form: Fields, found: dict[str, Any] | None = None, *, status: int = 200,
    asked: bool = False,
) -> Response:  # fmt: skip
    """The form, with its preview."""
    choices = await blast_choices.choices(request, one(form, "holding"))
    found = found or await _previewed(request, who, form)
    return page(
        request, "blast.html.j2", status=status, asked=asked, one=lambda name: one(form, name), **choices, **found
    )


async def _asked(
    request: Request, who: Who, number: UUID, form: Fields, *, status: int = 200, complaint: str = "",
    refusal: Refusal | None = None, typed: str = "", reason: str = "",
) -> Response:  # fmt: skip
    """The page that asks."""
    found = await _previewed(request, who, form)
    return page(
        request, "blast/confirm.html.j2", status=status, number=number, complaint=complaint,
        refused=_in_words(request, refusal) if refusal else None, typed=typed, reason=reason,
        above=BlastSettings().sms_confirm_above, fresh=bool(who.session and sessions.is_fresh(who.session)),
        holding=one(form, "holding"), **found,
    )  # fmt: skip


async def _kept(request: Request, who: Who, number: UUID) -> Fields:
    """What this user filled in. Raises 404."""
    async with desk_of(request).pool.connection() as connection:
        found = await prepared_blasts.find(connection, number, who.user.id)
    if found is None:
        raise HTTPException(404)
    return found


async def _sent(request: Request, number: UUID) -> bool:
    async with desk_of(request).pool.connection() as connection:
        return await messages.find(connection, number) is not None
