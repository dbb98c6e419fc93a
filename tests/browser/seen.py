"""What was seen of a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Look = tuple[int, str]
"""Width in CSS pixels, and `light` or `dark`."""


@dataclass
class Seen:
    """By look what axe-core says and what sticks out; what is loaded from elsewhere, and what the console said."""

    status: int = 0
    violations: dict[Look, list[str]] = field(default_factory=dict)
    wider: dict[Look, list[str]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    complaints: set[str] = field(default_factory=set)

    def flawless(self) -> "Seen":
        """Itself, where there is nothing to say against it; else an AssertionError that says what."""
        assert not any(self.violations.values()), self.violations
        assert not any(self.wider.values()), f"scrolls sideways: {self.wider}"
        assert not self.elsewhere, f"loads from elsewhere: {self.elsewhere}"
        assert not self.complaints, f"the console says: {self.complaints}"
        return self


def violation(found: Mapping[str, Any]) -> str:
    """A violation as axe-core reports it, in a line."""
    nodes = [f"{node['html'][:160]} {node.get('failureSummary', '')}" for node in found["nodes"][:4]]
    return f"{found['id']}: {found['help']}: {nodes}"
