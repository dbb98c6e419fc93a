"""The same message as several audiences read it: side by side where there is room, with a mark at what differs."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.admin.demo_received import Mail
from services.admin.demo_tables import audience_name

ROOM_FOR_COLUMNS: Final = 100
"""Below so many columns the mails stand one under another."""
MARK: Final = "▌"
LEAD: Final = re.compile(r" *(- |\d+\. )?")


def show_mails(out: Console, compared: Mapping[str, Mail]) -> None:
    """Mails of several audiences, with a mark at what not all of them read."""
    out.print(Text.assemble((MARK, "green"), " stands at what not all three of them read.\n"))
    readers = Counter(
        words for mail in compared.values() for words in {_cut(line)[1] for line in mail.text.splitlines()}
    )
    common = {words for words, many in readers.items() if many == len(compared)}
    panels = [_mail(audience, mail, common) for audience, mail in compared.items()]
    if out.width < ROOM_FOR_COLUMNS:
        out.print(*panels, sep="\n")
        return
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in panels:
        grid.add_column(ratio=1)
    grid.add_row(*panels)
    out.print(grid)


def _mail(audience: str, mail: Mail, common: Collection[str]) -> Panel:
    head = Text.assemble(("To:      ", "dim"), f"{mail.to}\n", ("Subject: ", "dim"), (mail.subject, "bold"), "\n")
    body = [_line(*_cut(line), common) for line in mail.text.splitlines()]
    return Panel(
        Group(head, *body), title=Text(audience_name(audience), style="bold"), title_align="left", box=box.ROUNDED
    )


def _line(lead: str, words: str, common: Collection[str]) -> RenderableType:
    """A line of a mail; where it is too long, it goes on below its words, not below its dash or number."""
    only = bool(words) and words not in common
    grid = Table.grid(padding=0)
    grid.add_column(width=2 + len(lead))
    grid.add_column(overflow="fold")
    mark = Text.assemble((MARK if only else " ", "green"), f" {lead}")
    grid.add_row(mark, Text(words or " ", style="green" if only else ""))
    return grid


def _cut(line: str) -> tuple[str, str]:
    """A line's indent with its dash or number, and its words."""
    lead = LEAD.match(line)
    return (lead[0], line[lead.end() :].strip()) if lead else ("", line.strip())
