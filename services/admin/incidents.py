"""`roeland incident …`: what is the matter, in which phase, who coordinates it, and whom to call."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, entries, instant, lines, table
from services.admin.command import command, group

if TYPE_CHECKING:
    from rich.console import Console

    from services.runtime.postgres import Connection
    from services.store.incidents import Incident

app = group(
    "incident", "Incidents: open them, move their phase and level, close them, and who takes part in an exercise."
)

Slug = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, such as cyber-2026-014.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever reads its history.")]
Type = Annotated[str | None, typer.Option("--type", help="cyber, service-failure, … as `config show` lists them.")]
Entity = Annotated[str | None, typer.Option(help="The entity concerned.")]
Spoc = Annotated[str | None, typer.Option(help="Its single point of contact, as people call them.")]


@command(
    app,
    "open",
    examples=[
        "incident open cyber-2026-014 --title 'Loonadministratie ligt stil' --type cyber --level federal",
        "incident open drill-2026-02 --title 'Oefening Seveso' --type industrial-accident --exercise",
    ],
)
async def open_(
    incident: Slug,
    *,
    title: Annotated[str, typer.Option(help="What is the matter, in a few words; readers see it.")],
    type_: Type = None,
    level: Annotated[str | None, typer.Option(help="Who coordinates: municipal, provincial, federal.")] = None,
    phase: Annotated[str, typer.Option(help="The phase that it begins in.")] = "acute",
    entity: Entity = None,
    spoc: Spoc = None,
    exercise: Annotated[
        bool, typer.Option("--exercise", help="An exercise: for good, it can never become real.")
    ] = False,
    reason: Reason = "",
) -> Answer:
    """Open an incident. A message of an incident that does not exist opens it too, with its own title."""
    from services.admin.acting import acting
    from services.incidents import service
    from services.runtime.configuration import configuration_in_force
    from services.store.incidents import Incident

    new = Incident(_slug(incident), _title(title), phase, exercise, type=type_, level=level, entity=entity, spoc=spoc)
    async with acting() as (connection, actor), connection.transaction():
        opened = await service.open_incident(connection, new, configuration_in_force(), reason=reason, actor=actor)
    what = "an exercise" if exercise else "real"
    return Answer(opened, lines(f"{opened.slug} is open, in phase {opened.phase}; it is {what}"))


@command(app, "list", examples=["incident list", "incident list --all"])
async def list_(*, all_: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False) -> Answer:
    """The open incidents, the latest first."""
    from services.admin.acting import acting
    from services.store import incidents

    async with acting() as (connection, _):
        found = await incidents.listed(connection, closed=all_)
    told = [(f"{each.slug}  {each.title}", _about(each)) for each in found]
    return Answer(
        list(found), entries(told, none="there is no open incident: `roeland incident open INCIDENT --title …`")
    )


@command(app, "show", examples=["incident show cyber-2026-014"])
async def show(incident: Slug) -> Answer:
    """What is known of it, and the history of its phase and level."""
    from services.admin.acting import acting
    from services.store import incidents, participants

    async with acting() as (connection, _):
        found = await known_incident(connection, incident)
        changes = await incidents.history(connection, found.slug)
        taking_part = await participants.count(connection, found.slug)
        who = await names_of(connection)
    history = [
        {"at": each.at, "what": each.what, "value": each.value, "reason": each.reason, "by": who.get(each.by_user)}
        for each in changes
    ]
    document = {**_document(found), "participants": taking_part, "history": history}
    return Answer(document, lambda out: _show(out, found, history, taking_part))


@command(app, "set", examples=["incident set cyber-2026-014 --entity 'Agentschap Loon' --spoc 'Wachtdienst loon'"])
async def set_(
    incident: Slug,
    *,
    title: Annotated[str | None, typer.Option(help="What is the matter, in a few words; readers see it.")] = None,
    type_: Type = None,
    entity: Entity = None,
    spoc: Spoc = None,
) -> Answer:
    """Say what its first message did not: its type, the entity concerned, whom to call. An empty text takes it away."""
    from services.admin.acting import acting
    from services.incidents import service
    from services.runtime.configuration import configuration_in_force

    given = {"title": title and _title(title), "type": type_, "entity": entity, "spoc": spoc}
    fields = {name: value for name, value in given.items() if value is not None}
    if not fields:
        raise Refusal("nothing was given: --title, --type, --entity or --spoc")
    async with acting() as (connection, actor), connection.transaction():
        changed = await service.describe(connection, incident, fields, configuration_in_force(), actor=actor)
        found = await known_incident(connection, incident)
    return Answer({**_document(found), "changed": changed}, lines(f"{incident}: {_told(changed)}"))


@command(app, "phase", examples=["incident phase cyber-2026-014 containment --reason 'diensten herstellen'"])
async def phase(
    incident: Slug,
    to: Annotated[str, typer.Argument(metavar="PHASE", help="preparation, acute, containment, recovery, evaluation.")],
    reason: Reason = "",
) -> Answer:
    """Move it to another phase. Messages keep the phase that they were written in."""
    return await _moved(incident, {"phase": to}, reason)


@command(app, "level", examples=["incident level cyber-2026-014 federal --reason 'federale fase afgekondigd'"])
async def level(
    incident: Slug,
    to: Annotated[str, typer.Argument(metavar="LEVEL", help="municipal, provincial, federal.")],
    reason: Reason = "",
) -> Answer:
    """Say who coordinates it now (Royal Decree of 22 May 2019); this is not the phase of communication."""
    return await _moved(incident, {"level": to}, reason)


@command(app, "close", examples=["incident close cyber-2026-014 --reason 'alle diensten hersteld'"])
async def close(incident: Slug, reason: Reason = "") -> Answer:
    """Close it: from now on only a correction or an all-clear may still be submitted."""
    return await _ended(incident, reason, closing=True)


@command(app, "reopen", examples=["incident reopen cyber-2026-014 --reason 'nieuwe aanval'"])
async def reopen(incident: Slug, reason: Reason = "") -> Answer:
    """Open it again, in the phase that it was closed in."""
    return await _ended(incident, reason, closing=False)


async def known_incident(connection: "Connection", slug: str) -> "Incident":
    """The incident. Raises `Refusal` when there is none."""
    from services.store import incidents

    found = await incidents.find(connection, slug)
    if found is None:
        raise Refusal(f"there is no incident {slug}: `roeland incident list` shows what there is", missing=[slug])
    return found


async def names_of(connection: "Connection") -> Mapping[int | None, str]:
    """The address of each user by number: who did what, for people who read it."""
    from services.store.users import all_users

    return {user.id: user.email for user in await all_users(connection)}


async def _moved(slug: str, to: Mapping[str, str], reason: str) -> Answer:
    from services.admin.acting import acting
    from services.incidents import service
    from services.runtime.configuration import configuration_in_force

    async with acting() as (connection, actor), connection.transaction():
        changed = await service.move(connection, slug, to, configuration_in_force(), reason=reason, actor=actor)
        found = await known_incident(connection, slug)
    ((what, value),) = to.items()
    return Answer({**_document(found), "changed": changed}, lines(f"{slug}: {what} {value} ({_told(changed)})"))


async def _ended(slug: str, reason: str, *, closing: bool) -> Answer:
    from services.admin.acting import acting
    from services.incidents import service

    act = service.close if closing else service.reopen
    async with acting() as (connection, actor), connection.transaction():
        changed = await act(connection, slug, reason=reason, actor=actor)
        found = await known_incident(connection, slug)
    return Answer({**_document(found), "changed": changed}, lines(f"{slug} is {_state(found)} ({_told(changed)})"))


def _told(changed: bool) -> str:
    return "changed" if changed else "unchanged"


def _state(incident: "Incident") -> str:
    return "closed" if incident.closed_at else "open"


def _slug(written: str) -> str:
    import re

    from services.domain import limits

    if len(written) > limits.INCIDENT_CHARACTERS or not re.match(limits.INCIDENT_PATTERN, written):
        most = limits.INCIDENT_CHARACTERS
        raise Refusal(f"{written!r} cannot be an incident's id: small letters, digits, single hyphens, at most {most}")
    return written


def _title(written: str) -> str:
    from services.domain import limits
    from services.domain.texts import one_line

    if not (title := one_line(written)) or len(title) > limits.TITLE_CHARACTERS:
        raise Refusal(f"a title has 1 to {limits.TITLE_CHARACTERS} characters")
    return title


def _document(incident: "Incident") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(incident), "state": _state(incident)}


def _about(incident: "Incident") -> list[str]:
    kind = "exercise" if incident.exercise else ""
    return [_state(incident), incident.phase, incident.level or "", incident.type or "", kind, incident.entity or ""]


def _show(out: "Console", incident: "Incident", history: list[dict[str, Any]], taking_part: int) -> None:
    told = [f"{incident.slug}  {incident.title}", "    " + " · ".join(filter(None, _about(incident)))]
    if incident.spoc:
        told.append(f"    single point of contact: {incident.spoc}")
    if taking_part:
        told.append(f"    {taking_part} take part, and nobody else gets its messages")
    lines(*told)(out)
    rows = [(instant(each["at"]), each["what"], each["value"], each["by"] or "", each["reason"]) for each in history]
    out.print(table(["at", "what", "to", "by", "why"], rows))
