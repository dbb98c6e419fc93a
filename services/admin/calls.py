"""`roeland message calls ID`, `roeland message called ID CONTACT`: who must be telephoned, and what came of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, WrongUsage, entries, instant, lines
from services.admin.command import command
from services.admin.messages import app

if TYPE_CHECKING:
    from services.store.calls import Call, Outcome


@command(app, "calls", examples=["message calls 0199…", "message calls 0199… --json"])
async def calls(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
) -> Answer:
    """Who did not confirm a message and must be telephoned, with their numbers; who is not reached yet first.

    Empty until the escalation of the message comes to telephone calls. The audit records who looked.
    """
    from services.admin.acting import acting
    from services.admin.giving import known, message_id
    from services.store import audit
    from services.store import calls as store

    async with acting() as (connection, actor):
        message = await known(connection, message_id(id))
        found = await store.of(connection, message.number)
        await audit.record(
            connection, actor=actor, action="message.calls-listed", subject=f"message:{message.id}",
            detail={"message": message.number, "contacts": len(found)},
        )  # fmt: skip
        await connection.commit()
    document = {"id": id, "calls": [_document(each) for each in found]}
    none = f"nobody is to be called (yet): `roeland message status {id}` says when"
    return Answer(document, entries(map(_shown, found), none=none))


@command(
    app,
    "called",
    examples=["message called 0199… c-104 --reached --as wacht@ccvo.example", "message called 0199… c-104 --no-answer"],
)
async def called(
    id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],  # noqa: A002 - the contract calls it ID
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="The contact's external id.")],
    *,
    reached: Annotated[bool, typer.Option("--reached", help="They know by now: this confirms for them.")] = False,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="They stay on the list.")] = False,
    wrong_number: Annotated[bool, typer.Option("--wrong-number", help="They stay on the list.")] = False,
) -> Answer:
    """What came of a telephone call to somebody on the list of `roeland message calls`."""
    from services.admin.acting import acting, acting_user
    from services.admin.giving import known, message_id
    from services.store import calls as store

    outcome = _outcome(reached=reached, no_answer=no_answer, wrong_number=wrong_number)
    async with acting() as (connection, _):
        user = await acting_user(connection)
        message = await known(connection, message_id(id))
        found = next((e for e in await store.of(connection, message.number) if e.external_id == contact), None)
        if found is None:
            raise Refusal(
                f"{contact} is not on the list of calls of message {id}: `roeland message calls {id}`",
                missing=[contact],
            )
        await store.tick_off(connection, message, found.contact, outcome, user.id)
        await connection.commit()
    return Answer({"id": id, "contact": contact, "outcome": outcome}, lines(f"{contact}: {outcome}"))


def _outcome(**flags: bool) -> "Outcome":
    words: dict[str, Outcome] = {"reached": "reached", "no_answer": "no-answer", "wrong_number": "wrong-number"}
    given = [words[name] for name, on in flags.items() if on]
    if len(given) != 1:
        raise WrongUsage("say what came of it: one of --reached, --no-answer and --wrong-number")
    return given[0]


def _document(each: "Call") -> dict[str, Any]:
    return {
        "contact": each.external_id, "name": each.name, "role": each.role, "organisation": each.organisation,
        "municipality": each.municipality, "number": each.number, "deputies": each.deputies, "outcome": each.outcome,
        "called_by": each.called_by, "called_at": each.called_at, "confirmed": each.confirmed,
    }  # fmt: skip


def _shown(each: "Call") -> tuple[str, list[str]]:
    said = "confirmed" if each.confirmed else each.outcome or "to be called"
    by = f"by {each.called_by} {instant(each.called_at)}" if each.called_at else ""
    deputies = ", ".join(f"{one['name']} {one['number'] or ''}".strip() for one in each.deputies)
    more = [each.role, each.municipality, said, by, f"deputies: {deputies}" if deputies else ""]
    return f"{each.external_id}  {each.name}  {each.number or 'no number'}", more
