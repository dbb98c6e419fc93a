"""`roeland feed subscribers|unsubscribe`: who is called at each change of a feed (WebSub)."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, Refusal, instant, lines, table
from services.admin.command import command
from services.admin.feeds import app

if TYPE_CHECKING:
    from services.store.websub import Subscription

WHY: Final = "ended by the publisher"
"""What the subscriber is told; subscribers read English (their protocol is)."""


@command(app, "subscribers", examples=["feed subscribers", "feed subscribers --json"])
async def subscribers() -> Answer:
    """Who is called at each change, at which host, until when, and since when the call fails. No address is shown."""
    from services.admin.acting import acting
    from services.store import websub

    async with acting() as (connection, _):
        found = [_document(each) for each in await websub.listed(connection)]
    columns = ["id", "host", "feed", "lease_until", "delivered_at", "failing_since"]
    shown = table(
        ["id", "host", "feed", "until", "last sent", "failing since"], [[r[c] for c in columns] for r in found]
    )
    none = lines("nobody has subscribed")
    return Answer(found, (lambda out: out.print(shown)) if found else none)


@command(app, "unsubscribe", examples=["feed unsubscribe 3", "feed unsubscribe 3 --json"])
async def unsubscribe(id_: Annotated[int, typer.Argument(metavar="ID", help="As `feed subscribers` shows.")]) -> Answer:
    """End a subscription: nothing more is sent, and `public` tells the subscriber so, once.

    It may subscribe again. To keep somebody from a closed feed, revoke the address: `roeland feed tokens revoke`.
    """
    from services.admin.acting import acting
    from services.store import audit, websub

    async with acting() as (connection, actor), connection.transaction():
        ended = await websub.end(connection, id_, WHY)
        if ended is None:
            raise Refusal(f"there is no subscription {id_}: see `roeland feed subscribers`", missing=[id_])
        detail = {"topic": ended.topic}
        subject = f"websub:{ended.id}"
        await audit.record(connection, actor=actor, action="websub.ended", subject=subject, detail=detail)
    return Answer(_document(ended), lines(f"subscription {ended.id}, at {ended.host}, is ended"))


def _document(each: "Subscription") -> dict[str, Any]:
    """Without the callback, which may hold the subscriber's secret."""
    return {
        "id": each.id,
        "host": each.host,
        "feed": each.topic,
        "created_at": instant(each.created_at),
        "lease_until": instant(each.lease_until),
        "delivered_at": instant(each.delivered_at) if each.delivered_at else None,
        "failing_since": instant(each.failing_since) if each.failing_since else None,
        "tries": each.tries,
    }
