"""Playbooks as they are now, an entry of one, and a message file begun from it."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Refusal, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.domain.playbooks import Playbook, PreparedEntry

Name = Annotated[str, typer.Argument(metavar="PLAYBOOK", help="As `playbook list` shows it.")]
EntryName = Annotated[str, typer.Argument(metavar="ENTRY", help="As `playbook show PLAYBOOK` shows it.")]
Slug = Annotated[str, typer.Option("--incident", metavar="SLUG", help="The incident that the message belongs to.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="HOLE=VALUE", help="Fill a hole; may be repeated.")]

ACUTE: Final = "acute"


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
    found = load(playbook)
    prepared = found.prepared(_chosen(found, phase, entry))
    return found, prepared, _file(prepared, dict(given or {}), incident, exercise=exercise, all_needed=False)


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
            found.append(load(name).model_dump(mode="json", exclude_none=True))
    return found


def load(playbook: str) -> "Playbook":
    from services.runtime.configuration import configuration_in_force
    from services.runtime.playbooks import load_playbook

    return load_playbook(playbook, configuration_in_force())


def prepared_of(playbook: str, entry: str) -> "PreparedEntry":
    found = load(playbook)
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


def given(fill: list[str] | None) -> dict[str, str]:
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
