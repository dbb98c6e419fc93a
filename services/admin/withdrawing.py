"""`roeland message withdraw ID`: take a released message back."""

from typing import Annotated

import typer

from services.admin.answers import Answer, Refusal, lines
from services.admin.command import command
from services.admin.messages import app


@command(
    app,
    "withdraw",
    examples=[
        "message withdraw 0199… --reason 'verkeerd incident' --as wacht@ccvo.example",
        "message withdraw 0199… --reason 'verkeerd incident' --notify --as wacht@ccvo.example",
    ],
)
async def withdraw(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    *,
    reason: Annotated[str, typer.Option(help="Why; it goes into the record, and to those who are told.")] = "",
    notify: Annotated[
        bool, typer.Option("--notify", help="Tell everyone whom it reached or may have reached, on the same channels.")
    ] = False,
) -> Answer:
    """Take a released message back: nothing more of it is sent, and its feed entries stay, marked as withdrawn.

    What was wrong is better put right with a correction; this is for what should never have been said. For an
    approver. A message that was not released is rejected instead.
    """
    from services.admin.giving import give, message_id
    from services.domain.commands import WithdrawMessage

    message = message_id(id)
    if len(reason) > 1000:
        raise Refusal("the reason has more than 1000 characters: say it in a sentence")
    result = await give(WithdrawMessage(message_id=message, reason=reason, notify=notify))
    told = [f"{id}: withdrawn; {result.get('feed_entries', 0)} feed entries are marked"]
    if result.get("notice"):
        told.append(f"{result['told']} are told: `roeland message status {result['notice']} --watch`")
    elif notify:
        told.append("Nobody had got it: nobody is told")
    for edition in result.get("paused", ()):
        told.append(f"The edition {edition} tells of it and is paused: `roeland message stop {edition}`, or resume it")
    return Answer(result, lines(*told))
