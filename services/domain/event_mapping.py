"""What an event from outside leads to: the mapping file of a centre, as a pydantic model, and which rule fits. Pure.

Texts in it are templates over the event (`services.rendering.event_words`); they are filled in when one comes.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.domain.configuration import Configuration, Slug
from services.domain.problems import Problem, Refused, nearest
from services.domain.shapes import in_our_words
from services.domain.yaml_text import Located, Path, read_yaml

PREPARATION: Final = "preparation"

Template = Annotated[str, Field(min_length=1, max_length=2000)]
Glob = Annotated[str, Field(min_length=1, max_length=256)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Report(_Strict):
    """An incident is opened, or its history gets an entry. `incident`: its id; default: of sender and correlation."""

    title: Template
    text: Template
    incident: Template | None = None
    phase: str = PREPARATION
    type: str | None = None
    level: str | None = None
    exercise: bool = False


class Draft(_Strict):
    """A draft, from a playbook's entry with its holes filled, or from a message file of templates."""

    title: Template
    incident: Template | None = None
    playbook: Slug | None = None
    entry: str | None = None
    holes: dict[str, Template] = Field(default_factory=dict)
    file: dict[str, Any] = Field(default_factory=dict)
    exercise: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.playbook) is bool(self.file):
            raise ValueError("a draft is made from `playbook`, or from `file`: give one of the two")
        if (self.entry or self.holes) and not self.playbook:
            raise ValueError("`entry` and `holes` are of a playbook: name it")
        return self


class Rule(_Strict):
    """Which events it is for, and what they lead to. `when`: fields of the event with the values that fit.

    `correlation`: events with the same belong together; those within `within_minutes` are counted, and no more.
    """

    name: Slug
    types: tuple[Glob, ...] = Field(min_length=1)
    sources: tuple[Glob, ...] = ("*",)
    senders: tuple[Glob, ...] = ("*",)
    when: dict[str, tuple[str | int | bool, ...]] = Field(default_factory=dict)
    correlation: Template = "{{ subject or source }}"
    within_minutes: int = Field(default=30, ge=0, le=7 * 24 * 60)
    tell: bool = True
    report: Report | None = None
    draft: Draft | None = None
    ignore: bool = False

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum((self.report is not None, self.draft is not None, self.ignore)) != 1:
            raise ValueError("a rule leads to one of `report`, `draft` and `ignore: true`")
        return self

    def fits(self, event: Mapping[str, Any], sender: str) -> bool:
        """Whether it is for this event."""
        return (
            _any(self.types, event["type"])
            and _any(self.sources, event["source"])
            and _any(self.senders, sender)
            and all(_is_one_of(_at(event, path), values) for path, values in self.when.items())
        )

    def templates(self) -> Iterator[tuple[Path, str]]:
        """Each text in it that is filled in, and where it stands in the rule."""
        yield ("correlation",), self.correlation
        for name, part in (("report", self.report), ("draft", self.draft)):
            if part is not None:
                yield from _texts(part.model_dump(exclude={"playbook", "entry", "phase", "type", "level"}), (name,))


class EventMapping(_Strict):
    """All rules; the first that fits decides."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Roeland event mapping")

    rules: tuple[Rule, ...] = Field(min_length=1, max_length=200)

    def rule_for(self, event: Mapping[str, Any], sender: str) -> Rule | None:
        """The first that fits; None when none does."""
        return next((rule for rule in self.rules if rule.fits(event, sender)), None)


def load_mapping(text: str, *, name: str = "events.yaml") -> tuple[EventMapping, Located]:
    """A mapping, and where in the file everything stands. Raises Refused with every problem."""
    located = read_yaml(text, name=name)
    try:
        return EventMapping.model_validate(located.data), located
    except ValidationError as error:
        raise Refused(
            [
                Problem(
                    located.place(each["loc"]),
                    *in_our_words(each, see="docs/events.md has an example of each.", model=EventMapping),
                )
                for each in error.errors(include_url=False)
            ]
        ) from None


def unknown_words(mapping: EventMapping, located: Located, configuration: Configuration) -> Sequence[Problem]:
    """Phases, types and levels that this centre does not have, and rules of one name."""
    found: list[Problem] = []
    known = {"phase": configuration.phase_ids, "type": configuration.type_ids, "level": configuration.level_ids}
    for number, rule in enumerate(mapping.rules):
        for field, ids in known.items():
            value = getattr(rule.report, field, None)
            if value and value not in ids:
                place = located.place(("rules", number, "report", field))
                found.append(Problem(place, f"There is no {field} {value!r}.", nearest(value, ids)))
        if rule.name in {each.name for each in mapping.rules[:number]}:
            place = located.place(("rules", number, "name"))
            found.append(Problem(place, f"There is a rule {rule.name} already.", "Give each rule a name of its own."))
    return found


def _any(globs: Sequence[str], value: object) -> bool:
    return any(fnmatchcase(str(value), each) for each in globs)


def _at(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _is_one_of(value: Any, values: Sequence[str | int | bool]) -> bool:
    return any(value == each and isinstance(value, bool) is isinstance(each, bool) for each in values)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _texts(each, (*path, number))
