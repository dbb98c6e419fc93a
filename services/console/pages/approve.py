"""`/approve`: what waits for me; `/approve/{id}`: one message, looked at on a telephone at night and decided.

An approval is bound to the proof that was on the screen. A second tap finds the first one's work and says so.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.admin import decisions, judging, proofs
from services.admin.answers import Refusal
from services.admin.board import decided
from services.console.access import Allowed, Who
from services.console.approving import due_of, found_of, must_type, page_of, same_number, told_of
from services.console.calling import call
from services.console.desk import desk_of
from services.console.pages.compose_draft import framed
from services.console.view import page, see
from services.store import approvals, messages

router = APIRouter()
Approver = Annotated[Who, Depends(Allowed("approve"))]
Rejecter = Annotated[Who, Depends(Allowed("reject"))]
Judge = Annotated[Who, Depends(Allowed("judge"))]
Breaker = Annotated[Who, Depends(Allowed("break-glass", fresh=True))]
Words = Annotated[str, Form(max_length=1000)]
Short = Annotated[str, Form(max_length=64)]


@router.get("/approve")
async def waiting(request: Request, who: Approver) -> Response:
    """What waits and who was called for it, what can still be taken back, what somebody must judge."""
    async with desk_of(request).pool.connection() as connection:
        found = await decided(connection)
    return page(request, "approve.html.j2", **{name: found[name] for name in ("waiting", "approved", "glass")})


@router.get("/approve/{message}")
async def look(request: Request, who: Approver, message: UUID) -> Response:
    """All that one needs to decide."""
    return await page_of(request, who, await found_of(request, who, message))


@router.get("/approve/{message}/state")
async def state(request: Request, who: Approver, message: UUID) -> Response:
    """How it stands, asked every second while it can be taken back; a part of the page."""
    if not request.headers.get("hx-request"):
        return see(request, f"/approve/{message}")
    async with desk_of(request).pool.connection() as connection:
        found = await messages.find(connection, message)
    if found is None:
        raise HTTPException(404)
    if found.state != "approved":
        return see(request, f"/approve/{message}?told=approved")
    return page(request, "approve/held.html.j2", message=found.id, due=due_of(found))


@router.get("/approve/{message}/versions/{number}")
async def version(request: Request, who: Approver, message: UUID, number: int) -> Response:
    """One version as its readers see it."""
    found = await found_of(request, who, message)
    versions = (found["proof"] or {"versions": []})["versions"]
    if not 0 <= number < len(versions) or not versions[number]["document"]:
        raise HTTPException(404)
    return framed(versions[number]["document"])


@router.post("/approve/{message}")
async def approve(request: Request, who: Approver, message: UUID, proof: Short = "", count: Short = "") -> Response:
    """Approve what was on the screen."""
    return await _approved(request, who, message, proof, count, reason=None)


@router.get("/approve/{message}/break-glass")
async def ask_glass(request: Request, who: Breaker, message: UUID) -> Response:
    """What it means to release it alone, and the field for why."""
    found = await found_of(request, who, message)
    return await page_of(request, who, found, template="approve/glass.html.j2")


@router.post("/approve/{message}/break-glass")
async def break_glass(
    request: Request, who: Breaker, message: UUID, *, proof: Short = "", count: Short = "", reason: Words = ""
) -> Response:
    """Release it alone, with a reason; everybody with the role hears of it."""
    return await _approved(request, who, message, proof, count, reason=reason)


@router.post("/approve/{message}/reject")
async def reject(request: Request, who: Rejecter, message: UUID, reason: Words = "") -> Response:
    """Do not release it; its author reads why."""
    if not reason.strip():
        return await page_of(request, who, await found_of(request, who, message), wrong="reason", status=422)
    return await _done(request, who, message, "rejected", decisions.reject, reason=reason)


@router.post("/approve/{message}/take-back")
async def take_back(request: Request, who: Approver, message: UUID) -> Response:
    """Think better of it, while nothing went out."""
    return await _done(request, who, message, "taken-back", decisions.take_back)


@router.post("/approve/{message}/judge")
async def judge(request: Request, who: Judge, message: UUID, verdict: Short = "", reason: Words = "") -> Response:
    """Say whether it was right that somebody released it alone."""
    if verdict == "dispute" and not reason.strip():
        return await page_of(request, who, await found_of(request, who, message), wrong="dispute", status=422)
    if verdict not in {"confirm", "dispute"}:
        raise HTTPException(422)
    act = judging.confirm if verdict == "confirm" else judging.dispute
    return await _done(request, who, message, "judged", act, reason=reason)


@router.post("/approve/{message}/test")
async def test(request: Request, who: Approver, message: UUID) -> Response:
    """Send every version to who asks, and to nobody else."""
    return await _done(request, who, message, "tested", proofs.test)


async def _approved(
    request: Request, who: Who, message: UUID, proof: str, count: str, *, reason: str | None
) -> Response:
    if await _is_done(request, who, message, proof):
        return see(request, f"/approve/{message}?told=approved")
    template = "approve/message.html.j2" if reason is None else "approve/glass.html.j2"
    async with desk_of(request).pool.connection() as connection:
        there = await messages.find(connection, message)
    if there is None:
        raise HTTPException(404)
    wrong = (
        "count" if must_type(request, there.lane, there.recipients) and not same_number(count, there.recipients) else ""
    )
    wrong = "proof" if not proof else "why" if reason is not None and not reason.strip() else wrong
    if wrong:
        found = await found_of(request, who, message)
        return await page_of(request, who, found, template=template, wrong=wrong, reason=reason or "", status=422)
    try:
        await call(decisions.approve, who, id=str(message), proof=proof, break_glass=reason, yes=True)
    except Refusal as refusal:
        if await _is_done(request, who, message, proof):
            return see(request, f"/approve/{message}?told=approved")
        found = await found_of(request, who, message)
        return await page_of(request, who, found, refusal=refusal, changed=refusal.more.get("changed", ()), status=409)
    return see(request, f"/approve/{message}?told=approved")


async def _is_done(request: Request, who: Who, message: UUID, proof: str) -> bool:
    """Whether this person approved this very proof already: then a second tap has nothing to do."""
    async with desk_of(request).pool.connection() as connection:
        there = await messages.find(connection, message)
        if there is None or not proof or there.proof_hash != proof:
            return False
        given = await approvals.of(connection, there.number)
    acts = {"approve", "break-glass"}
    return any(each.user_id == who.user.id and each.act in acts and each.taken_back_at is None for each in given)


async def _done(request: Request, who: Who, message: UUID, told: str, act: Any, **given: Any) -> Response:
    try:
        await call(act, who, id=str(message), **({"contact": None} if act is judging.confirm else {}), **given)
    except Refusal as refusal:
        found = await found_of(request, who, message)
        if told_of(found, told):  # the second tap of two
            return see(request, f"/approve/{message}?told={told}")
        return await page_of(request, who, found, refusal=refusal, status=409)
    return see(request, f"/approve/{message}?told={told}")
