"""`roeland sms blast`: an SMS to many, by one person with a phone at night; an urgent message underneath."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, WrongUsage, console, lines
from services.admin.command import command
from services.admin.invocation import current
from services.admin.selecting import Chosen, selecting
from services.admin.sms import app

if TYPE_CHECKING:
    from services.admin.blast_preview import Ready
    from services.store.messages import Message
    from services.store.status import Status

Text = Annotated[list[str] | None, typer.Option("--text", help='What it says; `"fr: …"` for another language.')]
Template = Annotated[Path | None, typer.Option(metavar="FILE", help="A text with {hole:name} in it.")]
Fill = Annotated[list[str] | None, typer.Option("--fill", metavar="NAME=VALUE", help="Fill a hole.")]
File = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="A message file, by SMS alone.")]
Holding = Annotated[
    tuple[str, str] | None,
    typer.Option("--holding", metavar="PLAYBOOK ENTRY", help="What was approved beforehand: you release it alone."),
]
Glass = Annotated[
    str | None, typer.Option("--break-glass", metavar="REASON", help="Release it alone, as a crisis manager.")
]


@command(
    app,
    "blast",
    examples=[
        'sms blast --audience governors --text "CCVO: loonsysteem ligt stil. Gebruik de noodprocedure." --dry-run',
        'sms blast --audience local-governments --province Limburg --role burgemeester --text "…" --confirm',
        'sms blast --audience governors --text "…" --confirm --within 15 --break-glass "niemand bereikbaar"',
        "sms blast --audience governors --template stil.txt --fill dienst=loonadministratie",
        "sms blast --holding cyber-incident eerste-melding --incident cyber-2026-014 --fill sinds=8:00",
    ],
)
@selecting
async def blast(
    *,
    chosen: Chosen,
    text: Text = None,
    template: Template = None,
    fill: Fill = None,
    file: File = None,
    holding: Holding = None,
    incident: Annotated[str | None, typer.Option(help="Default: the one that is open, else a new one.")] = None,
    title: Annotated[str | None, typer.Option(help="In lists. Default: how the text begins.")] = None,
    kind: Annotated[str | None, typer.Option(help="alert (default), update or all-clear.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Of a text that names none. Default: the centre's first.")
    ] = None,
    expires: Annotated[float, typer.Option(min=0.1, max=240, help="Hours; later it is not sent any more.")] = 4.0,
    next_update: Annotated[
        float | None, typer.Option(min=0.1, max=240, help="Hours until you say more. Default: as --expires.")
    ] = None,
    exercise: Annotated[bool, typer.Option("--exercise", help="Marked OEFENING.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Each is asked to say that they know.")] = False,
    within: Annotated[int | None, typer.Option(min=1, help="Minutes to confirm in.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Replace what makes the SMS longer (GSM-7 alone).")] = False,
    break_glass: Glass = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait for the approval, then follow it to its end.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Although the same was sent a moment ago.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking, for scripts.")] = False,
) -> Answer:
    """Send an SMS to many: shows whom it reaches, what it says and costs, and asks before anything is sent.

    It is an urgent message as any other: somebody else approves it, unless a crisis manager breaks the glass or
    releases a holding statement. Stop it with `message stop`.
    """
    from services.admin import blast_acting, blast_preview, blast_sending
    from services.admin.blast_content import Order
    from services.admin.watching import follow  # here: once it is confirmed each moment counts
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    order = Order(
        texts=text or (), template=template, file=file, fills=_given(fill), incident=incident, title=title, kind=kind,
        audiences=chosen.audiences(configuration),
        recipients=chosen.selection(configuration, audiences=False), language=language, hours=expires,
        next_hours=next_update, exercise=exercise, confirm=confirm, within=within, plain=plain,
    )  # fmt: skip
    prepared = await blast_acting.prepare(blast_acting.Blast(order, holding, break_glass))
    if dry_run:
        return Answer(blast_preview.document(prepared.ready), lambda out: blast_preview.show(out, prepared.ready))
    await blast_acting.refuse_unable(prepared)
    if not current.get().json:
        blast_preview.show(console(), prepared.ready)
    blast_sending.ask(prepared.ready, yes=yes, again=again)
    message = await blast_acting.send(prepared, again=again)
    return await _told(prepared.ready, message, follow, watch=watch)


async def _told(
    ready: "Ready", message: "Message", follow: "Callable[..., Awaitable[Status]]", *, watch: bool
) -> Answer:
    """How it stands now; with `watch`, once it has ended."""
    from services.admin import blast_preview, blast_sending
    from services.admin.giving import known
    from services.runtime.postgres import connect
    from services.store.status import status_of

    if watch and message.state == "proofed" and not current.get().json:
        lines(f"{message.id}: waits. Somebody else: `roeland message approve {message.id}`")(console())
    if watch:
        await blast_sending.when_decided(message.id)
    async with connect(autocommit=True) as connection:
        message = await known(connection, message.id)
        watch = watch or (console().is_terminal and not current.get().json)
        if watch and message.released_at:
            found = await follow(connection, message, as_json=current.get().json)
        else:
            found = await status_of(connection, message)
    said: dict[str, Any] = {
        **blast_preview.document(ready), "id": str(message.id), "state": found.state,
        "recipients": message.recipients, "channels": found.channels, "findings": message.findings,
    }  # fmt: skip
    told = [f"{message.id}: {found.state}, {message.recipients} recipients"]
    if found.state in ("submitted", "proofed"):
        told.append(f"Not sent yet. Somebody else: `roeland message approve {message.id}`")
    elif not watch:
        told += [f"Follow: `roeland message status {message.id} --watch`", f"Stop: `roeland message stop {message.id}`"]
    return Answer(said, lines(*told))


def _given(fill: list[str] | None) -> dict[str, str]:
    pairs = [each.partition("=") for each in fill or ()]
    if bad := [name for name, sign, _ in pairs if not sign]:
        raise WrongUsage(f"--fill {bad[0]}: write --fill NAME=VALUE")
    if len({name.strip() for name, *_ in pairs}) < len(pairs):
        raise WrongUsage("a hole is filled twice: give --fill once for each")
    return {name.strip(): value for name, _, value in pairs}
