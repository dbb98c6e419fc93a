"""`roeland newsletter history`: what each date of a newsletter came to."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, entries, instant
from services.admin.command import command
from services.admin.newsletters import Name, app, known

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.editions import EditionRow


@command(
    app,
    "history",
    examples=["newsletter history lokale-besturen", "newsletter history lokale-besturen --limit 5 --json"],
)
async def history(
    name: Name, limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many dates.")] = 30
) -> Answer:
    """What each date came to, the latest first: made and sent, or why not; and how far it came."""
    from services.admin.acting import acting
    from services.store import editions

    async with acting() as (connection, _):
        newsletter = await known(connection, name)
        found = [await decided(connection, each) for each in await editions.history(connection, newsletter.id, limit)]
    told = [(f"{each['date']}  {each['decision']}", _about(each)) for each in found]
    return Answer(found, entries(told, none=f"no date is decided yet; it begins on {newsletter.begins}"))


async def decided(connection: "Connection", row: "EditionRow") -> dict[str, Any]:
    """What one date came to, and how far what was made of it came."""
    from services.store import messages
    from services.store.status import status_of

    message = await messages.find(connection, row.message_id) if row.message_id else None
    status = await status_of(connection, message) if message else None
    return {
        "date": row.date.isoformat(),
        "decision": row.decision,
        "due": row.due,
        "decided_at": row.decided_at,
        "late": row.late,
        "reason": row.reason,
        "number": row.number,
        "message": row.message_id,
        "items": len((row.content or {}).get("items", [])),
        "state": status.state if status else None,
        "recipients": status.recipients if status else None,
        "channels": status.channels if status else {},
        "released_at": message.released_at if message else None,
        "told_at": row.told_at,
    }


def _about(each: dict[str, Any]) -> list[Any]:
    if each["decision"] != "made":
        told = f"told {instant(each['told_at'])}" if each["told_at"] else ""
        return [each["reason"], told]
    state = each["state"] or "not taken up yet: is editorial running?"
    got = f"{each['recipients']} recipients" if each["recipients"] else ""
    mail = ", ".join(f"{count} {word}" for word, count in each["channels"].get("mail", {}).items())
    head = f"number {each['number']}" + (", LATE" if each["late"] else "")
    return [head, state, f"{each['items']} items", got, mail, each["reason"], each["message"]]
