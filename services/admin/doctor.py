"""`roeland doctor`: what is wrong with a set-up, in plain words, and how to mend it."""

from typing import TYPE_CHECKING

import typer

from services.admin.answers import Answer, Refusal, as_plain, table
from services.admin.command import command

if TYPE_CHECKING:
    from services.admin.checks import Found


def declare(app: typer.Typer) -> None:
    """`doctor` is a command of its own, in no group."""
    command(app, "doctor", examples=["doctor", "doctor --json"])(doctor)


async def doctor() -> Answer:
    """Look at everything that a message needs on its way, and say what stands in it.

    Exit code 1 when something would keep a message from its recipients; what is only remarked on does not.
    """
    from services.admin.checks import examine

    return _told(await examine())


def _told(found: "list[Found]") -> Answer:
    wrong = [each for each in found if each.state == "problem"]
    document = {"ok": not wrong, "checks": as_plain(found)}
    if wrong:
        problems = [{"place": each.what, "problem": each.found, "remedy": each.remedy} for each in wrong]
        count = f"{len(wrong)} thing{'s' if len(wrong) > 1 else ''} would keep a message from its recipients"
        raise Refusal(count, problems=problems, more=document)
    signs = {"ok": "✓", "remark": "!"}
    rows = [(signs[each.state], each.what, each.found, each.remedy) for each in found]
    return Answer(document, lambda out: out.print(table(["", "", "found", "what to do"], rows)))
