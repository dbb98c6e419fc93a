"""`roeland message status|list`: how messages stand."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, as_plain, entries, lines
from services.admin.command import command
from services.admin.invocation import current
from services.admin.messages import app

if TYPE_CHECKING:
    from rich.console import Console

    from services.store.messages import Message


@command(
    app,
    "status",
    examples=["message status 0199…", "message status 0199… --watch", "message status 0199… --unknown --json"],
)
async def status(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until nothing is open any more.")] = False,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Also list whom somebody must call: nobody knows whether it arrived.")
    ] = False,
) -> Answer:
    """How a message stands: its recipients by channel and state, and when the first and last were accepted.

    With --unknown also the people whose state is unknown, with their numbers, so that someone can call them.
    """
    from services.admin.acting import acting
    from services.admin.alarms import about, show_briefly
    from services.admin.confirmation import confirmation_of, confirmation_told
    from services.admin.giving import known, message_id
    from services.admin.judging import glass_of, glass_told
    from services.admin.put_right import put_right, show_put_right
    from services.admin.unknown import document, people_unknown, show
    from services.admin.watching import follow, picture
    from services.store.status import status_of

    async with acting() as (connection, actor):
        await connection.set_autocommit(True)
        message = await known(connection, message_id(id))
        if watch:
            found = await follow(connection, message, as_json=current.get().json)
        else:
            found = await status_of(connection, message)
        glass = await glass_of(connection, message.number)
        ringing = await about(connection, message, found)
        asked = await confirmation_of(connection, await known(connection, message.id))
        righted = await put_right(connection, await known(connection, message.id))
        people, count = await people_unknown(connection, message, actor=actor) if unknown else (None, 0)

    def tell(out: "Console") -> None:
        if not watch:
            out.print(picture(found))
        show_put_right(out, righted)
        lines(*glass_told(id, glass))(out)
        lines(*confirmation_told(id, asked))(out)
        show_briefly(out, ringing)
        if people is not None:
            show(out, people, count)
        elif any("unknown" in counts for counts in found.channels.values()):
            lines(f"Whom to call: `roeland message status {found.id} --unknown`")(out)

    said = {**as_plain(found), **righted, "break_glass": glass, **asked}
    return Answer(said if people is None else document(said, people), tell)


@command(app, "list", examples=["message list", "message list --incident cyber-2026-014"])
async def list_(
    incident: Annotated[str | None, typer.Option(help="Only of this incident.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Older than this message: the next page.")] = None,
) -> Answer:
    """The latest messages first."""
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.store import messages
    from services.store.facts import as_stated
    from services.store.status import status_of

    async with acting() as (connection, _):
        older = (await known(connection, message_id(before))).number if before else None
        found = await messages.recent(connection, incident=incident, limit=limit, before=older)
        found = [await as_stated(connection, message) for message in found]
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
