"""How a command answers: one JSON document, or words for people; and how it refuses.

Nothing else in this door writes to stdout, so that whoever reads the JSON always reads exactly one document.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TextIO
from uuid import UUID

from services.runtime.errors import Foreseen

if TYPE_CHECKING:
    from rich.console import Console

DONE: Final = 0
REFUSED: Final = 1
WRONG_USAGE: Final = 2
TEXT_BETWEEN: Final = " · "
_INSTANT: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")  # as `instant` writes it
LET_THROUGH: Final = frozenset("\n\u00a0\u202f")  # line ends, and the spaces of typography
_only_for_json: ContextVar[TextIO | None] = ContextVar("only_for_json", default=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gives back: `document` for programs, `show` for people."""

    document: Any
    show: "Callable[[Console], None]"


@dataclass(frozen=True, slots=True)
class Spooled:
    """A document whose last field is a list too long for memory: `items` is a file with a line of JSON for each."""

    head: Any
    name: str
    items: TextIO


class Refusal(Exception):
    """The command was refused, or failed for a reason that was foreseen; exit code 1.

    `more` goes into the JSON. `missing`: what was named, as it was, and is not there.
    """

    def __init__(
        self,
        error: str,
        *,
        problems: Iterable[Any] = (),
        more: Mapping[str, Any] | None = None,
        missing: Iterable[object] = (),
    ) -> None:
        super().__init__(error)
        self.error, self.problems, self.more = error, list(problems), dict(more or {})
        self.missing = [str(each) for each in missing]


class Invalid(Refusal):
    """Refused for what was given, whatever the state of things: what is given must be mended."""


class Unanswered(Refusal):
    """A part of Roeland did not answer, and nothing was done: the same may be asked again."""


class InDoubt(Unanswered):
    """The database went away meanwhile: it may have been done all the same."""


class WrongUsage(Exception):
    """The command was not typed as it should be; exit code 2."""


@contextmanager
def stdout_for_json_alone() -> Iterator[None]:
    """Whatever else would write to stdout, a library or a help text, writes to stderr for as long as this lasts."""
    token = _only_for_json.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _only_for_json.reset(token)


def give(answer: Answer, *, as_json: bool) -> None:
    """Write the answer on stdout."""
    if as_json:
        _write_json(answer.document)
    else:
        answer.show(console())


def tell_refusal(refusal: Refusal, *, as_json: bool) -> None:
    """Say why on stderr in words, or on stdout in JSON."""
    problems = [as_plain(problem) for problem in refusal.problems]
    if as_json:
        _write_json({**refusal.more, "error": refusal.error, "problems": problems})
        return
    err = console(stderr=True)
    for problem in problems:
        _print(err, f"  {_place(problem)}: {problem.get('problem', '')} → {problem.get('remedy', '')}")
    _print(err, f"roeland: {refusal.error}", style="bold red")


def tell_wrong_usage(error: str, usage: str, *, as_json: bool) -> None:
    """Say how the command is typed."""
    if as_json:
        _write_json({"error": error, "problems": []})
        return
    err = console(stderr=True)
    for line in filter(None, [usage, f"roeland: {error}"]):
        _print(err, line)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> Any:
    """A rich table. Cells are text, never markup: a name may contain brackets."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text("" if cell is None else seen(at_home(str(cell)))) for cell in row))
    return made


def entries(found: Iterable[tuple[str, Sequence[object]]], *, none: str) -> "Callable[[Console], None]":
    """Shows each as a line that can be copied whole, and below it, indented, what else is known; or `none`."""
    told = [line for head, more in found for line in (head, f"    {TEXT_BETWEEN.join(map(str, filter(None, more)))}")]
    return lines(*(told or [none]))


def lines(*texts: str) -> "Callable[[Console], None]":
    """Shows plain lines, as they are."""

    def show(out: "Console") -> None:
        for text in texts:
            _print(out, text)

    return show


def seen(text: str) -> str:
    """What others wrote may hold characters that move the cursor or turn the line round: they are shown, not obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in LET_THROUGH else c.encode("unicode_escape").decode() for c in text)


def as_plain(value: Any) -> Any:
    """A value as JSON knows it: times in UTC to the millisecond with Z, dataclasses as objects, sets sorted."""
    if is_dataclass(value) and not isinstance(value, type):
        return as_plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): as_plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(as_plain, value))
    if isinstance(value, list | tuple):
        return [as_plain(each) for each in value]
    if isinstance(value, datetime):
        return instant(value)
    return str(value) if isinstance(value, UUID | Enum) else value


def instant(moment: datetime) -> str:
    """`2026-11-23T15:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at_home(text: str) -> str:
    """Instants as people read them, `2026-11-23 16:00:00`: by the centre's clock, and not an hour or two behind it."""
    return _INSTANT.sub(_by_our_clock, text) if "Z" in text else text


def _by_our_clock(found: re.Match[str]) -> str:
    from services.rendering.centre import zone_in_force

    try:
        zone = zone_in_force()
    except Foreseen:  # whoever is to mend it reads UTC meanwhile
        return found[0]
    return f"{datetime.fromisoformat(found[0]).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def console(*, stderr: bool = False) -> "Console":
    """Where people read; wide when nobody's window limits it, so that a pipe gets whole lines."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, soft_wrap=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=200)


def _place(problem: Mapping[str, Any]) -> str:
    line = f"line {problem['line']}" if problem.get("line") else None
    return TEXT_BETWEEN.join(filter(None, [problem.get("place"), line, problem.get("column")]))


def _print(out: "Console", text: str, style: str | None = None) -> None:
    out.print(seen(at_home(text)), style=style, markup=False, soft_wrap=True)


def _write_json(document: Any) -> None:
    out = _only_for_json.get() or sys.stdout
    if isinstance(document, Spooled):
        _write_spooled(document, out)
    else:
        json.dump(as_plain(document), out, ensure_ascii=False)
    out.write("\n")
    out.flush()


def _write_spooled(document: Spooled, out: TextIO) -> None:
    head = json.dumps(as_plain(document.head), ensure_ascii=False)
    out.write(f"{head.removesuffix('}')}, {json.dumps(document.name)}: [")
    document.items.seek(0)
    for number, line in enumerate(document.items):
        out.write((", " if number else "") + line.rstrip("\n"))
    out.write("]}")
