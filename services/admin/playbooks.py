"""`roeland playbook …`: begin a message from the draaiboek, and release what was approved beforehand."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, Refusal, WrongUsage, console, lines, table
from services.admin.command import command, group
from services.admin.invocation import current, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.domain.playbooks import Playbook, PreparedEntry

app = group("playbook", "Draaiboeken: scaffolds of messages, and those that were approved beforehand.")

Name = Annotated[str, typer.Argument(metavar="PLAYBOOK", help="As `playbook list` shows it.")]
EntryName = Annotated[str, typer.Argument(metavar="ENTRY", help="As `playbook show PLAYBOOK` shows it.")]
Slug = Annotated[str, typer.Option("--incident", metavar="SLUG", help="The incident that the message belongs to.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="HOLE=VALUE", help="Fill a hole; may be repeated.")]

ACUTE: Final = "acute"


@command(app, "list", examples=["playbook list"])
def list_() -> Answer:
    """Every playbook, and what is wrong with it if it cannot be used."""
    found = _all()
    rows = [(each["playbook"], each["title"], each["entries"], len(each["problems"]) or "") for each in found]
    return Answer(found, lambda out: out.print(table(["playbook", "title", "entries", "problems"], rows)))


@command(app, "show", examples=["playbook show cyber-incident"])
def show(playbook: Name) -> Answer:
    """The entries of a playbook by phase, its holes with their questions, and its images."""
    found = _load(playbook)
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
        _load(playbook)
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
        playbook, incident=incident, phase=phase, entry=entry, given=_given(fill), exercise=exercise
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


def begun(
    playbook: str,
    *,
    incident: str,
    phase: str | None = None,
    entry: str | None = None,
    given: "Mapping[str, str] | None" = None,
    exercise: bool = False,
) -> "tuple[Playbook, PreparedEntry, dict[str, Any]]":
    """The playbook, the entry that fits, and a message file of it as plain values, with the holes that are open."""
    found = _load(playbook)
    prepared = found.prepared(_chosen(found, phase, entry))
    return found, prepared, _file(prepared, dict(given or {}), incident, exercise=exercise, all_needed=False)


@command(app, "approve", examples=["playbook approve cyber-incident eerste-melding --as wacht@ccvo.example"])
async def approve(playbook: Name, entry: EntryName) -> Answer:
    """Approve an entry beforehand, as it is now: another person, a crisis manager, may then release it alone."""
    from services.admin.giving import give
    from services.domain.commands import ApproveHolding

    prepared = _prepared(playbook, entry)
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
    ready = await prepare(playbook, entry, incident, _given(fill))
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


def usable() -> list[dict[str, Any]]:
    """The playbooks in which nothing is wrong, each with its entries: what one may begin from.

    Reading six takes most of a second: they are read again when one of their files changed.
    """
    from services.runtime.playbooks import playbook_files

    files = playbook_files()
    return _usable(tuple((name, path, path.stat().st_mtime_ns, path.stat().st_size) for name, path in files.items()))


@lru_cache(maxsize=2)
def _usable(files: tuple[tuple[str, Path, int, int], ...]) -> list[dict[str, Any]]:
    from services.domain.problems import Refused

    found: list[dict[str, Any]] = []
    for name, *_ in files:
        with suppress(Refused):
            found.append(_load(name).model_dump(mode="json", exclude_none=True))
    return found


def _all() -> list[dict[str, Any]]:
    from services.domain.problems import Refused
    from services.runtime.playbooks import playbook_files

    found: list[dict[str, Any]] = []
    for name in playbook_files():
        try:
            playbook = _load(name)
            about = {"title": playbook.title, "entries": len(playbook.entries), "problems": []}
        except Refused as refused:
            about = {"title": "", "entries": 0, "problems": refused.problems}
        found.append({"playbook": name, **about})
    return found


def _load(playbook: str) -> "Playbook":
    from services.runtime.configuration import configuration_in_force
    from services.runtime.playbooks import load_playbook

    return load_playbook(playbook, configuration_in_force())


def _prepared(playbook: str, entry: str) -> "PreparedEntry":
    found = _load(playbook)
    return found.prepared(_chosen(found, None, entry))


def _chosen(playbook: "Playbook", phase: str | None, entry: str | None) -> str:
    from services.domain.problems import nearest

    if entry is not None and entry not in playbook.entries:
        raise Refusal(f"{playbook.playbook} has no entry {entry}. {nearest(entry, playbook.entries)}", missing=[entry])
    acute = any(each.phase == ACUTE for each in playbook.entries.values())
    phase = phase or (ACUTE if entry is None and acute else None)  # whoever starts one in haste has an acute crisis
    fitting = [name for name, each in playbook.entries.items() if phase in (None, each.phase)]
    if not fitting or (entry is not None and entry not in fitting):
        raise Refusal(f"{playbook.playbook} has no such entry for phase {phase}: `roeland playbook show` lists them")
    return entry or fitting[0]


def _given(fill: list[str] | None) -> dict[str, str]:
    pairs = [each.partition("=") for each in fill or ()]
    if bad := [name for name, sign, _ in pairs if not sign]:
        raise WrongUsage(f"--set {bad[0]}: write --set HOLE=VALUE")
    if len({name for name, *_ in pairs}) < len(pairs):
        raise WrongUsage("a hole is filled twice: give --set once for each")
    return {name.strip(): value for name, _, value in pairs}


def _file(
    prepared: "PreparedEntry", given: dict[str, str], incident: str, *, exercise: bool, all_needed: bool
) -> dict[str, Any]:
    from zoneinfo import ZoneInfo

    from services.rendering.spoken import spoken
    from services.rendering.templates import load_templates

    templates = load_templates()
    return prepared.file(
        given, incident=incident, exercise=exercise, now=datetime.now(UTC), zone=ZoneInfo(templates.timezone),
        say=spoken(templates), all_needed=all_needed,
    )  # fmt: skip


def _since(playbook: str, entry: str, digest: str) -> str:
    from services.domain.problems import Refused

    try:
        return "as approved" if _load(playbook).prepared(entry).hash == digest else "changed since"
    except (Refused, KeyError):
        return "gone or wrong"
