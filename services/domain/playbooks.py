"""Playbooks (*draaiboeken*): for one type of incident the messages of each phase, as scaffolds with holes to fill.

`Playbook` is the shape of the file, `services.domain.playbook_file` how it is read and judged, and `PreparedEntry`
one entry by itself: what is approved beforehand, and hashed.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.domain.configuration import Slug
from services.domain.filling import MOMENTS, Say, fill
from services.domain.holes import HOLDING_LONGEST, Hole, HoleName, holes_in, read_all
from services.domain.identity import canonical
from services.domain.message_fields import PhaseId, wrong
from services.domain.yaml_text import Path

FILLED_AT_START: Final = ("incident", "phase", "exercise", "corrects", "release_at")
"""Fields of a message that no playbook knows beforehand."""

Words = Annotated[str, Field(min_length=1, max_length=600)]
Complaint = tuple[Path, str, str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Image(_Strict):
    """A picture that goes with a text; only named here. `alt` says what is to be seen, `where` where it is kept."""

    alt: Words
    where: Words


class Entry(_Strict):
    """One message of a playbook. `message` is a message file without what is known only when it happens.

    `holding`: it may be approved beforehand, and then a crisis manager releases it alone.
    """

    about: Words
    phase: PhaseId
    holding: bool = False
    images: tuple[str, ...] = ()
    message: dict[str, Any] = Field(min_length=1)


class Playbook(_Strict):
    """What a centre says in one type of incident. `entries` are in the order in which they are used."""

    playbook: Slug
    title: Annotated[str, Field(min_length=1, max_length=200)]
    about: Words
    holes: dict[HoleName, Hole] = Field(default_factory=dict)
    images: dict[HoleName, Image] = Field(default_factory=dict)
    entries: dict[HoleName, Entry] = Field(min_length=1)

    def prepared(self, entry: str) -> "PreparedEntry":
        """This entry by itself, with the holes that it uses. Raises KeyError for one that there is not."""
        found = self.entries[entry]
        used = {name for _, name in holes_in(found.message)}
        return PreparedEntry(
            playbook=self.playbook,
            entry=entry,
            phase=found.phase,
            holding=found.holding,
            message=found.message,
            holes={name: hole for name, hole in self.holes.items() if name in used},
        )


class PreparedEntry(_Strict):
    """An entry with all that it needs to become a message: what `playbook approve` binds to a hash."""

    playbook: Slug
    entry: HoleName
    phase: str
    holding: bool = False
    message: dict[str, Any] = Field(min_length=1)
    holes: dict[HoleName, Hole] = Field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """As it travels and is kept."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def hash(self) -> str:
        """SHA-256, in hex, over the canonical JSON of `plain`; a change of any word or limit is another one."""
        return hash_of(self.plain)

    def file(
        self,
        given: Mapping[str, str],
        *,
        incident: str,
        exercise: bool,
        now: datetime,
        zone: ZoneInfo,
        say: Say,
        all_needed: bool = True,
    ) -> dict[str, Any]:
        """A message file of it, as plain values. Raises Refused for what does not fit a hole."""
        filled = read_all(self.holes, given, now=now, zone=zone, all_needed=all_needed)
        head = {"incident": incident, "kind": self.message.get("kind"), "phase": self.phase}
        message = fill(self.message, filled, say=say)
        return head | message | ({"exercise": True} if exercise else {})

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for _, problem, remedy in complaints(self):
            raise wrong(problem, remedy)
        return self


def hash_of(plain: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of an entry as it travels."""
    return hashlib.sha256(canonical(plain)).hexdigest()


def complaints(entry: PreparedEntry) -> list[Complaint]:
    """What is wrong with an entry by itself; paths are within the entry."""
    found: list[Complaint] = [
        (("message", name), f"A playbook does not say {name}.", "Take it out: it is known when it happens.")
        for name in FILLED_AT_START
        if name in entry.message
    ]
    if entry.message.get("kind") == "correction":
        found.append((("message", "kind"), "No playbook knows what is to be corrected.", "Take this entry out."))
    found += _of_holes(entry)
    return found + (_of_holding(entry) if entry.holding else [])


def _of_holes(entry: PreparedEntry) -> list[Complaint]:
    found: list[Complaint] = []
    for path, name in holes_in(entry.message, ("message",)):
        if not name:
            found.append((path, "A hole is begun here and is none.", "Write it as {hole:name}, in small letters."))
        elif name not in entry.holes:
            found.append((path, f"The hole {name} is not declared.", f"Add `{name}:` with `ask:` to `holes`."))
        elif path[1:2] and path[1] in MOMENTS:
            whole = entry.message[str(path[1])] == f"{{hole:{name}}}"
            if not whole or entry.holes[name].time is None:
                found.append((path, "A moment is a hole with `time:`, and nothing else.", "Write it as {hole:name}."))
    used = {name for _, name in holes_in(entry.message)}
    idle = [name for name in entry.holes if name not in used]
    return found + [(("holes", name), f"The hole {name} is used nowhere.", "Take it out, or use it.") for name in idle]


def _of_holding(entry: PreparedEntry) -> list[Complaint]:
    found: list[Complaint] = []
    if entry.message.get("kind") not in ("alert", "update"):
        found.append((("message", "kind"), "Only an alert or update may be approved beforehand.", "Write such a kind."))
    if entry.message.get("urgency", "urgent" if entry.message.get("kind") == "alert" else "") != "urgent":
        what = "What one person releases alone is urgent."
        found.append((("message", "kind"), what, "Write `urgency: urgent`, or leave `holding` out."))
    for path in _facts_in(entry.message, ("message",)):
        what = "A fact stands here, and whoever sets it would choose the words that go out."
        found.append((path, what, "Write the words, or a hole with values, or leave `holding` out."))
    for name, hole in entry.holes.items():
        if (hole.characters or 0) > HOLDING_LONGEST:
            what = f"The hole {name} takes {hole.characters} characters; in a holding statement {HOLDING_LONGEST}."
            found.append((("holding",), what, f"Use a hole of at most {HOLDING_LONGEST}, or one with values."))
    return found


def _facts_in(value: Any, path: Path) -> Iterator[Path]:
    """Where a text would be that of a fact."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from [(*path, name)] if name == "fact" else _facts_in(each, (*path, name))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _facts_in(each, (*path, number))
    elif isinstance(value, str) and "{fact:" in value:
        yield path
