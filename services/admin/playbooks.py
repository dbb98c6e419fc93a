"""`roeland playbook list|show|check|start`: the draaiboeken, and a draft from one of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, lines, table
from services.admin.command import command, group
from services.admin.playbook_entries import Name, Sets, Slug, begun, given, load

app = group("playbook", "Draaiboeken: scaffolds of messages, and those that were approved beforehand.")


@command(app, "list", examples=["playbook list"])
def list_() -> Answer:
    """Every playbook, and what is wrong with it if it cannot be used."""
    found = _all()
    rows = [(each["playbook"], each["title"], each["entries"], len(each["problems"]) or "") for each in found]
    return Answer(found, lambda out: out.print(table(["playbook", "title", "entries", "problems"], rows)))


@command(app, "show", examples=["playbook show cyber-incident"])
def show(playbook: Name) -> Answer:
    """The entries of a playbook by phase, its holes with their questions, and its images."""
    found = load(playbook)
    entries = [(name, e.phase, "yes" if e.holding else "", e.about) for name, e in found.entries.items()]
    holes = [(name, hole.ask, hole.limits, hole.example) for name, hole in found.holes.items()]
    images = [(name, image.alt, image.where) for name, image in found.images.items()]

    def tell(out: Any) -> None:
        lines(f"{found.playbook}: {found.title}", found.about)(out)
        out.print(table(["entry", "phase", "holding", "when"], entries))
        out.print(table(["hole", "question", "limits", "example"], holes))
        out.print(table(["image", "alternative text", "where"], images))

    return Answer(found.model_dump(mode="json", exclude_none=True), tell)


@command(app, "check", examples=["playbook check", "playbook check cyber-incident"])
def check(playbook: Annotated[str | None, typer.Argument(metavar="[PLAYBOOK]", help="Default: all.")] = None) -> Answer:
    """Judge playbooks: every problem, with its place and remedy. Exit code 1 when there is one."""
    if playbook is not None:
        load(playbook)
        return Answer({"checked": [playbook]}, lines(f"{playbook}: nothing to remark"))
    found = _all()
    if problems := [problem for each in found for problem in each["problems"]]:
        raise Refusal("there are playbooks that cannot be used", problems=problems)
    names = [each["playbook"] for each in found]
    return Answer({"checked": names}, lines(*(f"{name}: nothing to remark" for name in names)))


@command(
    app,
    "start",
    examples=["playbook start cyber-incident --incident cyber-2026-014 --set dienst='De loonadministratie' -o m.yaml"],
)
def start(
    playbook: Name,
    *,
    incident: Slug,
    phase: Annotated[str | None, typer.Option(help="The first entry of this phase.")] = None,
    entry: Annotated[str | None, typer.Option(help="This entry. Default: the first of the acute phase.")] = None,
    fill: Sets = None,
    out: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: ENTRY.yaml.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    exercise: Annotated[bool, typer.Option("--exercise", help="It is an exercise.")] = False,
) -> Answer:
    """Write a draft message file. What is still open stands in it as {hole:…}, with its question beside it."""
    from services.admin.playbook_draft import draft

    found, prepared, file = begun(
        playbook, incident=incident, phase=phase, entry=entry, given=given(fill), exercise=exercise
    )
    path = out or Path(f"{prepared.entry}.yaml")
    text, left = draft(prepared, file, found)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise Refusal(f"{path} is there already: name another file with -o, or overwrite it with --force") from None
    except OSError as problem:
        raise Refusal(f"{path} cannot be written: {problem.strerror}") from None
    told = [f"{path}: {prepared.playbook} {prepared.entry}", *(f"  {name}: {question}" for name, question in left)]
    document = {"file": str(path), "entry": prepared.entry, "open": dict(left)}
    return Answer(document, lines(*told, f"Then: `roeland message lint {path}`"))


def _all() -> list[dict[str, Any]]:
    from services.domain.problems import Refused
    from services.runtime.playbooks import playbook_files

    found: list[dict[str, Any]] = []
    for name in playbook_files():
        try:
            playbook = load(name)
            about = {"title": playbook.title, "entries": len(playbook.entries), "problems": []}
        except Refused as refused:
            about = {"title": "", "entries": 0, "problems": refused.problems}
        found.append({"playbook": name, **about})
    return found
