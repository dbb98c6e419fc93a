"""YAML and JSON with the place of every value, so that a problem can say where it stands.

We compose nodes and build the values ourselves: no tags, no anchors (a few lines of them expand to gigabytes), no
second value for a key, nothing deep or endless. Dates stay text: whether one has a zone is for the model to judge.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.domain import limits
from services.domain.problems import Problem, Refused

Path = tuple[str | int, ...]

_TAG: Final = "tag:yaml.org,2002:"
_CONSTANTS: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class Located:
    """Plain values, and where each stood: line and column, both from 1, by path."""

    name: str
    data: Any
    marks: dict[Path, tuple[int, int]] = field(repr=False)

    def place(self, path: Sequence[str | int]) -> str:
        """`file:line:column field.path`; the nearest place that exists when the path itself does not."""
        known = tuple(path)
        while known and known not in self.marks:
            known = known[:-1]
        line, column = self.marks.get(known, (1, 1))
        return f"{self.name}:{line}:{column} {dotted(path)}".rstrip()


def dotted(path: Sequence[str | int]) -> str:
    """`key_messages[0].facts[1]`, as people write it."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(text: str, *, name: str) -> Located:
    """The one document in `text`. Raises Refused for all that is not plain YAML 1.2 or JSON."""
    if len(text) > limits.FILE_CHARACTERS:
        raise _refused(f"{name}:1:1", f"The file has more than {limits.FILE_CHARACTERS} characters.", "Shorten it.")
    text = _json_without_tabs(text.removeprefix("\ufeff"))
    try:
        _check_events(text, name)
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise _refused(_place_of(error, name), f"This is not valid YAML: {error.problem}.", _YAML_REMEDY) from None
    except (YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise _refused(f"{name}:1:1", f"This is not valid YAML: {reason}.", _YAML_REMEDY) from None
    marks: dict[Path, tuple[int, int]] = {}
    problems: list[Problem] = []
    data = None if node is None else _value(node, (), marks, problems, name)
    if problems:
        raise Refused(problems)
    return Located(name, data, marks)


_YAML_REMEDY: Final = "Look at the line before it as well: quotes, colons and the depth of indentation."


def _check_events(text: str, name: str) -> None:
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        place = f"{name}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise _refused(place, "Anchors and aliases (& and *) are not allowed.", "Write the value out, or quote it.")
        tag = getattr(event, "tag", None)
        if isinstance(event, ScalarEvent | CollectionStartEvent) and tag not in (None, "!"):
            raise _refused(place, "Tags (!) are not allowed.", "Leave the tag out, or put the text in quotes.")
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > limits.FILE_DEPTH:
            raise _refused(place, f"The file is more than {limits.FILE_DEPTH} levels deep.", "Look for stray brackets.")


def _value(node: Node, path: Path, marks: dict[Path, tuple[int, int]], problems: list[Problem], name: str) -> Any:
    marks[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, MappingNode):
        return _mapping(node, path, marks, problems, name)
    if isinstance(node, SequenceNode):
        return [_value(each, (*path, number), marks, problems, name) for number, each in enumerate(node.value)]
    assert isinstance(node, ScalarNode)  # noqa: S101 - there is no fourth kind
    return _scalar(node)


def _mapping(
    node: MappingNode, path: Path, marks: dict[Path, tuple[int, int]], problems: list[Problem], name: str
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
        if key in values:
            place = f"{name}:{key_node.start_mark.line + 1}:{key_node.start_mark.column + 1} {dotted((*path, key))}"
            problems.append(Problem(place, f"The field {key} stands here a second time.", "Keep one of the two."))
        values[key] = _value(value_node, (*path, key), marks, problems, name)
        marks[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
    return values


def _scalar(node: ScalarNode) -> Any:
    kind, value = str(node.tag).removeprefix(_TAG), str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return _CONSTANTS.get(value.lower(), value)
    if kind == "int":
        try:
            return int(value.replace("_", ""), 0)
        except ValueError:
            return value
    if kind == "float":
        return float(value.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    return value


def _json_without_tabs(text: str) -> str:
    # JSON may be indented with tabs, YAML may not. Within its strings valid JSON has no bare tab.
    if "\t" in text and text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except ValueError:
            return text
        return text.replace("\t", " ")
    return text


def _place_of(error: MarkedYAMLError, name: str) -> str:
    unclosed = error.context_mark and "end of stream" in str(
        error.problem
    )  # where it was opened helps, not where it ends
    mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
    return f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"


def _refused(place: str, problem: str, remedy: str) -> Refused:
    return Refused([Problem(place, problem, remedy)])
