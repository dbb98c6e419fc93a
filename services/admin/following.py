"""`roeland message status|list`: how messages stand."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, instant, table
from services.admin.command import command
from services.admin.invocation import current
from services.admin.messages import app

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.messages import Message
    from services.store.status import Status

ENDED: Final = frozenset({"done", "stopped", "rejected", "expired", "withdrawn"})
SECONDS_BETWEEN: Final = 0.5
SECONDS_TO_ADD_UP: Final = 15.0
"""After a stop the counts add up within 10 s (DESIGN, Commands); if they do not, nobody is there to do it."""


@command(app, "status", examples=["message status 0199…", "message status 0199… --watch"])
async def status(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until nothing is open any more.")] = False,
) -> Answer:
    """How a message stands: its recipients by channel and state, and when the first and last were accepted."""
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.store.status import status_of

    async with acting() as (connection, _):
        await connection.set_autocommit(True)
        message = await known(connection, message_id(id))
        if watch:
            return Answer(await _follow(connection, message), lambda _: None)
        found = await status_of(connection, message)
    return Answer(found, lambda out: out.print(_picture(found)))


@command(app, "list", examples=["message list", "message list --incident cyber-2026-014"])
async def list_(
    incident: Annotated[str | None, typer.Option(help="Only of this incident.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
) -> Answer:
    """The latest messages first."""
    from services.admin.acting import acting
    from services.store import messages
    from services.store.status import status_of

    async with acting() as (connection, _):
        found = await messages.recent(connection, incident=incident, limit=limit)
        states = [(await status_of(connection, message)).state for message in found]
    document = [_about(message, state) for message, state in zip(found, states, strict=True)]
    columns = ["id", "incident", "kind", "state", "recipients", "title"]
    rows = [[each[column] for column in columns] for each in document]
    return Answer(document, lambda out: out.print(table(columns, rows)))


async def _follow(connection: "Connection", message: "Message") -> "Status":
    """Look until it has ended; show it as it changes, unless a program is reading."""
    import asyncio

    from rich.live import Live

    from services.admin.answers import console
    from services.admin.giving import known
    from services.store.status import status_of

    since_ended = 0
    with Live(console=console(stderr=current.get().json), auto_refresh=False, transient=current.get().json) as live:
        while True:
            found = await status_of(connection, await known(connection, message.id))
            live.update(_picture(found), refresh=True)
            since_ended += found.state in ENDED
            if found.state in ENDED and (not found.open or since_ended * SECONDS_BETWEEN > SECONDS_TO_ADD_UP):
                return found
            await asyncio.sleep(SECONDS_BETWEEN)


def _picture(status: "Status") -> Any:
    from rich.console import Group
    from rich.text import Text

    states = sorted({state for counts in status.channels.values() for state in counts})
    rows = [[channel, *(counts.get(state, "") for state in states)] for channel, counts in status.channels.items()]
    moments = {
        "approved": status.approved_at,
        "first accepted": status.first_accepted_at,
        "last accepted": status.last_accepted_at,
    }
    told = [f"{what} {instant(when)}" for what, when in moments.items() if when]
    head = f"{status.id}: {status.state}, {status.recipients} recipients"
    return Group(
        Text(head, style="bold"),
        table(["", *states], rows),
        Text(", ".join([*told, f"{status.possible_duplicates} possible duplicates"])),
    )


def _about(message: "Message", state: str) -> dict[str, Any]:
    titles = message.content.get("title") or [{}]
    return {
        "id": message.id,
        "incident": message.incident,
        "kind": message.kind,
        "state": state,
        "recipients": message.recipients,
        "title": titles[0].get("text", ""),
        "exercise": message.exercise,
        "submitted_at": message.submitted_at,
    }
