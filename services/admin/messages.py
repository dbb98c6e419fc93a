"""`roeland message lint|preview|submit FILE`: what an author does with a message."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin import answers
from services.admin.answers import Answer, Invalid, Refusal, lines, table
from services.admin.command import command, group
from services.admin.invocation import current, new_id

if TYPE_CHECKING:
    from uuid import UUID

    from rich.console import Console

    from services.admin.situation import Situation
    from services.domain.configuration import Configuration
    from services.domain.content import MessageContent
    from services.domain.facts import Resolution
    from services.rendering.templates import Templates
    from services.store.messages import Message

app = group("message", "Crisis messages: write, submit, approve, follow, pause and stop them.")

SECONDS: Final = 30.0
"""How long `submit` waits, for the answer and the proof together (DESIGN, Commands)."""

MOST_BYTES: Final = 128 * 1024
"""Of a message file. Its limits allow some 20 kB in three languages; judging hundreds of kB of YAML takes a minute."""

Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write the page of the proof here; default: <data dir>/proofs/…"),
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The message, in YAML or JSON.")]


def _list_rules(asked: bool) -> None:
    """`--rules` is answered before a FILE is asked for."""
    if asked:
        answers.give(rules(), as_json=current.get().json)
        raise typer.Exit


@command(app, "lint", examples=["message lint cyber.yaml", "message lint --rules"])
def lint(
    file: File,
    rules: Annotated[
        bool, typer.Option("--rules", is_eager=True, callback=_list_rules, help="List the rules, and need no FILE.")
    ] = False,
) -> Answer:
    """Judge a message file: what would be refused, and what an editor would say. Needs no server.

    Exit code 1 when it would be refused; what only hints is for the author to weigh. What was said before in the
    incident is not known here: preview and submit know it.
    """
    from services.admin.message_facts import without_facts
    from services.admin.message_text import rendered
    from services.admin.proof_view import show_findings
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    stated, said = without_facts(read_message(file, configuration))
    rendered(stated.content, configuration)  # a template that is missing shows here
    findings = said + findings_of(stated, configuration)
    if errors := [each for each in findings if each["severity"] == "error"]:
        told = f"{len(errors)} of {len(findings)} findings block this message: mend them, lint it again"
        raise Refusal(told, problems=errors, more={"findings": findings})
    return Answer({"findings": findings}, lambda out: show_findings(out, findings))


@command(
    app,
    "preview",
    examples=[
        "message preview cyber.yaml",
        "message preview cyber.yaml --html proef.html",
        "message preview cyber.yaml --audience governors",
    ],
)
async def preview(
    file: File,
    audience: Annotated[
        list[str] | None, typer.Option(help="Show only the text for this audience here (may be repeated).")
    ] = None,
    html: Html = None,
) -> Answer:
    """Show the proof of a file: every version as its readers would get it, how many they are, who is not reached.

    The whole proof is written as one page of HTML too, for its owner alone, since it names people: to --html, or else
    to <data dir>/proofs. What changed since the last message of this incident is marked in the text.
    """
    from services.admin import proof_files, proof_view
    from services.admin.acting import acting
    from services.admin.audiences import known_audience
    from services.admin.proof_of_draft import proof_of_draft
    from services.admin.steps import order_of, order_shown
    from services.rendering.proof_page import proof_page
    from services.rendering.templates import load_templates
    from services.runtime.configuration import configuration_in_force
    from services.store.told import with_channels

    configuration, templates = configuration_in_force(), load_templates()
    for each in audience or ():
        known_audience(each, configuration)
    content = read_message(file, configuration)
    async with acting() as (connection, _), connection.transaction():
        content = await with_channels(connection, content)
        proof, _ = await proof_of_draft(connection, content, configuration, templates)
    page = proof_files.write(proof_page(proof, templates, configuration), html, proof)
    only = audience or ()
    order = {"release_at": content.release_at, "release_order": order_of(content.release_order)}

    def tell(out: "Console") -> None:
        proof_view.show(out, proof, page, only)
        for each in order_shown(content):
            out.print(each)

    return Answer(proof_view.document(proof, page, only) | order, tell)


@command(
    app,
    "submit",
    examples=[
        "message submit cyber.yaml --as schrijver@ccvo.example",
        "message submit cyber.yaml --revises 0199… --as schrijver@ccvo.example",
    ],
)
async def submit(
    file: File,
    again: Annotated[bool, typer.Option("--again", help="Send it although the same was submitted before.")] = False,
    revises: Annotated[
        str | None, typer.Option(metavar="ID", help="The next revision of this message, which was not released.")
    ] = None,
    html: Html = None,
) -> Answer:
    """Hand in a message and wait until it is proofed: at most 30 seconds. Somebody else then approves it.

    The page of the proof is written as with `preview`: it is what gets approved.
    """
    from services.runtime.configuration import configuration_in_force

    content = read_message(file, configuration_in_force())
    return await submit_content(content, again=again, revises=revises, html=html)


async def submit_content(
    content: "MessageContent",
    *,
    again: bool = False,
    revises: str | None = None,
    html: Path | None = None,
    write: bool = True,
    message: "UUID | None" = None,
) -> Answer:
    """The same of a message that stands in no file. `write`: whether the page of its proof is written to disk.

    `message`: the id that it gets, of who must know it before it is answered.
    """
    from services.admin import proof_view
    from services.admin.giving import give, message_id, when_proofed
    from services.admin.pausing_corrected import holding
    from services.domain.commands import SubmitMessage

    body = SubmitMessage(
        message_id=message_id(revises) if revises else message or new_id(),
        content=content.model_dump(mode="json"),
        again=again,
        revises=revises is not None,
    )
    began = time.monotonic()
    async with holding(content.corrects, content.incident):
        given = await give(body, key=content.incident)
    found = await when_proofed(body.message_id, seconds=SECONDS - (time.monotonic() - began))
    page, why_not = await _page(found, html) if write else (None, None)
    result = {**given, "id": found.id, "state": found.state, "recipients": found.recipients}
    told = f"{found.id}: {found.state}, {found.recipients} recipients"
    following = f"Somebody else approves it: `roeland message approve {found.id} --as EMAIL`"
    if found.state == "submitted":
        following = f"It is not proofed yet: `roeland message status {found.id}` tells when it is"

    def tell(out: "Console") -> None:
        lines(told, following)(out)
        proof_view.show_findings(out, found.findings)
        proof_view.show_page(out, page)
        lines(*filter(None, [why_not]))(out)

    return Answer({**result, "findings": found.findings, "html": str(page) if page else None}, tell)


async def _page(message: "Message", html: Path | None) -> "tuple[Path | None, str | None]":
    """The page of its proof, or why there is none: it was submitted all the same, and that must not look refused."""
    from services.admin.foreseen import as_refusal
    from services.admin.proofs import write_proof

    if message.state == "submitted":
        return None, None
    try:
        return (await write_proof(message, html))[1], None
    except Exception as problem:
        known = as_refusal(problem)
        if known is None:
            raise
        again = f"`roeland message proof {message.id}`"
        return None, f"The page of its proof could not be written ({known.error}): {again} makes it"


def read_message(file: Path, configuration: "Configuration") -> "MessageContent":
    """The message in this file, judged by its rules. Raises `Refusal` or `Refused`."""
    from services.domain.message_file import parse_message_file

    if file.stat().st_size > MOST_BYTES:
        raise Invalid(f"{file} is larger than {MOST_BYTES // 1024} kB: no message is; is it the right file?")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{file} is not UTF-8: save it as UTF-8") from None
    return parse_message_file(text, name=str(file), now=datetime.now(UTC), configuration=configuration)


def findings_of(
    stated: "Resolution",
    configuration: "Configuration",
    situation: "Situation | None" = None,
    templates: "Templates | None" = None,
) -> list[dict[str, Any]]:
    """What lint says of it, with the place in the file of each."""
    from services.domain.lint import lint as judge
    from services.rendering.asked import asked_by_templates
    from services.rendering.templates import load_templates

    content = stated.content
    phase = situation.phase if situation else content.phase or "acute"
    audiences = situation.audiences if situation else content.audiences
    found = judge(
        content,
        phase=phase,
        now=datetime.now(UTC),
        configuration=configuration,
        audiences=audiences,
        before=situation.before if situation else None,
        alerted=situation.alerted if situation else None,
        asked=asked_by_templates(
            content,
            phase=phase,
            templates=templates or load_templates(),
            audiences=audiences,
            configuration=configuration,
        ),
    )
    return [asdict(each) | {"place": stated.place(each.place)} for each in found]


def rules() -> Answer:
    """The rules by which a message is judged."""
    from services.domain.lint import rules_in_force
    from services.runtime.configuration import configuration_in_force

    found = list(rules_in_force(configuration_in_force()))
    rows = [(each.rule, each.severity, each.why, each.source) for each in found]
    shown = table(["rule", "weighs", "why", "source"], rows)
    return Answer({"rules": [asdict(each) for each in found]}, lambda out: out.print(shown))
