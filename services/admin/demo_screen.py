"""What the demo shows while it runs: what it is doing, what users type, and how far the message has come.

In a terminal the progress moves; anywhere else (a pipe, CI) it is a line now and then, without control characters.
With `--json` all of this goes to stderr, so that stdout is one document.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from services.admin.demo_place import Place
from services.domain.states import GOOD, OPEN
from services.store.status import Status

WIDE: Final = 120
"""Columns where no window says how many there are."""

LINE_EVERY: Final = 0.5
"""Seconds."""
WELL: Final = frozenset(state.word for state in GOOD)
UNDER_WAY: Final = frozenset(state.word for state in OPEN)


class Screen:
    """Where the demo writes. `seconds` counts from its beginning."""

    def __init__(self, place: Place, *, as_json: bool) -> None:
        self.out = _console(stderr=as_json)
        self._place, self._began, self._as_json = place, time.monotonic(), as_json

    @property
    def seconds(self) -> float:
        """How long the demo has taken so far."""
        return time.monotonic() - self._began

    def leave_out(self, seconds: float) -> None:
        """Do not count so much of what has passed: somebody was looking around."""
        self._began += seconds

    def open(self) -> None:
        """What this is, before anything takes time."""
        self.out.print("Roeland: a cyber incident, told to everybody on this machine. Nothing leaves it.", style="bold")
        self.told(f"All of it is in {self._place.short(self._place.folder)}")
        self.step("Starting Kafka, PostgreSQL, mail sink, Twilio stand-in, eight services")

    def step(self, what: str) -> None:
        """What begins now."""
        self.out.print()
        self.out.print(Text.assemble((f"{self.seconds:5.1f} s  ", "dim"), (what, "bold cyan")))

    def say(self, line: str) -> None:
        """What a part of the stack reports."""
        self.told(f"  {self._place.short(line)}")

    def typed(self, command: str) -> None:
        """A command as a user types it."""
        self.out.print(Text.assemble(("$ ", "dim"), command), soft_wrap=True)

    def told(self, line: str, style: str = "") -> None:
        """A line, whole: paths and addresses in it must be fit to be copied."""
        self.out.print(Text(line, style=style), soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[Callable[[Status], None]]:
        """Gives what shows how far the message has come; called as often as one likes."""
        if not self.out.is_terminal or self.out.is_dumb_terminal:
            lines = _Lines(self)
            yield lines.show
            lines.finish()
            return
        with Live(console=self.out, auto_refresh=False) as live:
            yield lambda status: live.update(_bars(status), refresh=True)

    def ended(self, *, well: bool) -> None:
        """The last words, when everything is stopped."""
        verdict = "Everybody was told." if well else "Not everybody was told."
        self.told(f"{verdict} The whole demo took {self.seconds:.1f} s.", style="bold green" if well else "bold red")


class _Lines:
    """Progress as lines: one when something changed, not too many a second, and the last one in any case."""

    def __init__(self, screen: Screen) -> None:
        self._screen, self._latest, self._shown, self._at = screen, "", "", 0.0

    def show(self, status: Status) -> None:
        """Take how it stands; show it when it is time for a line."""
        self._latest = " · ".join(f"{channel} {_words(counts)}" for channel, counts in status.channels.items())
        if time.monotonic() - self._at >= LINE_EVERY:
            self.finish()

    def finish(self) -> None:
        """Show how it stands, unless that was the last line."""
        if self._latest != self._shown:
            self._screen.told(f"{self._screen.seconds:5.1f} s  {self._latest}")
            self._shown, self._at = self._latest, time.monotonic()


def _bars(status: Status) -> Table:
    grid = Table.grid(padding=(0, 2))
    for channel, counts in status.channels.items():
        total, well = sum(counts.values()), sum(counts.get(word, 0) for word in WELL)
        grid.add_row(Text(f"  {channel}"), ProgressBar(total=total, completed=well, width=24), Text(_words(counts)))
    return grid


def _words(counts: Any) -> str:
    """`420 accepted, 357 to go`: what ended, and how much is still open."""
    ended = [f"{count} {word}" for word, count in counts.items() if word not in UNDER_WAY]
    to_go = sum(count for word, count in counts.items() if word in UNDER_WAY)
    return ", ".join([*ended, *([f"{to_go} to go"] if to_go else [])])


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    with suppress(AttributeError):  # a stream that somebody put in its place
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that is not UTF-8 shows ?
    made = Console(stderr=stderr, highlight=False)
    if made.is_terminal:
        return made
    columns = os.environ.get("COLUMNS", "")
    return Console(stderr=stderr, highlight=False, width=int(columns) if columns.isdecimal() else WIDE)
