"""`/incidents`, `/incidents/{slug}`: what goes on, in which phase, what is known, and what was said about it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from starlette.responses import Response

from services.admin import incidents as commands
from services.admin.answers import Refusal, WrongUsage
from services.console import message_words as words
from services.console.access import Allowed, See, Who
from services.console.api.of_incidents import SHOWN
from services.console.api.versions import changing, turn
from services.console.calling import call
from services.console.desk import desk_of
from services.console.languages import language_of
from services.console.said import refusal_said
from services.console.view import page, see
from services.domain import limits
from services.store import board, facts, incidents, message_list, participants
from services.store.incidents import Incident
from services.store.message_list import Wanted
from services.store.users import all_users

Keeper = Annotated[Who, Depends(Allowed("keep-incidents"))]
Line = Annotated[str, Form(max_length=300)]
Seen = Annotated[str | None, Form(max_length=64)]
Slug = Annotated[str, Form(max_length=limits.INCIDENT_CHARACTERS)]
MOST: Final = 100
"""Messages on the page of an incident; the list of messages has all."""

CHANGES: Final[Mapping[str, tuple[str, ...]]] = {
    "phase": ("phase",), "level": ("level",), "about": ("title", "type", "entity", "spoc"),
    "close": ("phase", "closed_at"), "reopen": ("phase", "closed_at"),
}  # fmt: skip
"""What each form changes: two who change something else are not in each other's way."""
MEANWHILE: Final = "somebody changed this meanwhile: look at what stands there now, and send it again if it still holds"

router = APIRouter()


@router.get("/incidents")
async def listed(request: Request, who: See) -> Response:
    """The open ones, each with what was promised; then those that are closed."""
    return await _list(request)


@router.post("/incidents")
async def opened(  # noqa: PLR0917 - the fields of its form
    request: Request,
    who: Keeper,
    incident: Slug,
    title: Line,
    kind: Line = "",
    level: Line = "",
    phase: Line = "acute",
    exercise: Annotated[bool, Form()] = False,
) -> Response:
    """Open one. What cannot be is said on the page, with what was typed."""
    given = {"title": title, "type_": kind or None, "level": level or None, "phase": phase, "exercise": exercise}
    try:
        await call(commands.open_, who, incident=incident, **given, entity=None, spoc=None, reason="")
    except (Refusal, WrongUsage) as refused:
        typed = {"incident": incident, "title": title, "kind": kind, "level": level, "phase": phase}
        why = words_of(request, refused)
        return await _list(request, refused=why, typed={**typed, "exercise": exercise}, status=409)
    return see(request, f"/incidents/{incident}?told=opened")


@router.get("/incidents/{slug}")
async def one(request: Request, who: See, slug: str, told: Annotated[str, Query(max_length=40)] = "") -> Response:
    """All of it."""
    return await of_incident(request, slug, told=told)


@router.post("/incidents/{slug}/phase")
async def phase(  # noqa: PLR0917 - the fields of its form
    request: Request, who: Keeper, slug: str, to: Line, reason: Line = "", seen: Seen = None
) -> Response:  # fmt: skip
    """Move its phase; messages keep theirs."""
    return await done(request, who, slug, "phase", commands.phase, seen=seen, incident=slug, to=to, reason=reason)


@router.post("/incidents/{slug}/level")
async def level(  # noqa: PLR0917 - the fields of its form
    request: Request, who: Keeper, slug: str, to: Line, reason: Line = "", seen: Seen = None
) -> Response:  # fmt: skip
    """Say who coordinates it now."""
    return await done(request, who, slug, "level", commands.level, seen=seen, incident=slug, to=to, reason=reason)


@router.post("/incidents/{slug}/about")
async def about(  # noqa: PLR0917 - the fields of its form
    request: Request, who: Keeper, slug: str, title: Line, kind: Line = "", entity: Line = "", spoc: Line = "",
    seen: Seen = None,
) -> Response:  # fmt: skip
    """What it is called, its type, who is concerned and whom to call."""
    given = {"title": title, "type_": kind, "entity": entity, "spoc": spoc}
    return await done(request, who, slug, "about", commands.set_, seen=seen, incident=slug, **given)


