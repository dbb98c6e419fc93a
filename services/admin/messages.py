"""`roeland message lint|preview|submit FILE`: what an author does with a message."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, Refusal, lines, table
from services.admin.command import command, group

if TYPE_CHECKING:
    from rich.console import Console

    from services.domain.configuration import Configuration
    from services.domain.content import MessageContent

app = group("message", "Crisis messages: write, submit, approve, follow, pause and stop them.")

SECONDS: Final = 30.0
"""How long `submit` waits, for the answer and the proof together (DESIGN, Commands)."""

MOST_BYTES: Final = 128 * 1024
"""Of a message file. Its limits allow some 20 kB in three languages; judging hundreds of kB of YAML takes a minute."""

File = Annotated[Path, typer.Argument(metavar="FILE", help="The message, in YAML or JSON.")]


@command(app, "lint", examples=["message lint cyber.yaml"])
def lint(file: File) -> Answer:
    """Judge a message file: what would be refused, and what an editor would say. Needs no server.

    Exit code 1 when it would be refused; findings alone are for the author to weigh.
    """
    from services.admin.message_text import rendered
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    content = _read(file, configuration)
    rendered(content, configuration)  # a template that is missing shows here
    findings = _findings(content, content.phase or "acute", configuration)
    return Answer({"findings": findings}, lambda out: _show_findings(out, findings))


@command(app, "preview", examples=["message preview cyber.yaml", "message preview cyber.yaml --audience governors"])
async def preview(
    file: File,
    audience: Annotated[
        list[str] | None, typer.Option(help="Only the text for this audience (may be repeated).")
    ] = None,
) -> Answer:
    """Show every version as its readers would get it, how many they are, and who would not be reached, and why."""
    from services.admin import message_text
    from services.admin.acting import acting
    from services.admin.audiences import known_audience
    from services.admin.situation import situation_of
    from services.admin.steps import order_of, order_shown
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    for each in audience or ():
        known_audience(each, configuration)
    content = _read(file, configuration)
    async with acting() as (connection, _):
        situation = await situation_of(connection, content, configuration)
    variants = message_text.rendered(content, configuration, situation)
    shown = [variant for variant in variants if not audience or variant.audience in audience]
    findings = _findings(content, situation.phase, configuration)
    document = {
        "variants": [message_text.about(each) for each in shown],
        **message_text.who(situation),
        "release_at": content.release_at,
        "release_order": order_of(content.release_order),
        "findings": findings,
    }

    def tell(out: "Console") -> None:
        message_text.show_versions(out, shown)
        message_text.show_who(out, situation)
        for each in order_shown(content):
            out.print(each)
        _show_findings(out, findings)

    return Answer(document, tell)


@command(app, "submit", examples=["message submit cyber.yaml --as schrijver@ccvo.example"])
async def submit(
    file: File,
    again: Annotated[bool, typer.Option("--again", help="Send it although the same was submitted before.")] = False,
) -> Answer:
    """Hand in a message and wait until it is proofed: at most 30 seconds. Somebody else then approves it."""
    from uuid_utils.compat import uuid7

    from services.admin.giving import give, when_proofed
    from services.admin.holding import holding
    from services.domain.commands import SubmitMessage
    from services.runtime.configuration import configuration_in_force

    content = _read(file, configuration_in_force())
    body = SubmitMessage(message_id=uuid7(), content=content.model_dump(mode="json"), again=again)
    began = time.monotonic()
    async with holding(content.corrects, content.incident):
        given = await give(body, key=content.incident)
    message = await when_proofed(body.message_id, seconds=SECONDS - (time.monotonic() - began))
    result = {**given, "id": message.id, "state": message.state, "recipients": message.recipients}
    told = f"{message.id}: {message.state}, {message.recipients} recipients"
    following = f"Somebody else approves it: `roeland message approve {message.id} --as EMAIL`"
    if message.state == "submitted":
        following = f"It is not proofed yet: `roeland message status {message.id}` tells when it is"

    def tell(out: "Console") -> None:
        lines(told, following)(out)
        _show_findings(out, message.findings)

    return Answer({**result, "findings": message.findings}, tell)


def _read(file: Path, configuration: "Configuration") -> "MessageContent":
    from services.domain.message_file import parse_message_file

    if file.stat().st_size > MOST_BYTES:
        raise Refusal(f"{file} is larger than {MOST_BYTES // 1024} kB: no message is; is it the right file?")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(f"{file} is not UTF-8: save it as UTF-8") from None
    return parse_message_file(text, name=str(file), now=datetime.now(UTC), configuration=configuration)


def _findings(content: "MessageContent", phase: str, configuration: "Configuration") -> list[dict[str, Any]]:
    from services.domain.lint import lint as judge

    return [asdict(each) for each in judge(content, phase=phase, now=datetime.now(UTC), configuration=configuration)]


def _show_findings(out: "Console", findings: list[dict[str, Any]]) -> None:
    if not findings:
        out.print("nothing to remark")
        return
    rows = [(each["severity"], each["place"], each["problem"], each["remedy"]) for each in findings]
    out.print(table(["", "place", "remark", "remedy"], rows))
