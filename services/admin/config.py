"""`roeland config show|check FILE`: the lists of this centre, and what another version of them would do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Invalid, Refusal, lines
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.domain.configuration import Configuration
    from services.incidents.change import Effect

app = group("config", "The centre's lists (audiences, phases, types, levels, languages), and what a change would do.")


@command(app, "show", examples=["config show", "config show > centre.yaml"])
def show() -> Answer:
    """The lists in force, as the file that ROELAND_CONFIGURATION may name: a beginning for one's own."""
    import yaml

    from services.runtime.configuration import configuration_in_force

    plain = configuration_in_force().model_dump(mode="json")
    text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)
    return Answer(plain, lines(text.rstrip("\n")))


@command(app, "check", examples=["config check centre.yaml", "config check events.yaml --json"])
async def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A centre's lists, or its mapping of events.")],
) -> Answer:
    """Judge a configuration before it is put in force, and say what it would do to what there is.

    Exit code 1 when it is not valid, or when something must be dealt with first: a template that is missing, a message
    that is not ended and names what goes, an incident in a phase that goes, contacts whom nothing would reach.

    A file with `rules` is a mapping of events from outside (docs/events.md): every problem, with its place and remedy.
    """
    from services.admin.acting import acting
    from services.incidents.change import difference, effects, version_is_higher
    from services.runtime.configuration import configuration_in_force

    if _is_mapping(file):
        return _check_mapping(file)
    now, then = configuration_in_force(), _read(file)
    version_is_higher(now, then)
    lists = difference(now, then)
    async with acting() as (connection, _):
        found = [*_of_templates(then), *_of_mapping(then), *await effects(connection, now, then)]
    document = {"version": then.version, "added": lists.added, "removed": lists.removed, "effects": found}
    problems = [each for each in found if each.severity == "problem"]
    if problems:
        error = f"{file} is valid, and {len(problems)} things must be dealt with before it is put in force"
        raise Refusal(error, problems=problems, more=document)
    told = [f"{name}: {_signed(lists.added.get(name, []), lists.removed.get(name, []))}" for name in _changed(lists)]
    told += [f"{each.place}: {each.problem} {each.remedy}" for each in found]
    return Answer(document, lines(*(told or ["the lists stay as they are"]), "Nothing is in its way."))


def _read(file: Path) -> "Configuration":
    from services.domain.configuration import load_configuration

    try:
        return load_configuration(file.read_text(encoding="utf-8-sig"), name=str(file))
    except UnicodeDecodeError:
        raise Invalid(f"{file} is not UTF-8: save it as UTF-8") from None


def _is_mapping(file: Path) -> bool:
    from services.domain.problems import Refused
    from services.domain.yaml_text import read_yaml

    try:
        data = read_yaml(file.read_text(encoding="utf-8-sig"), name=str(file)).data
    except (Refused, UnicodeDecodeError):
        return False
    return isinstance(data, dict) and "rules" in data


def _check_mapping(file: Path) -> Answer:
    from services.domain.problems import Refused
    from services.rendering.event_mapping import mapping_in_force
    from services.runtime.configuration import configuration_in_force

    try:
        mapping = mapping_in_force(configuration_in_force(), file)
    except Refused as refused:
        raise Refusal(f"{file} cannot be the mapping of events", problems=refused.problems) from None
    names = [rule.name for rule in mapping.rules]
    return Answer({"rules": names}, lines(f"{file}: {len(names)} rules", "Nothing is in its way."))


def _of_mapping(configuration: "Configuration") -> "list[Effect]":
    """The mapping of events in force may name a phase, type or level that goes."""
    from services.domain.problems import Refused
    from services.incidents.change import Effect
    from services.rendering.event_mapping import mapping_in_force

    try:
        mapping_in_force(configuration)
    except Refused as refused:
        return [Effect("problem", each.place, each.problem, each.remedy) for each in refused.problems]
    return []


def _of_templates(configuration: "Configuration") -> "list[Effect]":
    from services.incidents.change import Effect
    from services.rendering.check import check_templates
    from services.rendering.templates import load_templates

    problems = check_templates(load_templates(), configuration)
    return [Effect("problem", f"template {each.place}", each.problem, each.remedy) for each in problems]


def _changed(lists: Any) -> list[str]:
    return list(dict.fromkeys([*lists.added, *lists.removed]))


def _signed(added: list[str], removed: list[str]) -> str:
    return ", ".join([*(f"+{each}" for each in added), *(f"-{each}" for each in removed)])
