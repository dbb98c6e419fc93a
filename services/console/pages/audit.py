"""`/audit`: who did what, when, from where and on what; the latest first, turned by position, never counted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.console.access import Allowed, Who
from services.console.desk import desk_of
from services.console.view import page
from services.console.words import ACTIONS
from services.runtime.postgres import Connection
from services.store import audit_chain, newsletters, users
from services.store.audit_chain import Link, Which

Auditor = Annotated[Who, Depends(Allowed("audit"))]
ON_A_PAGE: Final = 50
NOT_SHOWN: Final = frozenset({"document", "signature", "reason_sha256"})
SYSTEM: Final = "system"

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody filtered by, as they typed it. `wrong`: the names of fields that say nothing that can be."""

    who: str = ""
    action: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """As an address has it."""
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "wrong"}
        return urlencode({name: value for name, value in given.items() if value})


Text = Annotated[str, Query(max_length=200)]


@router.get("/audit")
async def acts(
    request: Request, who: Auditor, *, by: Annotated[str, Query(alias="who", max_length=320)] = "", action: Text = "",
    subject: Text = "", since: Text = "", until: Text = "", before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:  # fmt: skip
    """A page of the acts that fit."""
    desk = desk_of(request)
    async with desk.pool.connection() as connection, connection.transaction():
        people = {each.id: each.email for each in await users.all_users(connection)}
        asked, which = read(Asked(by, action, subject, since, until), people, desk.zone)
        found = [] if asked.wrong else await _links(connection, which, before)
        letters = {each.id: each.slug for each in await newsletters.all_newsletters(connection)}
        head = await audit_chain.head(connection)
    shown = [as_act(each, people, letters) for each in found[:ON_A_PAGE]]
    return page(
        request, "audit.html.j2", status=422 if asked.wrong else 200, acts=shown, asked=asked, people=people,
        actions=ACTIONS, head=head, before=before, system=SYSTEM,
        more=shown[-1]["position"] if len(found) > ON_A_PAGE else None,
        told=request.query_params.get("told"),
    )  # fmt: skip


def read(asked: Asked, people: Mapping[int, str], zone: ZoneInfo) -> tuple[Asked, Which]:
    """Which acts are meant. Days are the centre's own, and `until` is the last day."""
    wrong, by_email = [], {email: number for number, email in people.items()}
    actor = 0 if asked.who == SYSTEM else by_email.get(asked.who.strip().lower())
    if asked.who and actor is None:
        wrong.append("who")
    since, until = _day(asked.since, zone), _day(asked.until, zone, after=1)
    wrong += [name for name, at in (("since", since), ("until", until)) if getattr(asked, name) and at is None]
    meant = _subject(asked.subject.strip(), by_email)
    which = Which(since=since, until=until, actor=actor, action=asked.action or None, **meant)
    return Asked(asked.who, asked.action, asked.subject, asked.since, asked.until, tuple(wrong)), which


def as_act(link: Link, people: Mapping[int, str], letters: Mapping[int, str]) -> dict[str, Any]:
    """An act as the page has it: who by their address, and where what it was done to can be looked at."""
    entry: dict[str, Any] = json.loads(link.entry)
    kind, _, key = str(entry["subject"]).partition(":")
    detail = {name: value for name, value in entry["detail"].items() if name not in NOT_SHOWN}
    return {
        **entry, "detail": detail, "reason": link.reason, "link": link.hash,
        "who": people.get(entry["actor"]) if entry["actor"] is not None else None, "kind": kind, "key": key,
        "where": _where(kind, key, letters),
        "about": people.get(int(key)) if kind == "user" and key.isdigit() else letters.get(int(key))
        if kind == "newsletter" and key.isdigit() else None,
    }  # fmt: skip


async def _links(connection: Connection, which: Which, before: int | None) -> list[Link]:
    return [each async for each in audit_chain.links(connection, which, newest=ON_A_PAGE + 1, before=before)]


def _subject(written: str, people: Mapping[str, int]) -> dict[str, str]:
    """A message's id, somebody's address, an incident's name, or a subject as the audit has it."""
    if not written:
        return {}
    try:
        return {"message": str(UUID(written))}
    except ValueError:
        pass
    if written.lower() in people:
        return {"subject": f"user:{people[written.lower()]}"}
    return {"subject": written} if ":" in written else {"incident": written}


def _where(kind: str, key: str, letters: Mapping[int, str]) -> tuple[str, str] | None:
    """The address of a page of ours, and who may open that."""
    if kind == "newsletter" and key.isdigit() and int(key) in letters:
        return f"/newsletters/{letters[int(key)]}", "see"
    if kind == "user" and key.isdigit():
        return f"/settings/users/{key}", "administer"
    return {"message": (f"/messages/{key}", "see"), "incident": (f"/incidents/{key}", "see")}.get(kind)


def _day(written: str, zone: ZoneInfo, *, after: int = 0) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(written) + timedelta(days=after), time(), zone)
    except (ValueError, OverflowError):
        return None
