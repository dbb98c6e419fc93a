"""`roeland message proof|test ID`: look at what is recorded of a message, and send it to oneself."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, lines
from services.admin.command import command
from services.admin.messages import Html, app

if TYPE_CHECKING:
    from services.domain.configuration import Configuration
    from services.domain.proofs import Proof
    from services.store.messages import Message

Id = Annotated[str, typer.Argument(metavar="ID", help="The message's id, as `message list` shows it.")]


@command(
    app,
    "proof",
    examples=[
        "message proof 0199…",
        "message proof 0199… --html proef.html",
        "message proof 0199… --audience governors",
    ],
)
async def proof(
    id: Id,  # noqa: A002 - the contract calls it ID
    audience: Annotated[
        list[str] | None, typer.Option(help="Show only the text for this audience here (may be repeated).")
    ] = None,
    html: Html = None,
) -> Answer:
    """Show the proof of a message as it is recorded: what gets approved, or was.

    The same as `message preview`, of what was rendered and planned when it was submitted.
    """
    from services.admin import proof_view
    from services.admin.acting import acting
    from services.admin.audiences import known_audience
    from services.admin.giving import known, message_id
    from services.runtime.configuration import configuration_in_force

    for each in audience or ():
        known_audience(each, configuration_in_force())
    async with acting() as (connection, _):
        message = await known(connection, message_id(id))
    found, page = await write_proof(message, html)
    only = audience or ()
    about = {"id": message.id, "state": message.state, "revision": message.revision, "proof": message.proof_hash}
    document = {**about, **proof_view.document(found, page, only)}
    return Answer(document, lambda out: proof_view.show(out, found, page, only))


@command(app, "test", examples=["message test 0199… --as schrijver@ccvo.example"])
async def test(id: Id) -> Answer:  # noqa: A002 - the contract calls it ID
    """Send every version of a proofed message to yourself, marked as a test: mail, SMS, and the feed as a mail.

    To the address and the number of whoever gives the command (`roeland users list`), and to nobody else; at most ten
    times an hour for each message.
    """
    from services.admin.giving import give, message_id
    from services.domain.commands import TestMessage

    result = await give(TestMessage(message_id=message_id(id)))
    return Answer(result, lines(*_told(result)))


async def page(id: str) -> Answer:  # noqa: A002 - as the commands call it
    """The page of a message's proof (`html`), for a door that shows it itself and writes no file."""
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.rendering.proof_page import proof_page
    from services.rendering.templates import load_templates
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    async with acting() as (connection, _):
        message = await known(connection, message_id(id))
    found = await _recorded(message, configuration)
    return Answer({"id": message.id, "html": proof_page(found, load_templates(), configuration)}, lines())


async def write_proof(message: "Message", html: Path | None) -> "tuple[Proof, Path]":
    """The proof of a recorded message, and where its page now is."""
    from services.admin import proof_files
    from services.rendering.proof_page import proof_page
    from services.rendering.templates import load_templates
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    found = await _recorded(message, configuration)
    return found, proof_files.write(proof_page(found, load_templates(), configuration), html, found)


async def _recorded(message: "Message", configuration: "Configuration") -> "Proof":
    from services.admin.acting import acting
    from services.admin.proofing import proof_of_message
    from services.store.messages import FOR_USERS

    if message.kind in FOR_USERS:
        raise Refusal(f"{message.id} is a notice to users, not a message: it has no proof")
    if message.state == "submitted":
        raise Refusal(f"message {message.id} is not yet proofed: try again in a moment")
    async with acting() as (connection, _), connection.transaction():
        return await proof_of_message(connection, message, configuration)


def _told(result: dict[str, Any]) -> list[str]:
    told = [f"{result.get('mails')} mails and {result.get('sms')} SMS are on their way to you, each marked as a test"]
    return [*told, *filter(None, [result.get("note")])]
