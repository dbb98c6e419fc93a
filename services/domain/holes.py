"""Holes in a playbook's texts, `{hole:name}`: what may fill each of them, and how that is read.

What fills a hole comes from a person in a hurry, or from a command out of nowhere, into a text that was approved
beforehand. So each has narrow limits, no control characters, and no braces: nothing that is filled in is read again.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.domain.message_fields import wrong
from services.domain.problems import Problem, Refused, nearest
from services.domain.texts import one_line
from services.domain.yaml_text import Path

Filled = str | datetime

HOLE: Final = re.compile(r"\{hole:([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\}")
BEGUN: Final = re.compile(r"\{\s*hole\b", re.IGNORECASE)
LONGEST: Final = 200  # a sentence; what needs more is no hole but another text
HOLDING_LONGEST: Final = 40  # in a text that one person releases alone
FAR: Final = timedelta(days=60)  # further away than this is a slip in the year or the month
_HOUR: Final = re.compile(r"(\d{1,2})(?:[:.u](\d{2})?)?(?:\s*uur)?")
_SUMMER: Final = "Write an hour (16:30), or a day and hour with its time zone: 2026-11-23T16:30+01:00."
_SAMPLES: Final = {"past": "08:00", "future": "17:00", True: "12:00"}

HoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


class Hole(BaseModel):
    """A question, and what may answer it: one of `values`, a `time`, or so many `characters`.

    `time: past` and `time: future` say on which side of now it lies; `true` is either. An hour alone is then the last
    one, the next one, or that of today.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ask: Annotated[str, Field(min_length=1, max_length=200)]
    values: tuple[str, ...] | None = None
    time: Literal[True, "past", "future"] | None = None
    characters: Annotated[int, Field(ge=1, le=LONGEST)] | None = None
    example: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [name for name in ("values", "time", "characters") if getattr(self, name) is not None]
        if len(kinds) != 1:
            what = "This hole does not say what may fill it." if not kinds else f"It has {' and '.join(kinds)}."
            raise wrong(what, "Give one: `values: [one, two]`, `time: true`, or `characters: 40`.")
        if self.values is not None:
            self._check_values(self.values)
        return self

    @staticmethod
    def _check_values(values: tuple[str, ...]) -> None:
        if not values or len(set(values)) < len(values):
            raise wrong("The values of this hole are none, or one stands twice.", "Name each of them once.")
        for value in values:
            if objection := _unfit(value) or (len(value) > LONGEST and f"It has over {LONGEST} characters."):
                raise wrong(f"{value[:LONGEST]!r} cannot be a value: {objection}", "Write it otherwise.")

    @property
    def limits(self) -> str:
        """What may fill it, in Dutch, for whoever fills it."""
        if self.values is not None:
            return f"kies: {' | '.join(self.values)}"
        if self.characters is not None:
            return f"ten hoogste {self.characters} tekens"
        return "een uur, zoals 16:30, of dag en uur, zoals 2026-11-23T16:30+01:00"

    @property
    def sample(self) -> str:
        """Something that fits, to see the text by."""
        if self.example is not None:
            return self.example
        if self.values is not None:
            return self.values[0]
        return _SAMPLES[self.time] if self.time is not None else "…"

    @property
    def longest(self) -> str:
        """What takes most room, to see whether it always fits."""
        if self.values is not None:
            return max(self.values, key=len)
        return "x" * self.characters if self.characters else self.sample

    def read(self, given: str, *, now: datetime, zone: ZoneInfo) -> Filled:
        """What fills the hole. Raises `Unfit` with the reason and the remedy."""
        if objection := _unfit(given):
            raise Unfit(objection, "Write it as plain words on one line.")
        if self.values is not None:
            if given not in self.values:
                raise Unfit(f"{given!r} is not one of its values.", nearest(given, self.values))
            return given
        if self.characters is not None:
            if len(given) > self.characters:
                what = f"It has {len(given)} characters, more than {self.characters}."
                raise Unfit(what, f"Shorten it to {self.characters}.")
            return given
        return self._moment(given, now, zone)

    def _moment(self, given: str, now: datetime, zone: ZoneInfo) -> datetime:
        moment = _hour(given, now, zone, self.time) or _whole(given)
        if self.time == "past" and moment > now:
            raise Unfit("That moment is still to come.", "Give one that has passed.")
        if self.time == "future" and moment <= now:
            raise Unfit("That moment has passed.", "Give a later one.")
        if abs(moment - now) > FAR:
            raise Unfit(f"That is more than {FAR.days} days from now.", "Look at the month and the year.")
        return moment


class Unfit(ValueError):
    """What was given does not fit the hole."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def read_all(
    holes: Mapping[str, Hole],
    given: Mapping[str, str],
    *,
    now: datetime,
    zone: ZoneInfo,
    all_needed: bool = True,
) -> dict[str, Filled]:
    """What fills each hole, by name. Raises Refused with every problem; each place is `hole NAME`.

    `all_needed`: a hole that nothing is given for is one of them, with its question as the remedy.
    """
    problems = [
        Problem(f"hole {name}"[:80], "There is no such hole.", nearest(name, holes) if holes else "Leave it out.")
        for name in given
        if name not in holes
    ]
    filled: dict[str, Filled] = {}
    for name, hole in holes.items():
        if name not in given:
            if all_needed:
                problems.append(Problem(f"hole {name}", "It is not filled.", f"{hole.ask} ({hole.limits})"))
            continue
        try:
            filled[name] = hole.read(given[name], now=now, zone=zone)
        except Unfit as unfit:
            problems.append(Problem(f"hole {name}", unfit.problem, unfit.remedy))
    if problems:
        raise Refused(problems)
    return filled


def as_given(filled: Mapping[str, Filled]) -> dict[str, str]:
    """The same as it may be given again, whatever the hour is by then."""
    return {
        name: value if isinstance(value, str) else value.isoformat(timespec="minutes") for name, value in filled.items()
    }


def holes_in(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every hole in these plain values: where, and its name; '' for one that is begun and is none."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from holes_in(value, (*path, key))
    elif isinstance(data, list | tuple):
        for number, value in enumerate(data):
            yield from holes_in(value, (*path, number))
    elif isinstance(data, str):
        yield from ((path, name) for name in HOLE.findall(data))
        if BEGUN.search(HOLE.sub("", data)):
            yield path, ""


def _unfit(given: str) -> str:
    if not given.strip():
        return "It is empty."
    if "{" in given or "}" in given:
        return "It has a brace."
    if given != one_line(given):
        return "It has a control character, a line break, or spaces that are not between words."
    return ""


def _hour(given: str, now: datetime, zone: ZoneInfo, side: Any) -> datetime | None:
    found = _HOUR.fullmatch(given)
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour > 23 or minute > 59:
        raise Unfit(f"{given!r} is not an hour.", _SUMMER)
    today = now.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
    if side == "past" and today > now:
        return today - timedelta(days=1)
    if side == "future" and today <= now:
        return today + timedelta(days=1)
    return today


def _whole(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise Unfit(f"{given!r} is not a moment.", _SUMMER) from None
    if moment.tzinfo is None:
        raise Unfit(f"{given!r} does not say its time zone.", _SUMMER)
    return moment