@router.post("/incidents/{slug}/close")
async def close(request: Request, who: Keeper, slug: str, reason: Line = "", seen: Seen = None) -> Response:
    """Close it: only a correction or an all-clear can still follow."""
    return await done(request, who, slug, "close", commands.close, seen=seen, incident=slug, reason=reason)


@router.post("/incidents/{slug}/reopen")
async def reopen(request: Request, who: Keeper, slug: str, reason: Line = "", seen: Seen = None) -> Response:
    """Open it again, in the phase that it was closed in."""
    return await done(request, who, slug, "reopen", commands.reopen, seen=seen, incident=slug, reason=reason)


async def done(
    request: Request, who: Who, slug: str, told: str, command: Any, *, seen: str | None = None, **given: Any
) -> Response:
    """Do it and go back to its page, which says so; or the page with why it was refused, and with what was typed.

    `seen`: what stood on the page of that which the form changes; somebody may have changed it meanwhile.
    """
    await known(request, slug)
    try:
        async with changing(request) as connection:
            await turn(connection, SHOWN, incident=slug)
            there = await incidents.find(connection, slug)
            refuse_changed(seen, seen_of(there, told) if there and seen is not None else None)
            await call(command, who, **given)
    except (Refusal, WrongUsage) as refused:
        return await of_incident(request, slug, refused=refused, typed={told: given}, status=409)
    return see(request, f"/incidents/{slug}?told={told}")


def refuse_changed(seen: str | None, now: str | None) -> None:
    """Raises `Refusal` where a form carries another version than there is now."""
    if seen is not None and seen != now:
        raise Refusal(MEANWHILE)


def seen_of(found: Incident, form: str) -> str:
    """What stands there of that which this form changes, for the form to carry: not readable, and short."""
    said = "\0".join(str(getattr(found, name)) for name in CHANGES[form])
    return sha256(said.encode()).hexdigest()[:16]


async def known(request: Request, slug: str) -> Incident:
    """The incident. Raises 404 where there is none."""
    async with desk_of(request).pool.connection() as connection:
        found = await incidents.find(connection, slug)
    if found is None:
        raise HTTPException(404)
    return found


async def of_incident(
    request: Request, slug: str, *, told: str = "", refused: Exception | None = None,
    typed: Mapping[str, Mapping[str, Any]] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """The page of an incident. `typed`: what was sent with the form that was refused."""
    found = await known(request, slug)
    async with desk_of(request).pool.connection() as connection:
        said, more = await message_list.listed(connection, Wanted(incident=slug), limit=MOST)
        context: dict[str, Any] = {
            "incident": found, "said": said, "more": more is not None,
            "history": list(reversed(await incidents.history(connection, slug))),
            "facts": list((await facts.current(connection, slug)).values()),
            "taking_part": await participants.listed(connection, slug) if found.exercise else [],
            "promise": await _promised(connection, slug),
            "names": {user.id: user.email for user in await all_users(connection)},
        }  # fmt: skip
    return page(
        request, "incident.html.j2", status=status, **context, told=told, words=words, typed=typed or {},
        seen={form: seen_of(found, form) for form in CHANGES},
        refused=words_of(request, refused) if refused else None, configuration=desk_of(request).configuration,
    )  # fmt: skip


async def _list(
    request: Request, *, refused: str | None = None, typed: Mapping[str, Any] | None = None, status: int = 200
) -> Response:
    async with desk_of(request).pool.connection() as connection:
        found = await incidents.listed(connection, closed=True)
        promises = {each.incident: each for each in await board.promises(connection)}
    return page(
        request, "incidents.html.j2", status=status, found=found, promises=promises, refused=refused,
        typed=typed or {}, configuration=desk_of(request).configuration,
    )  # fmt: skip


async def _promised(connection: Any, slug: str) -> board.Promise | None:
    return next((each for each in await board.promises(connection) if each.incident == slug), None)


def words_of(request: Request, refused: Exception) -> str:
    """Why, with each problem and its remedy, in the reader's language."""
    found = refusal_said(refused, {}, language_of(request))
    problems = [f"{each.get('problem', '')} {each.get('remedy') or ''}".strip() for each in found.problems]
    return " ".join([found.error, *problems])
