"""`roeland webhooks rotate`: another secret to sign with, while the receiver changes from one to the other."""

from datetime import timedelta
from typing import Annotated, Final

import typer

from services.admin.answers import Answer, instant, lines
from services.admin.command import command
from services.admin.webhooks import Number, app, document_of, new_secret, unknown

HOURS: Final = 24
MOST_HOURS: Final = 30 * 24


@command(app, "rotate", examples=["webhooks rotate 3", "webhooks rotate 3 --hours 0"])
async def rotate(
    id_: Number,
    *,
    hours: Annotated[
        int,
        typer.Option(
            min=0, max=MOST_HOURS, help="So long the former secret signs as well; 0 for one that others know."
        ),
    ] = HOURS,
) -> Answer:
    """Sign with another secret, shown once. Until the former one ends each call has a signature of both."""
    from services.admin.acting import acting
    from services.store import audit, webhooks

    async with acting() as (connection, actor), connection.transaction():
        secret, sealed = await new_secret(connection)
        rotated = await webhooks.rotate(connection, id_, sealed, grace=timedelta(hours=hours))
        if rotated is None:
            raise unknown(id_)
        await audit.record(
            connection, actor=actor, action="webhook.rotated", subject=f"webhook:{id_}", detail={"hours": hours}
        )
    until = f" beside the former one, until {instant(rotated.former_until)}" if rotated.former_until else ""
    told = lines(f"webhook {id_}: we sign with this secret{until}; it is shown this once:", secret)
    return Answer({**document_of(rotated), "secret": secret}, told)
