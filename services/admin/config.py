"""`roeland config show|check FILE`: the lists of this centre, and what another version of them would do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, Refusal, lines
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


@command(app, "check", examples=["config check centre.yaml", "config check centre.yaml --json"])
async def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A centre's configuration, in YAML or JSON.")],
) -> Answer:
    """Judge a configuration before it is put in force, and say what it would do to what there is.

    Exit code 1 when it is not valid, or when something must be dealt with first: a template that is missing, a message
    that is not ended and names what goes, an incident in a phase that goes, contacts whom nothing would reach.
    """
    from services.admin.acting import acting
    from services.incidents.change import difference, effects, version_is_higher
    from services.runtime.configuration import configuration_in_force

    now, then = configuration_in_force(), _read(file)
    version_is_higher(now, then)
    lists = difference(now, then)
    async with acting() as (connection, _):
        found = [*_of_templates(then), *await effects(connection, now, then)]
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
        raise Refusal(f"{file} is not UTF-8: save it as UTF-8") from None


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
