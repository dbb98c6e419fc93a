"""How many must approve a message, and in which role: a table in the centre's configuration, read by a pure rule.

Every rule that fits a message must be met, so that a stricter one for some is written beside the general one. One
approval by somebody else than the author is needed always, whatever the table says.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from services.domain.identity import Role, may

Some = Annotated[tuple[str, ...], Field(min_length=1)]


class ApprovalRule(BaseModel):
    """So many approvals, each by someone with one of `roles`, for messages that fit. What is left out fits all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: Some | None = None
    urgencies: Some | None = None
    audiences: Some | None = Field(default=None, description="Fits a message that goes to one of them.")
    roles: Annotated[tuple[Role, ...], Field(min_length=1)] = ("approver", "crisis-manager")
    count: int = Field(default=1, ge=1, le=5)

    def fits(self, *, kind: str, urgency: str, audiences: Collection[str]) -> bool:
        """Whether it is about such a message."""
        return (
            (self.kinds is None or kind in self.kinds)
            and (self.urgencies is None or urgency in self.urgencies)
            and (self.audiences is None or not set(self.audiences).isdisjoint(audiences))
        )


ONE_OTHER: Final = ApprovalRule()


def lacking(
    rules: Iterable[ApprovalRule],
    approvals: Sequence[Collection[str]],
    *,
    kind: str,
    urgency: str,
    audiences: Collection[str],
) -> list[str]:
    """What is still needed, in words; empty when the message may be released.

    `approvals`: the roles of each of those who approved it, every one of them once, its authors not among them.
    """
    fitting = [rule for rule in rules if rule.fits(kind=kind, urgency=urgency, audiences=audiences)]
    return [
        f"{missing} more by {' or '.join(rule.roles)}"
        for rule in dict.fromkeys((ONE_OTHER, *fitting))
        if (missing := rule.count - sum(1 for roles in approvals if not set(rule.roles).isdisjoint(roles))) > 0
    ]


def impossible(rule: ApprovalRule) -> str | None:
    """Why nobody could ever meet this rule; None when somebody can."""
    if idle := [role for role in rule.roles if not may("approve", [role])]:
        return f"{', '.join(idle)} may not approve"
    return None
