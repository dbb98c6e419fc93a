"""`/messages/{id}/do/…`: something is done about a message, after a page that says what happens and to how many.

The act is the command line's, through `call`. What is no longer possible, because somebody else was first or time went
on, is said as such.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import decisions, judging, newcomers, withdrawing
from services.admin.answers import Refusal
from services.console.access import Allowed, NotAllowed, Who
from services.console.calling import call
from services.console.message_look import ACTS, Act, Look, allowed
from services.console.pages.message import found_or_404
from services.console.view import page, see
from services.domain.states import GOOD, OPEN

router = APIRouter()
REASON_CHARACTERS: Final = 1000
"""As much as a command takes."""
SHOWN: Final = 200
"""Newcomers who are named on the page; how many there are in all is said."""


def declare(act: Act) -> None:
    """Two routes for an act: the page that asks, and what does it."""
    path = f"/messages/{{message_id}}/do/{act.name}"
    door = "halt" if act.own else act.may  # whose own message it is, is known when it is read
    Doer = Annotated[Who, Depends(Allowed(door))]  # noqa: N806 - a type

    async def ask(request: Request, who: Doer, message_id: UUID) -> Response:
        found = await _found(request, who, act, message_id)
        return await _asking(request, who, act, found)

    async def do(  # noqa: PLR0917 - the fields of its form
        request: Request,
        who: Doer,
        message_id: UUID,
        reason: Annotated[str, Form(max_length=REASON_CHARACTERS)] = "",
        notify: Annotated[bool, Form()] = False,
        seen: Annotated[int | None, Form()] = None,
    ) -> Response:
        found = await _found(request, who, act, message_id)
        if act.needs_reason and not reason.strip():
            return await _asking(request, who, act, found, problem="reason", status=422)
        try:
            if act.name == "newcomers" and len(await _newcomers(who, message_id)) != seen:
                return await _asking(request, who, act, found, problem="moved", status=409)
            await DOES[act.name](who, {"id": str(message_id)}, reason.strip(), notify)
        except Refusal as refusal:
            now = await found_or_404(request, message_id)
            return await _asking(request, who, act, now, refusal=refusal, status=409)
        return see(request, f"/messages/{message_id}?told={act.name}")

    router.add_api_route(path, ask, methods=["GET"], name=f"ask-{act.name}")
    router.add_api_route(path, do, methods=["POST"], name=f"do-{act.name}")


async def _found(request: Request, who: Who, act: Act, message_id: UUID) -> Look:
    found = await found_or_404(request, message_id)
    if not allowed(act, found, who):
        raise NotAllowed(act.may)
    return found


async def _asking(
    request: Request,
    who: Who,
    act: Act,
    found: Look,
    *,
    problem: str = "",
    refusal: Refusal | None = None,
    status: int = 200,
) -> Response:
    """The page that asks; or, where it cannot be done (any more), that says why."""
    why_not = act.refusal(found)
    people = await _newcomers(who, found.message.id) if act.name == "newcomers" and why_not is None else []
    context = {"found": found, "act": act, "why_not": why_not, "problem": problem, "refusal": refusal}
    more = {**context, **_counts(found), "people": people[:SHOWN], "count": len(people), "most": REASON_CHARACTERS}
    return page(request, "message_act.html.j2", status=status, **more)  # type: ignore[arg-type]


async def _newcomers(who: Who, message_id: UUID) -> list[dict[str, Any]]:
    document = await call(newcomers.newcomers, who, id=str(message_id), send=False)
    found: list[dict[str, Any]] = document["newcomers"]
    return found


def _counts(found: Look) -> dict[str, int]:
    """Copies that are open and that were handed over, on all channels."""

    def sum_of(states: Any) -> int:
        return sum(each.get(state.word, 0) for each in found.status.channels.values() for state in states)

    return {"open": sum_of(OPEN), "good": sum_of(GOOD), "all": found.total}


DOES: Final[dict[str, Callable[[Who, dict[str, str], str, bool], Awaitable[Any]]]] = {
    "stop": lambda who, it, _reason, _notify: call(decisions.stop, who, **it),
    "pause": lambda who, it, _reason, _notify: call(decisions.pause, who, **it),
    "resume": lambda who, it, _reason, _notify: call(decisions.resume, who, **it, anyway=False),
    "take-back": lambda who, it, reason, _notify: call(decisions.take_back, who, **it, reason=reason),
    "confirm": lambda who, it, reason, _notify: call(
        judging.confirm, who, **it, contact=None, telephone=False, reason=reason
    ),
    "dispute": lambda who, it, reason, _notify: call(judging.dispute, who, **it, reason=reason),
    "newcomers": lambda who, it, _reason, _notify: call(newcomers.newcomers, who, **it, send=True),
    "withdraw": lambda who, it, reason, notify: call(withdrawing.withdraw, who, **it, reason=reason, notify=notify),
}
"""Each act as the command line does it; given are its reason, and whether those who got it are told."""

for each in ACTS:
    if not each.href:
        declare(each)
