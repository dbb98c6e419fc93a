"""How the demo's texts, feeds, outcomes and figures look on the screen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.admin.demo_outcomes import Outcome
from services.admin.demo_place import Place
from services.admin.demo_received import Feed, Sms
from services.domain.configuration import DEFAULT
from services.domain.lanes import CHANNELS

if TYPE_CHECKING:
    from services.admin.demo_report import Report


def texts(out: Console, found: Sequence[Sms]) -> None:
    """Each different text, with what it takes."""
    for sms in found:
        size = f"{sms.encoding}, {sms.segments} segment{'s' if sms.segments != 1 else ''}, {sms.characters} characters"
        names = ", ".join(audience_name(each) for each in sms.audiences)
        out.print(Panel(Text(sms.body), title=Text(size, style="bold"), title_align="left", width=min(out.width, 84)))
        out.print(Text(f"to {_many(sms.recipients, 'number', 'numbers')}: {names}\n", style="dim"))


def feeds(out: Console, found: Sequence[Feed]) -> None:
    """Their addresses, and what stands first in the public one."""
    for feed in found:
        out.print(
            Text.assemble(
                (f"{audience_name(feed.audience)}, {_many(feed.entries, 'entry', 'entries')}\n", "dim"), feed.url
            ),
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
        table.add_row(audience_name(audience), *cells)
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


def places(out: Console, report: "Report", place: Place, *, keep: bool) -> None:
    """Where every mail is, and how to open one."""
    maildir = place.short(report.maildir)
    shown = [
        ("every mail, a file each", f"{maildir}/new"),
        ("with a mail program", f"mutt -f {maildir}"),
        ("as readers see it, in a browser", f"{place.short(report.pages)}/governors.html, …"),
        ("what the programs logged", place.short(report.logs)),
    ]
    if not keep:
        shown.append(("the feeds, once more and for longer", "roeland demo --keep"))
    for what, where in shown:
        out.print(Text.assemble((f"{what:<36}", "dim"), where), soft_wrap=True)


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


def audience_name(audience: str) -> str:
    """What an audience is called in English; its id when it is not configured."""
    try:
        return DEFAULT.audience(audience).names["en"]
    except KeyError:
        return audience
