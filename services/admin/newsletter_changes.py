"""`roeland newsletter pause|resume|rename`: hold a newsletter's clock, let it go on, and call it otherwise."""

from typing import Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, instant, lines
from services.admin.command import command
from services.admin.newsletter_view import SHOWN_DATES, dates, document_of
from services.admin.newsletters import Name, app, changing, known

UNTIL_HELP = "It goes out again from then on: 2027-01-04, or ISO 8601. Left out: until it is resumed."


@command(
    app,
    "pause",
    examples=[
        "newsletter pause lokale-besturen --reason 'geen crisis meer'",
        "newsletter pause lokale-besturen --until 2027-01-04 --reason kerstvakantie",
    ],
)
async def pause(
    name: Name,
    *,
    until: Annotated[str | None, typer.Option(metavar="TIME", help=UNTIL_HELP)] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever reads its history.")] = "",
) -> Answer:
    """Make no editions for the time being. One that is made already is a message: pause, reject or stop that."""
    from services.admin.moments import moment
    from services.newsletter import keeping

    end = moment(until, "--until")
    async with changing(name) as act:
        await keeping.pause(act.connection, act.newsletter, act.now, until=end, reason=reason, by=act.user.id)
        document = await document_of(act.connection, await known(act.connection, name), SHOWN_DATES)
        document["made"] = await _made_and_not_out(act.connection, act.newsletter.id)
    held = f"until {instant(end)}" if end else "until it is resumed"
    return Answer(document, lines(f"{name}: paused {held}", *_made(document["made"]), *dates(document["coming"])))


@command(app, "resume", examples=["newsletter resume lokale-besturen"])
async def resume(name: Name) -> Answer:
    """Make editions again. The first tells of all that is in no edition yet."""
    from services.newsletter import keeping

    async with changing(name) as act:
        changed = await keeping.resume(act.connection, act.newsletter, act.now, by=act.user.id)
        document = await document_of(act.connection, await known(act.connection, name), SHOWN_DATES)
    told = "runs again" if changed else "was not paused"
    return Answer({**document, "changed": changed}, lines(f"{name}: {told}", *dates(document["coming"])))


@command(app, "rename", examples=["newsletter rename lokale-besturen gemeenten"])
async def rename(
    name: Name, new: Annotated[str, typer.Argument(metavar="NEW", help="What it is called from now on.")]
) -> Answer:
    """Call a newsletter otherwise here. Readers see its title, and its List-Id stays: to them nothing changes."""
    from services.newsletter import keeping

    to = _name(new)
    async with changing(name) as act:
        await keeping.rename(act.connection, act.newsletter, to, by=act.user.id)
        document = await document_of(act.connection, await known(act.connection, to), SHOWN_DATES)
    told = f"{name} is {to} from now on: write `newsletter: {to}` in its file too"
    return Answer({**document, "was": name}, lines(told))


async def _made_and_not_out(connection: Any, newsletter: int) -> list[str]:
    """The messages that are editions, and were not released yet: the pause does not hold them."""
    from services.store import editions, messages

    found = []
    for row in await editions.history(connection, newsletter, 3):
        message = await messages.find(connection, row.message_id) if row.message_id else None
        if message and message.state in ("submitted", "proofed", "approved"):
            found.append(str(message.id))
    return found


def _made(ids: list[str]) -> list[str]:
    return [f"Made already, and not held by this: `roeland message reject {each}`" for each in ids]


def _name(written: str) -> str:
    from pydantic_core import PydanticCustomError

    from services.domain.newsletter_file import newsletter_name

    try:
        return newsletter_name(written)
    except PydanticCustomError as problem:
        raise Refusal(" ".join((problem.context or {}).values())) from None
