"""Who is told first: the steps in which a message goes out, and which delivery is in which of them. Pure.

Mayors complained that they heard it from the press. So a message may say: governors first, then the mayors, the feed
last. A step is a set of deliveries; it opens when the step before it has had its time, or has been delivered.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.domain.message_fields import Audiences, Channel, wrong

STEPS: Final = 10
SECONDS: Final = 24 * 3600
"""No step waits longer than this: whoever is told a day later is sent a message of its own."""
AT_MOST: Final = 30 * 60
"""Seconds that a step waits for a share, unless its file says otherwise: some addresses always bounce."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


class Condition(BaseModel):
    """So many percent of the step before were accepted, of those who are not suppressed; waited for `at_most` s."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    accepted: int = Field(ge=1, le=100)
    at_most: int = Field(default=AT_MOST, ge=1, le=SECONDS)


class ReleaseStep(BaseModel):
    """One step, as it travels and is kept. None is all of them; `after` in seconds since the step before opened."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    audiences: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    after: int = Field(default=0, ge=0, le=SECONDS)
    when: Condition | None = None

    def names(self, audience: str, channel: str) -> bool:
        """Whether this audience's deliveries on this channel are meant."""
        return (self.audiences is None or audience in self.audiences) and (
            self.channels is None or channel in self.channels
        )


def step_of(order: Sequence[ReleaseStep], audience: str, channel: str) -> int:
    """In which step, from 0: the first that names it; what none names is in the last."""
    return next((number for number, step in enumerate(order) if step.names(audience, channel)), max(len(order) - 1, 0))


def waits_for(step: ReleaseStep) -> str:
    """What opens this step, in the words of the file: `after 5m and 95% accepted, at most 30m`; empty for the first."""
    parts = [f"after {duration(step.after)}"] if step.after else []
    if step.when:
        parts.append(f"{step.when.accepted}% accepted, at most {duration(step.when.at_most)}")
    return " and ".join(parts)


def duration(seconds: int) -> str:
    """As the file has it: 90s, 5m, 2h."""
    unit = next((unit for unit in ("h", "m") if seconds and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"


def _seconds(value: Any) -> int:
    found = re.fullmatch(r"(\d{1,6})([smh])", value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{value!r} is not a duration.", "Write it as 90s, 5m or 2h.")
    if (seconds := int(found[1]) * _UNITS[found[2]]) > SECONDS:
        raise wrong(f"{value!r} is longer than a day.", "At most 24h: send a message of its own to who hears it later.")
    return seconds


def _percent(value: Any) -> int:
    found = re.fullmatch(r"(\d{1,3}) ?%", value.strip()) if isinstance(value, str) else None
    if found is None or not 1 <= int(found[1]) <= 100:
        raise wrong(f"{value!r} is not a share.", "Write it from 1% to 100%, as in `accepted: 95%`.")
    return int(found[1])


Duration = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=str)]
Share = Annotated[int, BeforeValidator(_percent, json_schema_input_type=str)]


class FileCondition(BaseModel):
    """Opens when this share of the step before was accepted; after `at_most` it opens all the same."""

    model_config = ConfigDict(extra="forbid")

    accepted: Share
    at_most: Duration = AT_MOST


class FileStep(BaseModel):
    """A step: for these audiences (left out: all) on these channels (left out: all). The first opens at release."""

    model_config = ConfigDict(extra="forbid")

    audiences: Annotated[Audiences, Field(min_length=1)] | None = None
    channels: Annotated[list[Channel], Field(min_length=1)] | None = None
    after: Duration = 0
    when: FileCondition | None = None


def kept(step: FileStep) -> ReleaseStep:
    """A step of a file, as it travels."""
    return ReleaseStep(
        audiences=_each_once(step.audiences), channels=_each_once(step.channels), after=step.after,
        when=Condition(accepted=step.when.accepted, at_most=step.when.at_most) if step.when else None,
    )  # fmt: skip


def as_written(step: ReleaseStep) -> dict[str, Any]:
    """The same step in the shape of a file."""
    plain: dict[str, Any] = {"audiences": step.audiences, "channels": step.channels, "after": f"{step.after}s"}
    if step.when:
        plain["when"] = {"accepted": f"{step.when.accepted}%", "at_most": f"{step.when.at_most}s"}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items() if v is not None}


def complaints(
    order: Sequence[ReleaseStep], audiences: Sequence[str], channels: Sequence[str]
) -> Iterator[tuple[int | None, str, str, str]]:
    """What is wrong with an order, as (step, field, problem, remedy); `audiences` are empty when nobody can say yet."""
    if len(order) == 1:
        yield None, "", "One step is no order: everything is in it.", "Add a step, with `after:` or `when:`."
    for number, step in enumerate(order):
        if step.audiences is None and step.channels is None:
            yield number, "", "This step names nobody.", "Give it `audiences:`, `channels:`, or both."
        yield from ((number, *each) for each in _waiting(number, step))
        for field, named, there in (("audiences", step.audiences, audiences), ("channels", step.channels, channels)):
            if there and (strange := [each for each in named or () if each not in there]):
                what = f"The message does not go to {', '.join(strange)}."
                yield number, field, what, f"Name them in `{field}` of the message, or take them out here."


def _waiting(number: int, step: ReleaseStep) -> Iterator[tuple[str, str, str]]:
    if number == 0 and (step.after or step.when):
        yield "after" if step.after else "when", "The first step opens at release.", "To release later: `release_at:`."
    elif number and not step.after and not step.when:
        yield "", "It does not say what it waits for.", "Add `after: 5m`, or `when: {accepted: 95%, at_most: 30m}`."
    elif step.when and step.when.at_most < step.after:
        yield "when", "It waits longer `after` the step before than `at_most` allows.", "Make `at_most` the longer."


def _each_once(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return tuple(dict.fromkeys(names)) if names else None
