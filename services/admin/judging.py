"""`roeland message confirm|dispute ID`: what a second person says of a message that was released alone.

With contacts, `confirm` says of these that they know what the message says.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from services.admin.answers import Answer, WrongUsage, lines
from services.admin.command import command
from services.admin.messages import app

if TYPE_CHECKING:
    from services.runtime.postgres import Connection

Id = Annotated[str, typer.Argument(metavar="ID", help="The message's id.")]


@command(
    app,
    "confirm",
    examples=[
        "message confirm 0199… --as wacht@ccvo.example",
        "message confirm 0199… mun-044-b gov-limburg --telephone --as wacht@ccvo.example",
    ],
)
async def confirm(
    id: Id,  # noqa: A002 - the contract calls it ID
    contact: Annotated[
        list[str] | None, typer.Argument(metavar="[CONTACT]...", help="Who knows what it says, by external id.")
    ] = None,
    *,
    telephone: Annotated[bool, typer.Option("--telephone", help="They said so by telephone.")] = False,
    reason: Annotated[str, typer.Option(help="What you want to add, for the record.")] = "",
) -> Answer:
    """It was right to break the glass: say so as a second person, neither the author nor who broke it.

    With contacts, something else: these people know what the message says, for they told you so.
    """
    from services.admin.by_hand import confirm_by_hand

    if contact:
        return await confirm_by_hand(id, contact, how="telephone" if telephone else "operator")
    if telephone:
        raise WrongUsage("--telephone needs the contacts who said so")
    return await _judge(id, "confirm", reason)


@command(app, "dispute", examples=["message dispute 0199… --reason 'cijfer klopt niet' --as wacht@ccvo.example"])
async def dispute(
    id: Id,  # noqa: A002 - the contract calls it ID
    reason: Annotated[str, typer.Option(help="Why; the crisis managers are told.")],
) -> Answer:
    """It was not right to break the glass: the crisis managers are told, and the answer says what may be done.

    Nothing is stopped by this: somebody decides that.
    """
    return await _judge(id, "dispute", reason)


async def glass_of(connection: "Connection", message: int) -> dict[str, Any] | None:
    """How the glass was broken for this message (its number), as `message status` shows it; None when it was not."""
    from services.store.glass import broken

    found = await broken(connection, message)
    if found is None:
        return None
    return {
        "by": found.by, "reason": found.reason, "at": found.at, "verdict": found.verdict,
        "judged_by": found.judged_by, "judged_at": found.judged_at, "judged_reason": found.judged_reason,
    }  # fmt: skip


def glass_told(written: str, glass: dict[str, Any] | None) -> list[str]:
    """In words."""
    if glass is None:
        return []
    told = f"The glass was broken by {glass['by']}: {glass['reason']}"
    if glass["verdict"]:
        return [told, f"{glass['verdict']} by {glass['judged_by']} {glass['judged_reason']}".rstrip()]
    return [told, f"A second person judges it: `roeland message confirm {written}` or `dispute`"]


async def _judge(written: str, verdict: Literal["confirm", "dispute"], reason: str) -> Answer:
    from services.admin.giving import give, message_id
    from services.domain.commands import JudgeMessage

    result = await give(JudgeMessage(message_id=message_id(written), verdict=verdict, reason=reason))
    following = [result["suggestion"]] if "suggestion" in result else []
    return Answer(result, lines(f"{written}: {result['verdict']}", *following))
