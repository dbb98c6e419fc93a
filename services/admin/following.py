"""`roeland message status|list`: how messages stand."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, entries
from services.admin.command import command
from services.admin.invocation import current
from services.admin.messages import app

if TYPE_CHECKING:
    from services.store.messages import Message


@command(app, "status", examples=["message status 0199…", "message status 0199… --watch"])
async def status(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until nothing is open any more.")] = False,
) -> Answer:
    """How a message stands: its recipients by channel and state, and when the first and last were accepted."""
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.admin.watching import follow, picture
    from services.store.status import status_of

    async with acting() as (connection, _):
        await connection.set_autocommit(True)
        message = await known(connection, message_id(id))
        if watch:
            return Answer(await follow(connection, message, as_json=current.get().json), lambda _: None)
        found = await status_of(connection, message)
    return Answer(found, lambda out: out.print(picture(found)))


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
    return Answer(document, entries(map(_shown, document), none="no messages: `roeland message submit FILE`"))


def _shown(about: dict[str, Any]) -> tuple[str, list[str]]:
    head = f"{about['id']}  {about['state']}, {about['recipients']} recipients"
    return head, [about["incident"], "exercise" if about["exercise"] else about["kind"], about["title"]]


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
