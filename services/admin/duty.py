"""`roeland duty …`: who is called when a message waits for approval."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, Refusal, entries, instant, lines
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.duty import Shift
    from services.store.users import User

app = group("duty", "Who is on duty: whom Roeland calls when a message waits for approval.")

MOST: Final = 20
NO_LIST: Final = "there is no duty list: nobody is called when a message waits: `roeland duty set EMAIL`"
NOBODY: Final = "nobody is on duty: all crisis managers are told when a message waits"

FROM_HELP: Final = "ISO 8601; the centre's own time if it names no zone. Left out: now."


@command(
    app,
    "set",
    examples=[
        "duty set wacht@ccvo.example tweede@ccvo.example",
        "duty set wacht@ccvo.example --from 2026-11-27T18:00 --until 2026-11-30T08:00",
    ],
)
async def set_(
    email: Annotated[list[str], typer.Argument(metavar="EMAIL...", help="In the order in which they are called.")],
    *,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help=FROM_HELP)] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Left out: until another is set.")] = None,
) -> Answer:
    """These are on duty, in this order. The latest set that holds at a moment is in force then.

    Only who may approve can be on duty. Whoever has no mobile number is told by mail alone.
    """
    from services.admin.acting import acting
    from services.admin.moments import moment
    from services.store import audit, duty

    now = datetime.now(UTC)
    from_at, until_at = moment(since, "--from") or now, moment(until, "--until")
    if until_at and until_at <= max(from_at, now):
        raise Refusal("the end is not after the beginning, or has passed: mend --until")
    async with acting() as (connection, actor), connection.transaction():
        users = await _named(connection, email)
        ids = [user.id for user in users]
        shift = await duty.set_shift(connection, ids, from_at=from_at, until_at=until_at, by=actor)
        detail = {"users": ids, "from": instant(from_at), "until": until_at and instant(until_at)}
        await audit.record(connection, actor=actor, action="duty.set", subject=f"duty:{shift.id}", detail=detail)
        document = await _document(connection, shift)
    return Answer(document, lines(*_told(document)))


@command(app, "show", examples=["duty show", "duty show --at 2026-11-28T03:00 --json"])
async def show(
    at: Annotated[str | None, typer.Option(metavar="TIME", help="At another moment than now.")] = None,
) -> Answer:
    """Who is on duty, in the order in which they are called; and what is amiss."""
    from services.admin.acting import acting
    from services.admin.moments import moment
    from services.store import duty

    wanted = moment(at, "--at")
    async with acting() as (connection, _):
        shift = await duty.in_force(connection, wanted)
        latest = await duty.history(connection, 1)
        document = await _document(connection, shift) if shift else await _nobody(connection, listed=bool(latest))
    document["changed_at"] = latest[0].set_at if latest else None  # also by a shift that is still to come
    return Answer(document, lines(*_told(document)))


@command(app, "history", examples=["duty history", "duty history --limit 10 --json"])
async def history(limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50) -> Answer:
    """What was set, by whom and when, the latest first."""
    from services.admin.acting import acting
    from services.store import duty

    async with acting() as (connection, _):
        documents = [await _document(connection, each) for each in await duty.history(connection, limit)]
    shown = [(", ".join(p["email"] for p in each["on_duty"]), [_span(each), _set_by(each)]) for each in documents]
    return Answer(documents, entries(shown, none=NO_LIST))


async def _named(connection: "Connection", emails: Sequence[str]) -> "list[User]":
    from services.domain.identity import may
    from services.store.users import find_user

    if not emails:
        raise Refusal("choose at least one person")
    if len(emails) > MOST:
        raise Refusal(f"{len(emails)} people: at most {MOST} are called one after the other")
    found: list[User] = []
    for email in emails:
        user = await find_user(connection, email)
        if user is None:
            raise Refusal(f"there is no user {email}: `roeland users list` shows who there is", missing=[email])
        if user.disabled_at:
            raise Refusal(f"the user {email} is disabled: `roeland users add {email} --role …` enables them again")
        if not may("approve", user.roles):
            raise Refusal(f"{email} may not approve: give them the role approver or crisis-manager")
        if user.id in {each.id for each in found}:
            raise Refusal(f"{email} is named twice: each is called once")
        found.append(user)
    return found


async def _document(connection: "Connection", shift: "Shift") -> dict[str, Any]:
    from services.domain.contact_fields import masked
    from services.store.users import all_users

    known = {user.id: user for user in await all_users(connection)}
    people = [known[each] for each in shift.users]
    return {
        "on_duty": [{"email": each.email, "mobile": masked(each.mobile)} for each in people],
        "from": shift.from_at,
        "until": shift.until_at,
        "set_by": shift.set_by,
        "set_at": shift.set_at,
        "warnings": [warning for each in people for warning in _warnings(each)],
    }


def _warnings(user: "User") -> list[str]:
    from services.domain.identity import may

    if user.disabled_at or not may("approve", user.roles):
        return [f"{user.email} is disabled or may not approve any more, and is skipped"]
    remedy = f"`roeland users mobile {user.email} +32…`"
    return [] if user.mobile else [f"{user.email} has no mobile number, and is told by mail alone: {remedy}"]


async def _nobody(connection: "Connection", *, listed: bool) -> dict[str, Any]:
    from services.store.users import with_role

    told = [user.email for user in await with_role(connection, ["crisis-manager"])] if listed else []
    warning = NO_LIST if not listed else f"{NOBODY}: {', '.join(told) or 'and there is none'}"
    return {"on_duty": [], "from": None, "until": None, "told_instead": told, "warnings": [warning]}


def _told(document: dict[str, Any]) -> list[str]:
    people = [
        f"{place}. {each['email']}  {each['mobile'] or 'no mobile'}"
        for place, each in enumerate(document["on_duty"], start=1)
    ]
    span = [_span(document)] if people else []
    return [*people, *span, *(f"Note: {warning}" for warning in document["warnings"])]


def _span(document: dict[str, Any]) -> str:
    until = instant(document["until"]) if document["until"] else "another is set"
    return f"from {instant(document['from'])} until {until}"


def _set_by(document: dict[str, Any]) -> str:
    return f"set {instant(document['set_at'])}" + (f" by {document['set_by']}" if document["set_by"] else "")
