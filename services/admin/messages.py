"""`roeland message lint|preview|submit FILE`: what an author does with a message."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin import answers
from services.admin.answers import Answer, Refusal, lines, table
from services.admin.command import command, group
from services.admin.invocation import current

if TYPE_CHECKING:
    from rich.console import Console

    from services.admin.situation import Situation
    from services.domain.configuration import Configuration
    from services.domain.content import MessageContent
    from services.domain.facts import Resolution

app = group("message", "Crisis messages: write, submit, approve, follow, pause and stop them.")

SECONDS: Final = 30.0
"""How long `submit` waits, for the answer and the proof together (DESIGN, Commands)."""

MOST_BYTES: Final = 128 * 1024
"""Of a message file. Its limits allow some 20 kB in three languages; judging hundreds of kB of YAML takes a minute."""

File = Annotated[Path, typer.Argument(metavar="FILE", help="The message, in YAML or JSON.")]


def _list_rules(asked: bool) -> None:
    """`--rules` is answered before a FILE is asked for."""
    from services.runtime.configuration import configuration_in_force

    if asked:
        answers.give(_rules(configuration_in_force()), as_json=current.get().json)
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
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    stated, said = without_facts(_read(file, configuration))
    rendered(stated.content, configuration)  # a template that is missing shows here
    findings = said + _findings(stated, configuration)
    if errors := [each for each in findings if each["severity"] == "error"]:
        told = f"{len(errors)} of {len(findings)} findings block this message: mend them, lint it again"
        raise Refusal(told, problems=errors, more={"findings": findings})
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
    from services.admin.message_facts import with_facts
    from services.admin.situation import situation_of
    from services.admin.steps import order_of, order_shown
    from services.runtime.configuration import configuration_in_force

    configuration = configuration_in_force()
    for each in audience or ():
        known_audience(each, configuration)
    content = _read(file, configuration)
    async with acting() as (connection, _):
        stated, said = await with_facts(connection, content, configuration.lint)
        situation = await situation_of(connection, stated.content, configuration)
    variants = message_text.rendered(stated.content, configuration, situation)
    shown = [variant for variant in variants if not audience or variant.audience in audience]
    findings = said + _findings(stated, configuration, situation)
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
) -> Answer:
    """Hand in a message and wait until it is proofed: at most 30 seconds. Somebody else then approves it."""
    from uuid_utils.compat import uuid7

    from services.admin.giving import give, message_id, when_proofed
    from services.admin.holding import holding
    from services.domain.commands import SubmitMessage
    from services.runtime.configuration import configuration_in_force

    content = _read(file, configuration_in_force())
    body = SubmitMessage(
        message_id=message_id(revises) if revises else uuid7(),
        content=content.model_dump(mode="json"),
        again=again,
        revises=revises is not None,
    )
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


def _findings(
    stated: "Resolution", configuration: "Configuration", situation: "Situation | None" = None
) -> list[dict[str, Any]]:
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
            content, phase=phase, templates=load_templates(), audiences=audiences, configuration=configuration
        ),
    )
    return [asdict(each) | {"place": stated.place(each.place)} for each in found]


def _rules(configuration: "Configuration") -> Answer:
    from services.domain.lint import rules_in_force

    found = list(rules_in_force(configuration))
    rows = [(each.rule, each.severity, each.why, each.source) for each in found]
    shown = table(["rule", "weighs", "why", "source"], rows)
    return Answer({"rules": [asdict(each) for each in found]}, lambda out: out.print(shown))


def _show_findings(out: "Console", findings: list[dict[str, Any]]) -> None:
    if not findings:
        out.print("nothing to remark")
        return
    rows = [
        (each["severity"], each["place"], each["problem"], each["remedy"], each.get("rule", "")) for each in findings
    ]
    out.print(table(["", "place", "remark", "remedy", "rule"], rows))
