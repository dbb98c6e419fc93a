"""What is done to a newsletter with one button: approve it as standing, revoke that, hold it, skip a date, send now."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import editions, newsletter_changes, newsletter_dates
from services.console.access import Allowed, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.newsletters import known
from services.console.view import page, see

Keeper = Annotated[Who, Depends(Allowed("keep-newsletters"))]
Approver = Annotated[Who, Depends(Allowed("approve"))]
Text = Annotated[str, Form(max_length=500)]

router = APIRouter(prefix="/newsletters/{name}")


@router.post("/approve")
async def approve(request: Request, who: Approver, name: str, hash_: Annotated[str, Form(alias="hash")]) -> Response:
    """From now on its editions go out by themselves: as what it was on the screen, and as nothing else."""
    done = await call(editions.approve, who, name=name, hash_=hash_, yes=True)
    return back(request, name, "approved-waiting" if done.get("waiting") else "approved")


@router.post("/revoke")
async def revoke(request: Request, who: Approver, name: str, reason: Text = "") -> Response:
    """From now on a person approves each edition."""
    return await _done(request, who, editions.revoke, name, "revoked", reason=reason)


@router.post("/pause")
async def pause(request: Request, who: Keeper, name: str, until: Text = "", reason: Text = "") -> Response:
    """No editions, until that date or until it is resumed."""
    end = until.strip() or None
    return await _done(request, who, newsletter_changes.pause, name, "paused", until=end, reason=reason)


@router.post("/resume")
async def resume(request: Request, who: Keeper, name: str) -> Response:
    """Editions again."""
    return await _done(request, who, newsletter_changes.resume, name, "resumed")


@router.post("/skip")
async def skip(request: Request, who: Keeper, name: str, *, day: Text, reason: Text = "", undo: Text = "") -> Response:
    """Nothing goes out on that date; with `undo`, after all it does."""
    told = "unskipped" if undo else "skipped"
    return await _done(request, who, newsletter_dates.skip, name, told, day=day, reason=reason, undo=bool(undo))


@router.get("/send")
async def before_sending(request: Request, who: Keeper, name: str) -> Response:
    """What making today's edition now means; nothing is done yet."""
    async with desk_of(request).pool.connection() as connection:
        row = await known(connection, name)
    return page(request, "newsletters/send.html.j2", row=row)


@router.post("/send")
async def send(request: Request, who: Keeper, name: str) -> Response:
    """Make today's edition now; it is approved as every edition is."""
    done = await call(editions.send, who, name=name, yes=True)
    if done["state"] == "proofed":
        return see(request, f"/approve/{done['id']}" if who.may("approve") else f"/messages/{done['id']}")
    return back(request, name, "sent")


def back(request: Request, name: str, told: str) -> Response:
    """To the newsletter's page, which says what was done."""
    return see(request, f"/newsletters/{quote(name, safe='')}?told={told}")


async def _done(request: Request, who: Who, command: Any, name: str, told: str, **given: Any) -> Response:
    await call(command, who, name=name, **given)
    return back(request, name, told)
