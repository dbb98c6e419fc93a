"""`/messages/{id}`: what was said to whom, what became of it, and what may be done about it."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, Response

from services.admin import proofs
from services.console import message_words as words
from services.console.access import See
from services.console.calling import call
from services.console.counting import STANDINGS, Figures, books_of
from services.console.desk import desk_of
from services.console.live import facts
from services.console.message_look import Look, look, possible
from services.console.message_timeline import timeline
from services.console.view import page
from services.domain.municipalities import PROVINCES
from services.domain.variants import BEYOND, Variant, fill
from services.rendering.plain_text import plain_text
from services.store import incidents, live, variants

SLOTS: Final = {
    "NAME": "[…]", "ORGANISATION": "[…]", "MUNICIPALITY": "[…]", "ROLE": "[…]", "READER": "#", "CONFIRM": "[link]",
}  # fmt: skip
"""What stands where each reader's own will stand."""

PROOF_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""A proof has its own style and frames without rights. It runs nothing, loads nothing, and is no page of ours."""

router = APIRouter()


async def found_or_404(request: Request, message_id: UUID) -> Look:
    """The message. Raises 404 where there is none."""
    async with desk_of(request).pool.connection() as connection:
        found = await look(connection, message_id)
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/messages/{message_id}")
async def message(request: Request, who: See, message_id: UUID, told: Annotated[str, Query()] = "") -> Response:
    """The whole page."""
    found = await found_or_404(request, message_id)
    async with desk_of(request).pool.connection() as connection:
        versions = await variants.read(connection, found.message.number)
        happened = await timeline(connection, found)
        incident = await incidents.find(connection, found.message.incident)
        stands = await live.stands(connection, [message_id])
    return page(
        request,
        "message.html.j2",
        found=found,
        told=told,
        acts=possible(found, who),
        incident=incident,
        versions=_shown(list(versions.values())),
        happened=happened,
        facts=facts.of_message(next(each for each in stands if each.id == message_id)),
        **figures_of(await books_of(request).figures(found.message)),
        words=words,
    )


@router.get("/messages/{message_id}/acts")
async def acts(request: Request, who: See, message_id: UUID, seen: Annotated[str, Query()] = "") -> Response:
    """What may be done now: a part of the page, which asks for it again. In the state that was seen it stays as it is:
    nothing moves away under a thumb."""
    found = await found_or_404(request, message_id)
    if seen == found.state:
        return Response(status_code=204)
    return page(request, "message/acts.html.j2", found=found, acts=possible(found, who))


@router.get("/messages/{message_id}/timeline")
async def story(request: Request, who: See, message_id: UUID) -> Response:
    """What happened so far: a part of the page."""
    found = await found_or_404(request, message_id)
    async with desk_of(request).pool.connection() as connection:
        happened = await timeline(connection, found)
    return page(request, "message/timeline.html.j2", found=found, happened=happened)


@router.get("/messages/{message_id}/people")
async def among_people(request: Request, who: See, message_id: UUID) -> Response:
    """The tiles and the tables: a part of the page, which asks for it again."""
    found = await found_or_404(request, message_id)
    figures = await books_of(request).figures(found.message)
    return page(request, "message/people.html.j2", found=found, words=words, **figures_of(figures))


@router.get("/messages/{message_id}/proof")
async def proof(request: Request, who: See, message_id: UUID) -> Response:
    """The page of its proof as it was approved, alone in its frame: it can do nothing there."""
    await found_or_404(request, message_id)
    made = await call(proofs.page, who, id=str(message_id))
    headers = {"content-security-policy": PROOF_POLICY, "x-frame-options": "SAMEORIGIN"}
    return HTMLResponse(made["html"], headers=headers)


def figures_of(figures: Figures) -> dict[str, Any]:
    """The tiles by province, the table beside them, and the shares."""
    by_province = {name: [tile for tile in figures.tiles if tile.province == name] for name in PROVINCES}
    table = {
        name: {standing: sum(tile.standing == standing for tile in tiles) for standing in STANDINGS}
        for name, tiles in by_province.items()
    }
    shown = any(tile.standing != "absent" for tile in figures.tiles)
    return {"figures": figures, "tiles": by_province if shown else {}, "table": table, "standings": STANDINGS}


def _shown(versions: list[Variant]) -> list[dict[str, Any]]:
    """The versions of people and feeds, by audience; what is only sent beyond the plan comes last."""
    return [
        {
            "audience": each.audience, "channel": each.channel, "language": each.language,
            "segment": each.segment.removeprefix(BEYOND), "beyond": each.segment.startswith(BEYOND),
            "subject": fill(each.subject, SLOTS), "text": fill(_text(each), SLOTS),
        }
        for each in sorted(versions, key=lambda each: each.segment.startswith(BEYOND))
    ]  # fmt: skip


def _text(variant: Variant) -> str:
    return plain_text(variant.html) if variant.channel == "newsfeed" else variant.text
