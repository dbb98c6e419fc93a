"""`roeland message newcomers ID`: who came into a message's audiences after its proof, and sending it to them too."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.admin.answers import Answer, lines, table
from services.admin.command import command
from services.admin.messages import app

if TYPE_CHECKING:
    from rich.console import Console

    from services.store.newcomers import Newcomer


@command(
    app,
    "newcomers",
    examples=["message newcomers 0199…", "message newcomers 0199… --send --as wacht@ccvo.example"],
)
async def newcomers(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    *,
    send: Annotated[bool, typer.Option("--send", help="Send it to all of these too, as an approver.")] = False,
) -> Answer:
    """Who came into the audiences of a released message after its proof, and did not get it.

    With --send they get it too: exactly those who are listed, once, in batches of their own.
    """
    from services.admin.giving import give, message_id
    from services.domain.commands import IncludeNewcomers

    message = message_id(id)
    found = await _found(id)
    document = {"id": id, "newcomers": found}
    if not send or not found:
        following = [f"Send it to them too: `roeland message newcomers {id} --send`"] if found else []
        return Answer(document, lambda out: _show(out, found, following))
    result = await give(IncludeNewcomers(message_id=message, contacts=[each.contact for each in found]))
    following = [f"{result['included']} get it too: `roeland message status {id} --watch`"]
    return Answer({**document, **result}, lambda out: _show(out, found, following))


async def _found(written: str) -> "list[Newcomer]":
    from services.admin.giving import known, message_id
    from services.runtime.configuration import configuration_in_force
    from services.runtime.postgres import connect
    from services.store import newcomers as store
    from services.store import variants
    from services.store.selecting import selected

    configuration = configuration_in_force()
    async with connect() as connection:
        message = await known(connection, message_id(written))
        versions = await variants.audiences(connection, [message.number])
        named = set(message.content["audiences"])
        people = {audience for audience, channel in versions if channel != "newsfeed"}
        selection = await selected(connection, message.content.get("recipients", ""))
        return await store.found(connection, message.number, configuration.in_order(named & people), selection)


def _show(out: "Console", found: "list[Newcomer]", following: list[str]) -> None:
    rows = [(each.external_id, each.name, each.audience) for each in found]
    out.print(table(["contact", "name", "audience"], rows) if rows else "nobody came since")
    lines(*following)(out)
