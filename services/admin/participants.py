"""`roeland incident participants INCIDENT add|remove|list EXTERNAL_ID…`: who takes part in an exercise."""

from typing import Annotated, Literal

import typer

from services.admin.answers import Answer, WrongUsage, entries, lines
from services.admin.command import command
from services.admin.incidents import Slug, app, known_incident


@command(
    app,
    "participants",
    examples=[
        "incident participants drill-2026-02 add gov-limburg mun-001-a",
        "incident participants drill-2026-02 list",
    ],
)
async def participants(
    incident: Slug,
    action: Annotated[Literal["add", "remove", "list"], typer.Argument(metavar="ACTION", help="add, remove or list.")],
    external_id: Annotated[list[str] | None, typer.Argument(metavar="EXTERNAL_ID...")] = None,
) -> Answer:
    """Who takes part in an exercise: once there is a list, its messages go to those on it and to nobody else.

    Someone on the list still gets only what is for an audience that they are in. Without a list an exercise goes to
    everyone in its audiences. What waits for approval follows the list as it is when it is released.
    """
    ids = list(dict.fromkeys(external_id or []))
    if (action == "list") == bool(ids):
        raise WrongUsage(f"`{action}` takes {'no contacts' if ids else 'at least one contact (EXTERNAL_ID)'}")
    if action == "list":
        return await _list(incident)
    return await _change(incident, action, ids)


async def _list(slug: str) -> Answer:
    from services.admin.acting import acting
    from services.store import participants as store

    async with acting() as (connection, _):
        await known_incident(connection, slug)
        found = await store.listed(connection, slug)
    document = [{"external_id": each, "name": name, "audiences": audiences} for each, name, audiences in found]
    told = [(f"{each}  {name}", [", ".join(audiences) or "in no audience"]) for each, name, audiences in found]
    return Answer(document, entries(told, none="there is no list: an exercise goes to everyone in its audiences"))


async def _change(slug: str, action: Literal["add", "remove"], ids: list[str]) -> Answer:
    from services.admin.acting import acting
    from services.incidents import participants as room
    from services.store import participants as store

    act = room.add if action == "add" else room.remove
    async with acting() as (connection, actor), connection.transaction():
        changed = await act(connection, slug, ids, actor=actor)
        total = await store.count(connection, slug)
    return Answer(
        {"changed": changed, "participants": total},
        lines(f"{changed} {'added' if action == 'add' else 'removed'}; {total} take part, and nobody else"),
    )
