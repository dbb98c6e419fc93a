"""What happens when somebody does not confirm: steps in the centre's configuration, each taken once for a message."""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.domain import limits

Act = Literal["second-channel", "deputy", "telephone"]
"""The same message by mail (or by SMS, where mail was asked); to who stands in for them; a list for who is on duty."""

Minutes = Annotated[int, Field(ge=0, le=limits.CONFIRM_MINUTES)]


class EscalationStep(BaseModel):
    """What is done for all who did not confirm, so long after the step before it; the first after the deadline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Act
    after_minutes: Minutes = 0


def _steps() -> tuple[EscalationStep, ...]:
    return STEPS


class Escalation(BaseModel):
    """How long people have to confirm, by lane, and what follows when they do not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urgent_minutes: Annotated[int, Field(ge=1, le=limits.CONFIRM_MINUTES)] = 15
    routine_minutes: Annotated[int, Field(ge=1, le=limits.CONFIRM_MINUTES)] = 240
    steps: tuple[EscalationStep, ...] = Field(default_factory=_steps, max_length=10)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        acts = [step.act for step in self.steps]
        if len(set(acts)) < len(acts):
            raise ValueError("an escalation does the same thing twice")
        return self

    def minutes(self, lane: str, asked: int | None) -> int:
        """From release to the deadline: what the message says, else what its lane has."""
        return asked or (self.urgent_minutes if lane == "urgent" else self.routine_minutes)

    def after_deadline(self, step: int) -> timedelta:
        """When this step (from 1) is taken, counted from the deadline."""
        return timedelta(minutes=sum(each.after_minutes for each in self.steps[:step]))


STEPS: Final = (
    EscalationStep(act="second-channel"),
    EscalationStep(act="deputy", after_minutes=10),
    EscalationStep(act="telephone", after_minutes=10),
)
