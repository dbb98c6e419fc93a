"""How the demo's figures, mails, texts and feeds look on the screen: three mails side by side where there is room."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.admin.demo_outcomes import Outcome
from services.admin.demo_place import Place
from services.admin.demo_received import Feed, Mail, Sms
from services.domain.configuration import DEFAULT
from services.domain.lanes import CHANNELS

if TYPE_CHECKING:
    from services.admin.demo_report import Report

ROOM_FOR_COLUMNS: Final = 100
"""Below so many columns the mails stand one under another."""
MARK: Final = "▌"


def mails(out: Console, compared: Mapping[str, Mail]) -> None:
    """Mails of several audiences, with a mark at what only one of them reads."""
    out.print(Text.assemble((MARK, "green"), " stands where only this audience reads it.\n"))
    lines = Counter(line for mail in compared.values() for line in {*mail.text.splitlines()})
    panels = [_mail(audience, mail, lines) for audience, mail in compared.items()]
    if out.width < ROOM_FOR_COLUMNS:
        out.print(*panels, sep="\n")
        return
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in panels:
        grid.add_column(ratio=1)
    grid.add_row(*panels)
    out.print(grid)


def _mail(audience: str, mail: Mail, lines: Mapping[str, int]) -> Panel:
    head = Text.assemble(("To:      ", "dim"), f"{mail.to}\n", ("Subject: ", "dim"), (mail.subject, "bold"), "\n")
    body = Table.grid(padding=0)
    body.add_column(width=2)
    body.add_column(overflow="fold")
    for line in mail.text.splitlines():
        only = bool(line.strip()) and lines[line] == 1
        body.add_row(Text(f"{MARK} " if only else "", style="green"), Text(line, style="green" if only else ""))
    return Panel(Group(head, body), title=Text(_name(audience), style="bold"), title_align="left", box=box.ROUNDED)


def texts(out: Console, found: Sequence[Sms]) -> None:
    """Each different text, with what it takes."""
    for sms in found:
        size = f"{sms.encoding}, {sms.segments} segment{'s' if sms.segments != 1 else ''}, {sms.characters} characters"
        names = ", ".join(_name(each) for each in sms.audiences)
        out.print(Panel(Text(sms.body), title=Text(size, style="bold"), title_align="left", width=min(out.width, 84)))
        out.print(Text(f"to {sms.recipients} numbers: {names}", style="dim"))


def feeds(out: Console, found: Sequence[Feed]) -> None:
    """Their addresses, and what stands first in the public one."""
    for feed in found:
        out.print(
            Text.assemble((f"{_name(feed.audience)}, {_many(feed.entries, 'entry', 'entries')}\n", "dim"), feed.url),
            soft_wrap=True,
        )
    for feed in found:
        if feed.audience == "public" and feed.entries:
            body = Text.assemble((f"{feed.title}\n", "bold"), feed.summary)
            out.print(Panel(body, title="the public feed", title_align="left", width=min(out.width, 84)))


def outcomes(out: Console, found: Sequence[Outcome]) -> None:
    """Audience × channel × outcome, in contacts (for a newsfeed: entries)."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    table.add_column("audience", footer="all")
    for channel in CHANNELS:
        table.add_column(channel, footer=_cell([o for o in found if o.channel == channel]))
    for audience in DEFAULT.in_order({o.audience for o in found}):
        cells = [_cell([o for o in found if (o.audience, o.channel) == (audience, channel)]) for channel in CHANNELS]
        table.add_row(_name(audience), *cells)
    out.print(table)


def figures(out: Console, report: "Report") -> None:
    """The times, and how many."""
    deliveries = sum(o.deliveries for o in report.outcomes)
    table = Table.grid(padding=(0, 2))
    for what, seconds in (
        ("everything started", report.up_seconds),
        ("approval → first recipient accepted", report.seconds_to_first),
        ("approval → last recipient accepted", report.seconds_to_last),
    ):
        table.add_row(what, Text("never" if seconds is None else f"{seconds:.2f} s", style="bold", justify="right"))
    out.print(table)
    out.print(
        f"{report.contacts} contacts, {deliveries} deliveries: {report.mails} mails, {report.texts} texts,"
        f" {len(report.feeds)} feeds; {report.status.possible_duplicates} possible duplicates"
    )


def places(out: Console, report: "Report", place: Place) -> None:
    """Where every mail is, and how to open one."""
    maildir = place.short(report.maildir)
    shown = [
        ("every mail, a file each", f"{maildir}/new"),
        ("with a mail program", f"mutt -f {maildir}"),
        ("as readers see it, in a browser", f"{place.short(report.pages)}/governors.html, …"),
        ("what the programs logged", place.short(report.logs)),
    ]
    table = Table.grid(padding=(0, 2))
    for what, where in shown:
        table.add_row(Text(what, style="dim"), where)
    out.print(table)


def problems(out: Console, found: Sequence[Mapping[str, str]]) -> None:
    """What was not as it should be."""
    for each in found:
        out.print(Text(f"{each['place']}: {each['problem']}", style="bold red"))


def _cell(found: Sequence[Outcome]) -> Text:
    totals: Counter[tuple[str, bool]] = Counter()
    for each in found:
        totals[each.outcome, each.good] += each.contacts
    parts = [Text(f"{count} {word}", style="green" if good else "bold red") for (word, good), count in totals.items()]
    return Text(", ").join(parts) if parts else Text("–", style="dim")


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _name(audience: str) -> str:
    try:
        return DEFAULT.audience(audience).names["en"]
    except KeyError:
        return audience
