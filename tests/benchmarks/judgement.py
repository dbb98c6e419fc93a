"""What a figure is, and when a run counts: pure, so that a test can hold it to its word."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


class FailedRun(Exception):
    """A run that does not count; the text says why."""


@dataclass(frozen=True)
class Target:
    """What was promised: `value` in the figure's unit, at least or at most."""

    bound: Literal["at least", "at most"]
    value: float

    def met(self, value: float) -> bool:
        """Whether this value keeps the promise."""
        return value >= self.value if self.bound == "at least" else value <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.bound == 'at least' else '≤'} {self.value:g}"


@dataclass(frozen=True)
class Figure:
    """One figure as it was measured, in one run or several. `value` None: it could not be measured, `reason` why.

    `met` None: there was nothing to compare it with, or `excuse` names the bound that the machine set.
    """

    figure: str
    unit: str
    target: Target
    value: float | None = None
    values: Sequence[float] = ()
    reason: str | None = None
    comparable: bool = True
    excuse: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None when that cannot be said."""
        if self.value is None or not self.comparable:
            return None
        met = self.target.met(self.value)
        return None if not met and self.excuse else met

    def line(self, machine: Mapping[str, Any]) -> str:
        """The figure as one line of JSON, with the machine that it was taken on."""
        return json.dumps(
            {
                "figure": self.figure, "value": rounded(self.value), "unit": self.unit, "target": str(self.target),
                "met": self.met, "values": [rounded(value) for value in self.values], "spread": spread(self.values),
                "comparable": self.comparable, "reason": self.reason, "excuse": self.excuse, "details": self.details,
                "machine": machine,
            },
            ensure_ascii=False,
        )  # fmt: skip


def figure_of(name: str, unit: str, target: Target, values: Sequence[float], **more: Any) -> Figure:
    """A figure of several runs: the median is its value."""
    return Figure(name, unit, target, value=median(values), values=list(values), **more)


def failed(name: str, unit: str, target: Target, reason: str) -> Figure:
    """A figure that could not be measured."""
    return Figure(name, unit, target, reason=reason)


@dataclass(frozen=True)
class Account:
    """What the ledger says of a message on one channel, and what its sink counted meanwhile."""

    recipients: int
    state: str
    counts: Mapping[str, int]
    """Contacts by state, as `roeland message status` says."""
    possible_duplicates: int
    at_sink: int

    @property
    def accepted(self) -> int:
        """How many the ledger has as taken by the peer, reports of what became of them included."""
        return self.counts.get("accepted", 0) + self.counts.get("delivered", 0)


def complaints(account: Account) -> list[str]:
    """Why a run does not count; empty: ledger and sink agree, everyone was told, and nobody twice."""
    found = []
    if account.state != "done":
        found.append(f"the message is {account.state}, not done")
    if account.accepted != account.recipients:
        found.append(f"the ledger has {account.accepted} accepted of {account.recipients} ({dict(account.counts)})")
    if account.at_sink != account.accepted:
        found.append(f"the sink counted {account.at_sink}, the ledger {account.accepted}")
    if account.possible_duplicates:
        found.append(f"{account.possible_duplicates} possible duplicates although nothing failed")
    return found


def judge(account: Account) -> None:
    """Raises `FailedRun` for a run that does not count."""
    if found := complaints(account):
        raise FailedRun("; ".join(found))


def spread(values: Sequence[float]) -> list[float | None] | None:
    """Lowest and highest; None for no values."""
    return [rounded(min(values)), rounded(max(values))] if values else None


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed: nearest rank, so always one that was measured."""
    ranked = sorted(values)
    return ranked[max(0, -(-int(share * 1000) * len(ranked) // 1000) - 1)]


def short(text: str) -> str:
    """The first line of a reason, and not too much of that."""
    line = text.partition("\n")[0]
    return line if len(line) <= 100 else line[:99] + "…"


def rounded(value: float | None) -> float | None:
    """Four significant digits: no figure here is better than that."""
    return None if value is None else float(f"{value:.4g}")


def table(figures: Sequence[Figure]) -> str:
    """All figures for people."""
    rows = [("figure", "value", "spread", "target", "met")]
    for each in figures:
        low_high = spread(each.values)
        rows.append(
            (
                each.figure,
                "failed" if each.value is None else f"{rounded(each.value):g} {each.unit}",
                f"{low_high[0]:g} – {low_high[1]:g} ({len(each.values)})" if low_high else "",
                str(each.target),
                {True: "yes", False: "NO", None: short(each.reason or each.excuse or "not comparable")}[each.met],
            )
        )
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:4]] + [0]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(lines)
