"""`roeland fact …`: what is known in an incident, stated once; messages refer to it by its key."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from services.admin.answers import Answer, Refusal, WrongUsage, entries, instant, lines, table
from services.admin.command import command, group
from services.admin.incidents import known_incident, names_of

if TYPE_CHECKING:
    from services.store.facts import FactVersion

app = group("fact", "Facts of an incident: stated once, referred to by every message; and who was told otherwise.")

Slug = Annotated[str, typer.Argument(metavar="INCIDENT", help="The incident's id.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The fact's key, such as outage-start.")]
Seen = Annotated[int | None, typer.Option("--version", help="The version that you saw; refused if there is another.")]
LANGUAGES = ("nl", "fr", "en", "de")


@command(
    app,
    "set",
    examples=[
        "fact set cyber-2026-014 outage --nl 'De dienst ligt stil sinds 8 uur.' --value since='8 uur'",
        "fact set cyber-2026-014 outage --status confirmed --source 'Digitaal Vlaanderen'",
    ],
)
async def set_(
    incident: Slug,
    key: Key,
    *,
    nl: Annotated[str | None, typer.Option(help="What it says in Dutch.")] = None,
    fr: Annotated[str | None, typer.Option(help="In French.")] = None,
    en: Annotated[str | None, typer.Option(help="In English.")] = None,
    de: Annotated[str | None, typer.Option(help="In German.")] = None,
    statement: Annotated[list[str] | None, typer.Option(metavar="LANGUAGE=TEXT", help="In another language.")] = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A time, number or name; empty: taken away.")
    ] = None,
    status: Annotated[Literal["confirmed", "unconfirmed"] | None, typer.Option(help="A new one: unconfirmed.")] = None,
    source: Annotated[str | None, typer.Option(help="On whose word.")] = None,
    keep: Annotated[list[str] | None, typer.Option(metavar="LANGUAGE", help="What it says there still holds.")] = None,
    drop: Annotated[list[str] | None, typer.Option(metavar="LANGUAGE", help="It is not said there any more.")] = None,
    reason: Annotated[str, typer.Option(help="Why it changes.")] = "",
    version: Seen = None,
) -> Answer:
    """State a fact, or change what it says: a new version each time. What is left out stays as it is.

    Unconfirmed, a message may only name it under `unknown`. A new statement in one language asks for all that it has.
    """
    from services.admin.acting import acting
    from services.incidents.facts import Setting, set_fact
    from services.runtime.configuration import configuration_in_force

    own = {language: text for language, text in zip(LANGUAGES, (nl, fr, en, de), strict=True) if text is not None}
    wanted = Setting(
        key=key,
        statements=own | _pairs(statement, "--statement"),
        values=_pairs(value, "--value"),
        drop=drop or (),
        keep=keep or (),
        status=status,
        source=source,
        reason=reason,
        version=version,
    )
    async with acting() as (connection, actor), connection.transaction():
        found, changed = await set_fact(connection, incident, wanted, configuration_in_force(), actor=actor)
    return _answer(found, changed)


@command(app, "withdraw", examples=["fact withdraw cyber-2026-014 outage --reason 'bleek niet te kloppen'"])
async def withdraw(
    incident: Slug,
    key: Key,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    version: Seen = None,
) -> Answer:
    """Take a fact back: from now on no message may lean on it. `fact impact` shows who was told."""
    from services.admin.acting import acting
    from services.incidents.facts import withdraw_fact

    async with acting() as (connection, actor), connection.transaction():
        found, changed = await withdraw_fact(connection, incident, key, reason=reason, version=version, actor=actor)
    return _answer(found, changed)


@command(app, "list", examples=["fact list cyber-2026-014"])
async def list_(incident: Slug) -> Answer:
    """What is known in an incident: the latest version of each fact."""
    from services.admin.acting import acting
    from services.store import facts

    async with acting() as (connection, _):
        await known_incident(connection, incident)
        found = list((await facts.current(connection, incident)).values())
        who = await names_of(connection)
    told = [(f"{each.key}  {each.status}, version {each.version}", _said(each)) for each in found]
    none = f'there is no fact yet: `roeland fact set {incident} KEY --nl "…"`'
    return Answer([_document(each, who) for each in found], entries(told, none=none))


@command(app, "show", examples=["fact show cyber-2026-014 outage"])
async def show(incident: Slug, key: Key) -> Answer:
    """Every version of a fact, oldest first: what it said, on whose word, and who set it."""
    from services.admin.acting import acting
    from services.store import facts

    async with acting() as (connection, _):
        versions = list(await facts.history(connection, incident, key))
        who = await names_of(connection)
    if not versions:
        raise Refusal(
            f"there is no fact {key} in {incident}: `roeland fact list {incident}` shows what there is", missing=[key]
        )
    told = [
        (
            f"version {each.version}  {each.status}",
            [*_said(each), each.reason, who.get(each.by_user, ""), instant(each.at)],
        )
        for each in versions
    ]
    return Answer([_document(each, who) for each in versions], entries(told, none=""))


@command(
    app,
    "impact",
    examples=["fact impact cyber-2026-014", "fact impact cyber-2026-014 outage --draft correction.yaml"],
)
async def impact(
    incident: Slug,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="One fact; left out: all of the incident.")] = None,
    draft: Annotated[
        Path | None, typer.Option(help="Write a correction to this new file; several: one for each message.")
    ] = None,
) -> Answer:
    """Which messages said something else than is known now, and to how many people; and draft their corrections."""
    from services.admin.acting import acting
    from services.admin.impact import about, drafted
    from services.incidents.impact import impact_of

    async with acting() as (connection, _):
        await known_incident(connection, incident)
        found = await impact_of(connection, incident, key)
        written = await drafted(connection, found, draft) if draft else {}
    document = {"messages": [about(each) for each in found], "drafts": written}
    rows = [
        (each.message, each.state, each.key, ", ".join(each.differs), each.people, ", ".join(each.feeds),
         each.corrected_by or "")
        for each in found
    ]  # fmt: skip
    shown = table(["message", "state", "fact", "differs in", "people", "feeds", "corrected by"], rows)
    if not found:
        return Answer(document, lines("no message said anything else than is known now"))
    told = [
        f"{path}: corrects {number}; read it over, then `roeland message submit {path}`"
        for number, path in written.items()
    ]

    def tell(out: Any) -> None:
        out.print(shown)
        lines(*told)(out)

    return Answer(document, tell)


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    pairs = {}
    for each in given or ():
        name, found, text = each.partition("=")
        if not found:
            raise WrongUsage(f"{option} is NAME=…, not {each!r}")
        pairs[name.strip()] = text.strip()
    return pairs


def _answer(found: "FactVersion", changed: bool) -> Answer:
    told = [f"{found.key}: {found.status}, version {found.version}{'' if changed else ' (unchanged)'}"]
    if changed and found.version > 1:
        told.append(f"Who was told otherwise: `roeland fact impact {found.incident} {found.key}`")
    return Answer({**_document(found, {}), "changed": changed}, lines(*told))


def _said(found: "FactVersion") -> list[str]:
    stated = [f"{language}: {text}" for language, text in found.statements.items()]
    values = [f"{name}={text}" for name, text in found.literals.items()]
    return [*stated, *values, found.source and f"source: {found.source}"]


def _document(found: "FactVersion", who: Mapping[int | None, str]) -> dict[str, Any]:
    return {
        "incident": found.incident,
        "key": found.key,
        "version": found.version,
        "status": found.status,
        "statements": dict(found.statements),
        "values": dict(found.literals),
        "source": found.source,
        "reason": found.reason,
        "by": who.get(found.by_user),
        "at": found.at,
    }
