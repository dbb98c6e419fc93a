"""`roeland message replies ID`, `roeland sms replies`: what people answered by SMS. The audit says who read them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, WrongUsage, entries, instant
from services.admin.command import command
from services.admin.messages import app as messages
from services.admin.sms import app

if TYPE_CHECKING:
    from services.store.replies import Reply


@command(messages, "replies", examples=["message replies 0199…", "message replies 0199… --json"])
async def of_message(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    everything: Annotated[bool, typer.Option("--all", help="Also those that only confirm.")] = False,
) -> Answer:
    """What was answered to a message by SMS, the oldest first; what only confirms is left out."""
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.store import audit, replies

    async with acting() as (connection, actor), connection.transaction():
        message = await known(connection, message_id(id))
        kept = await replies.of_message(connection, message.number)
        found = [each for each in kept if everything or each.kind != "confirmation"]
        detail = {"message": message.number, "replies": len(found)}
        await audit.record(
            connection, actor=actor, action="message.replies-read", subject=f"message:{message.id}", detail=detail
        )
    document = {"id": message.id, "replies": [_document(each) for each in found]}
    return Answer(document, entries(map(_shown, found), none="nobody answered anything that a person must read"))


@command(app, "replies", examples=["sms replies --unmatched", "sms replies --unmatched --json"])
async def of_nobody(
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Those from numbers to which no message went lately.")
    ] = False,
) -> Answer:
    """What came in by SMS from numbers that we do not know, the latest last; at most 500."""
    from services.admin.acting import acting
    from services.store import audit, replies

    if not unmatched:
        raise WrongUsage("say --unmatched; what was answered to a message is under `roeland message replies ID`")
    async with acting() as (connection, actor), connection.transaction():
        found = await replies.unmatched(connection)
        detail = {"replies": len(found)}
        await audit.record(connection, actor=actor, action="sms.replies-read", subject="sms", detail=detail)
    document = {"replies": [_document(each) for each in found]}
    return Answer(document, entries(map(_shown, found), none="nothing from a number that we do not know"))


def _shown(each: "Reply") -> tuple[str, list[str]]:
    who = ", ".join(each.names) or each.number or "(erased)"
    return f"{instant(each.received_at)}  {who}: {each.text}", [each.kind, (each.number or "") if each.names else ""]


def _document(each: "Reply") -> dict[str, Any]:
    return {
        "number": each.number, "contacts": each.contacts, "names": each.names, "kind": each.kind, "text": each.text,
        "received_at": each.received_at,
    }  # fmt: skip
