"""A playbook file, read and judged strictly and all in one go: a slip found when it burns is found too late.

Every entry is also filled, once with what takes most room and once with its examples, and must then be a message.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.filling import Say
from services.domain.holes import Unfit, holes_in
from services.domain.message_fields import ModelContext
from services.domain.message_file import parse_message_file
from services.domain.playbooks import Playbook, PreparedEntry, complaints
from services.domain.problems import Problem, Refused, nearest
from services.domain.shapes import in_our_words
from services.domain.yaml_text import Located, Path, read_yaml

LONGEST_MOMENT: Final = "woensdag 30 september 2026, 10.30 uur"
_SHAPE: Final = "See docs/playbooks.md, *The file*."
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def parse_playbook(text: str, *, name: str, configuration: Configuration, now: datetime | None = None) -> Playbook:
    """The playbook in `text`; `name` is the file's, for places. Raises Refused with every problem there is."""
    located = read_yaml(text, name=name)
    if not isinstance(located.data, dict):
        what = "The file is empty." if located.data is None else "A playbook is a mapping of fields to values."
        raise Refused([Problem(f"{name}:1:1", what, "Start with `playbook:`, `title:`, `about:`, `entries:`.")])
    try:
        playbook = Playbook.model_validate(located.data, context=ModelContext(configuration))
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise Refused([_problem(each, located) for each in found]) from None
    judged = [*_of_the_whole(playbook), *_of_the_holes(playbook, now or datetime.now(UTC))]
    problems = [Problem(located.place(path), *rest) for path, *rest in judged]
    for entry in playbook.entries:
        problems += _of_entry(playbook, entry, located, configuration, now or datetime.now(UTC))
    if problems:
        raise Refused(list(dict.fromkeys(problems)))
    return playbook


def message_of(file: Mapping[str, Any], *, name: str, now: datetime, configuration: Configuration) -> MessageContent:
    """The message that a filled entry is, by all the rules of a message file. Raises Refused; places are fields."""
    try:
        return parse_message_file(json.dumps(file, ensure_ascii=False), name=name, now=now, configuration=configuration)
    except Refused as refused:
        raise Refused([Problem(_field(each.place), each.problem, each.remedy) for each in refused.problems]) from None


def _of_the_whole(playbook: Playbook) -> Iterator[tuple[Path, str, str]]:
    used = {name for entry in playbook.entries.values() for _, name in holes_in(entry.message)}
    for name in playbook.holes:
        if name not in used:
            yield ("holes", name), f"The hole {name} is used nowhere.", "Take it out, or use it."
    shown = {name for entry in playbook.entries.values() for name in entry.images}
    for name in playbook.images:
        if name not in shown:
            yield ("images", name), f"The image {name} goes with no entry.", "Name it in `images` of an entry."
    for name, entry in playbook.entries.items():
        for number, image in enumerate(entry.images):
            if image not in playbook.images:
                remedy = nearest(image, playbook.images) if playbook.images else "Describe it under `images`."
                yield ("entries", name, "images", number), f"There is no image {image}.", remedy


def _of_the_holes(playbook: Playbook, now: datetime) -> Iterator[tuple[Path, str, str]]:
    for name, hole in playbook.holes.items():
        if hole.example is not None:
            try:
                hole.read(hole.example, now=now, zone=ZoneInfo("UTC"))
            except Unfit as unfit:
                yield ("holes", name, "example"), f"The example does not fit its hole: {unfit.problem}", unfit.remedy


def _of_entry(
    playbook: Playbook, name: str, located: Located, configuration: Configuration, now: datetime
) -> list[Problem]:
    at: Path = ("entries", name)
    found = playbook.entries[name]
    declared = {hole: playbook.holes[hole] for _, hole in holes_in(found.message) if hole in playbook.holes}
    entry = PreparedEntry.model_construct(
        playbook=playbook.playbook, entry=name, phase=found.phase, holding=found.holding, message=found.message,
        holes=declared,
    )  # fmt: skip
    if wrong := [Problem(located.place((*at, *path)), *rest) for path, *rest in complaints(entry)]:
        return wrong
    longest = {hole: declared[hole].longest for hole in declared}
    try:
        message_of(filled(entry, longest, now), name="", now=now, configuration=configuration)
    except Refused as refused:
        return [
            Problem(located.place((*at, "message", *_path(each.place))), each.problem, each.remedy)
            for each in refused.problems
        ]
    return []


def filled(entry: PreparedEntry, given: Mapping[str, str], now: datetime, say: Say | None = None) -> dict[str, Any]:
    """A message file of this entry in some incident, to judge it by."""
    spoken = say or (lambda _, __: LONGEST_MOMENT)
    return entry.file(given, incident="voorbeeld", exercise=False, now=now, zone=ZoneInfo("UTC"), say=spoken)


def _problem(error: ErrorDetails, located: Located) -> Problem:
    path: Path = tuple(step for step in error["loc"] if step != "[key]")
    if (error["type"] != "rule" and "[key]" in error["loc"]) or error["type"] == "string_pattern_mismatch":
        what = f"{str(error['input'])!r} is not a name."
        return Problem(located.place(path), what, "Small letters, digits and single hyphens, beginning with a letter.")
    return Problem(located.place(path), *in_our_words(error, see=_SHAPE, model=Playbook))


def _field(place: str) -> str:
    """`name:1:25 actions[0]` → `actions[0]`: the file was made a moment ago, nobody can look at its lines."""
    return place.partition(" ")[2] or "message"


def _path(field: str) -> Path:
    return tuple(word or int(number) for word, number in _STEP.findall(field))
