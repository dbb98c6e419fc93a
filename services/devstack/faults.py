"""What the stand-ins do wrong, when told to: one small language for mail, Twilio and Sinch.

A rule names a moment and what to do there. The tests that show that nothing is lost and the demo use the same rules,
over the same control endpoint (`control.py`; examples in docs/devstack.md).
"""

import random
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

Action = Literal["reply", "delay", "drop", "forget", "refuse", "never", "duplicate", "fail"]

_PROVIDER: Final[Mapping[str, frozenset[str]]] = {
    "connect": frozenset({"drop", "refuse"}),
    "request": frozenset({"reply", "delay", "drop", "forget"}),  # before it is stored
    "response": frozenset({"reply", "delay", "drop", "forget"}),  # after it is stored
    "lookup": frozenset({"reply", "delay", "drop", "forget"}),  # fetch and list
    "callback": frozenset({"never", "delay", "duplicate", "fail"}),
}

MOMENTS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "mail": {
        "connect": frozenset({"reply", "delay", "drop", "forget", "refuse"}),
        **dict.fromkeys(
            ("ehlo", "auth", "mail", "rcpt", "data", "body", "after-body"),
            frozenset({"reply", "delay", "drop", "forget"}),
        ),
    },
    "twilio": _PROVIDER,
    "sinch": _PROVIDER,
}
"""What each stand-in can do wrong, and when."""

WITHOUT_RECIPIENT: Final = frozenset({"connect", "ehlo", "auth", "mail"})


class Rule(BaseModel):
    """One thing that goes wrong."""

    model_config = ConfigDict(extra="forbid")

    at: str
    do: Action
    match: str | None = None
    """Regular expression, searched in the recipient (address or number); None: everyone."""
    count: Annotated[int, Field(ge=1)] | None = None
    """How many times; None: until it is taken away. Counted down as it is used."""
    probability: Annotated[float, Field(gt=0, le=1)] = 1
    delay_seconds: Annotated[float, Field(ge=0)] = 0
    """Waited before the action, whatever it is; with `delay` that is all, and all goes on as usual."""
    code: int | None = None
    """`reply`: SMTP code or HTTP status. `fail`: the provider's error code (Twilio's 30003 …, Sinch's 27 …)."""
    error: int | None = None
    """`reply` of Twilio: its own code (20429 …)."""
    text: str | None = None
    """`reply`: what is said with the code."""
    retry_after: Annotated[int, Field(ge=0)] | None = None
    """`reply` of Twilio or Sinch: seconds in the header Retry-After."""
    status: Literal["failed", "undelivered"] = "undelivered"
    """`fail`: the message's last status."""

    @field_validator("match")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as problem:
            raise ValueError(f"not a regular expression: {problem}") from None
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.do == "reply" and self.code is None:
            raise ValueError("reply needs a code")
        if self.match is not None and self.at in WITHOUT_RECIPIENT:
            raise ValueError(f"at {self.at} there is no recipient yet to match")
        return self


class Faults:
    """The rules in force at one stand-in."""

    def __init__(self, stand_in: Literal["mail", "twilio", "sinch"]) -> None:
        self.moments = MOMENTS[stand_in]
        self.rules: list[Rule] = []
        self._chance = random.Random(0)  # noqa: S311  (seeded on purpose: the same faults in every run)

    def put(self, body: object) -> None:
        """Replace all rules by `body`: a rule or a list of rules. Raises `ValueError` with what is wrong."""
        rules = _RULES.validate_python(body if isinstance(body, list) else [body])
        for rule in rules:
            if rule.do not in self.moments.get(rule.at, ()):
                raise ValueError(f"{rule.at}/{rule.do}: not one of {_listing(self.moments)}")
        self.rules = rules
        self._chance.seed(0)

    def hit(self, at: str, *recipients: str) -> Rule | None:
        """The first rule that applies now, counted down; None: nothing goes wrong."""
        for rule in self.rules if self.rules else ():
            if rule.at == at and _matches(rule, recipients) and self._chance.random() < rule.probability:
                self._count_down(rule)
                return rule
        return None

    @property
    def refusing(self) -> bool:
        """Whether connections are to be refused altogether."""
        return any(rule.do == "refuse" for rule in self.rules)

    def _count_down(self, rule: Rule) -> None:
        if rule.count is None:
            return
        rule.count -= 1
        if rule.count == 0:
            self.rules = [other for other in self.rules if other is not rule]


_RULES: Final = TypeAdapter(list[Rule])


def _matches(rule: Rule, recipients: tuple[str, ...]) -> bool:
    return rule.match is None or any(re.search(rule.match, recipient) for recipient in recipients)


def _listing(moments: Mapping[str, frozenset[str]]) -> str:
    return "; ".join(f"{at}: {', '.join(sorted(actions))}" for at, actions in moments.items())
