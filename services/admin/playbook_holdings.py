"""`roeland playbook approve|revoke|approved|release`: what is approved beforehand, and released by one person alone."""

import sys
from typing import Annotated

import typer

from services.admin.answers import Answer, Refusal, console, lines, table
from services.admin.command import command
from services.admin.invocation import current, new_id
from services.admin.playbook_entries import EntryName, Name, Sets, Slug, given, load, prepared_of
from services.admin.playbooks import app


@command(app, "approve", examples=["playbook approve cyber-incident eerste-melding --as wacht@ccvo.example"])
async def approve(playbook: Name, entry: EntryName) -> Answer:
    """Approve an entry beforehand, as it is now: another person, a crisis manager, may then release it alone."""
    from services.admin.giving import give
    from services.domain.commands import ApproveHolding

    prepared = prepared_of(playbook, entry)
    body = ApproveHolding(playbook=playbook, entry=entry, hash=prepared.hash, content=prepared.plain)
    result = await give(body, key=f"playbook/{playbook}")
    return Answer(result, lines(f"{playbook} {entry}: approved beforehand, {prepared.hash[:12]}"))


@command(app, "revoke", examples=["playbook revoke cyber-incident eerste-melding --as wacht@ccvo.example"])
async def revoke(playbook: Name, entry: EntryName) -> Answer:
    """From now on nobody releases this entry alone."""
    from services.admin.giving import give
    from services.domain.commands import RevokeHolding

    result = await give(RevokeHolding(playbook=playbook[:64], entry=entry[:64]), key=f"playbook/{playbook}")
    return Answer(result, lines(f"{playbook} {entry}: approved beforehand no more"))


@command(app, "approved", examples=["playbook approved"])
async def approved() -> Answer:
    """What was approved beforehand, by whom, and whether its file says something else by now."""
    from services.admin.acting import acting
    from services.store import holdings

    async with acting() as (connection, _):
        found = await holdings.all_in_force(connection)
    document = [
        {"playbook": h.playbook, "entry": h.entry, "hash": h.hash, "approved_by": h.approved_by,
         "approved_at": h.approved_at, "file": _since(h.playbook, h.entry, h.hash)}
        for h in found
    ]  # fmt: skip
    rows = [(d["playbook"], d["entry"], d["approved_by"], d["approved_at"], d["file"]) for d in document]
    return Answer(document, lambda out: out.print(table(["playbook", "entry", "by", "at", "file"], rows)))


@command(
    app,
    "release",
    examples=["playbook release cyber-incident eerste-melding --incident cyber-2026-014 --set sinds=8:00 --yes"],
)
async def release(
    playbook: Name,
    entry: EntryName,
    *,
    incident: Slug,
    fill: Sets = None,
    yes: Annotated[bool, typer.Option("--yes", help="Release it without asking.")] = False,
) -> Answer:
    """Fill an entry that was approved beforehand, and release it: a crisis manager alone, without a second person.

    Shows it and whom it reaches, and asks. What goes out is what was approved, whatever the file says by now.
    """
    from services.admin.giving import give, when_proofed
    from services.admin.playbook_release import prepare
    from services.domain.commands import ReleaseHolding

    as_json = current.get().json
    ready = await prepare(playbook, entry, incident, given(fill))
    if not (yes or as_json):
        ready.show(console())
        _ask()
    body = ReleaseHolding(
        message_id=new_id(), incident=incident, playbook=playbook, entry=entry, hash=ready.hash, holes=ready.holes
    )
    result = await give(body, key=incident)
    message = await when_proofed(body.message_id, seconds=30)
    document = {**result, "state": message.state, "recipients": message.recipients}
    after = f"Follow it: `roeland message status {message.id} --watch`"
    if message.state == "proofed":
        after = f"It was not released: somebody else approves it, `roeland message approve {message.id}`"
    return Answer(document, lines(f"{message.id}: {message.state}, {message.recipients} recipients", after))


def _ask() -> None:
    if not sys.stdin.isatty():
        raise Refusal("nobody can be asked here: add --yes to release it")
    if not typer.confirm("Release this now?", err=True):
        raise Refusal("nothing was released")


def _since(playbook: str, entry: str, digest: str) -> str:
    from services.domain.problems import Refused

    try:
        return "as approved" if load(playbook).prepared(entry).hash == digest else "changed since"
    except (Refused, KeyError):
        return "gone or wrong"
