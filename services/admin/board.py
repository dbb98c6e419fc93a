"""`roeland board`: all that somebody must decide, know or keep an eye on now, on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from services.admin.answers import Answer, entries, instant, lines
from services.admin.command import command

if TYPE_CHECKING:
    from rich.console import Console

    from services.runtime.postgres import Connection
    from services.store.messages import Message

HEADS = {
    "glass": "The glass was broken, and nobody judged it yet",
    "alarms": "Alarms",
    "waiting": "Waits for approval",
    "approved": "Approved, not released yet: can be taken back",
    "running": "Is being sent",
    "promises": "Next word promised",
}
"""The parts of the board, in the order in which they are shown."""


def declare(app: typer.Typer) -> None:
    """`board` is a command of its own, in no group."""
    command(app, "board", examples=["board", "board --json"])(board)


async def board() -> Answer:
    """What waits for approval and who was called, broken glass, alarms, running sends, and what was promised."""
    from services.admin.acting import acting

    async with acting() as (connection, _):
        document = await document_of(connection)
    return Answer(document, lambda out: _show(out, document))


async def document_of(connection: "Connection") -> dict[str, Any]:
    """The whole board, part by part, as `--json` prints it."""
    found = await decided(connection)
    running = {"running": await _running(connection)}
    return {part: {**found, **running}[part] for part in HEADS}


async def decided(connection: "Connection") -> dict[str, Any]:
    """The board without what is being sent: it changes when somebody does something, not with every batch."""
    from services.store import alarms, board, glass

    return {
        "glass": [
            {"id": each.id, "incident": each.incident, "title": each.title}
            | {"by": each.by, "reason": each.reason, "at": each.at}
            for each in await glass.still_open(connection)
        ],
        "alarms": [
            {"kind": each.kind, "subject": each.subject, "message": each.message, "since": each.since}
            | {"detail": each.detail}
            for each in await alarms.rung(connection)
        ],
        "waiting": await _waiting(connection),
        "approved": [
            {**about(each), "approved_at": each.approved_at, "release_at": each.release_at}
            for each in await stated(connection, await board.approved(connection))
        ],
        "promises": await board.promises(connection),
    }


async def stated(connection: "Connection", messages: "Sequence[Message]") -> "list[Message]":
    """These, with the words that their readers get in place of references to facts."""
    from services.store.facts import all_as_stated

    contents = await all_as_stated(connection, {each.number: each.content for each in messages})
    return [replace(each, content=contents[each.number]) for each in messages]


async def _waiting(connection: "Connection") -> list[dict[str, Any]]:
    from services.store import board, duty

    found, given = await board.waiting(connection), await board.approvals(connection)
    calls = await duty.calls(connection, [each.number for each in found])
    return [
        {
            **about(message),
            "state": message.state,
            "since": message.proofed_at or message.submitted_at,
            "called": [{"email": c.email, "at": c.called_at} for c in calls if c.message == message.number],
            "approved_by": [{"email": a.by, "at": a.at} for a in given if a.message == message.number],
        }
        for message in await stated(connection, found)
    ]


async def _running(connection: "Connection") -> list[dict[str, Any]]:
    from services.store import board
    from services.store.status import status_of

    found = [(each, await status_of(connection, each)) for each in await board.running(connection)]
    told = await stated(connection, [each for each, _ in found])
    return [
        {**about(each), "state": status.state, "released_at": each.released_at, "open": status.open}
        for each, (_, status) in zip(told, found, strict=True)
    ]


def about(message: "Message") -> dict[str, Any]:
    """What a message is, in every part of the board."""
    titles = message.content.get("title") or [{}]
    return {
        "id": message.id,
        "incident": message.incident,
        "kind": message.kind,
        "urgency": message.lane,
        "title": titles[0].get("text") or "",
        "recipients": message.recipients,
        "exercise": message.exercise,
    }


def _show(out: "Console", document: Mapping[str, Any]) -> None:
    if not any(document.values()):
        lines("nothing waits, nothing runs, no alarm stands")(out)
        return
    for part, head in HEADS.items():
        if document[part]:
            lines(f"{head}:")(out)
            entries([_shown(part, each) for each in document[part]], none="")(out)


def _shown(part: str, each: Any) -> tuple[str, list[object]]:
    if part == "promises":
        return each.incident, [f"{'OVERDUE since' if each.overdue else 'by'} {instant(each.promised_at)}"]
    if part == "alarms":
        return f"{each['kind']}  {each['subject']}", [f"since {instant(each['since'])}", "`roeland alarms`"]
    head = f"{each['id']}  {'OEFENING ' if each.get('exercise') else ''}{each['title']}"
    return head, [each["incident"], *_more(part, each)]


def _more(part: str, each: Mapping[str, Any]) -> list[object]:
    if part == "glass":
        return [f"by {each['by']}", each["reason"], f"`roeland message confirm {each['id']}` or `dispute`"]
    if part == "approved":
        due = each["release_at"]
        return [
            f"goes out {instant(due)}" if due else "goes out in a moment",
            f"`roeland message take-back {each['id']}`",
        ]
    if part == "running":
        return [each["state"], f"{each['open']} to go"]
    called = [f"{call['email']} called {instant(call['at'])}" for call in each["called"]]
    given = [f"{approval['email']} approved" for approval in each["approved_by"]]
    return [each["urgency"], each["state"], f"since {instant(each['since'])}", *called, *given]
