"""`roeland alarms`: what somebody must know now, and what to do about it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, entries, instant, lines
from services.admin.command import command

if TYPE_CHECKING:
    from rich.console import Console

    from services.runtime.postgres import Connection
    from services.store.alarms import Rung
    from services.store.messages import Message
    from services.store.status import Status

REMEDIES: Final = {
    "stalled": "Work lies still: see whether the channel's worker, and its relay or provider, are there: "
    "`roeland doctor`, then its log.",
    "failures": "Many are refused. `roeland message status ID` counts them; pause the message while you look into it: "
    "`roeland message pause ID`.",
    "update-overdue": "People were promised word, and got none: submit an update in this incident, "
    "if only to say when the next one comes: `roeland message submit FILE`.",
    "left-paused": "It was paused for a correction, and that will not be sent: say whether it goes on, "
    "`roeland message resume ID` or `roeland message stop ID`, or submit another correction.",
    "cannot-send": "Nothing goes out on this channel until somebody mends what it says: password, account or sender. "
    "`roeland doctor` asks again. What waits goes by itself then; nothing was marked failed.",
    "sms-silent": "No provider takes an SMS, and who waited for an urgent one got it by mail. Look at the other "
    "alarms and at `roeland doctor`, and call who has no mail. The SMS go by themselves when somebody takes them.",
    "provider-out": "The second provider carries SMS. Mend what it says, and the first is used again by itself.",
    "carrier-filtered": "Carriers take these SMS for spam: look at the text (links, capitals), and ask the provider's "
    "support. Who did not get one is in `roeland message who ID`.",
    "glass-broken": "One person released this message alone. Read it, and say as a second person whether that was "
    "right: `roeland message confirm ID`, or `roeland message dispute ID --reason …`.",
    "opted-out": "Numbers want no more SMS, and get none: see whose they are, and tell them otherwise, "
    "`roeland sms opt-outs list`.",
    "edition-missed": "Nothing of it is lost: it stands in the next edition. If it cannot wait, submit a message. Was "
    "newsletter, or PostgreSQL, away, or did nobody approve it? `roeland newsletter history NAME`, `roeland doctor`.",
    "edition-fails": "It cannot be made or rendered, and is tried until it is too late: see the log of newsletter "
    "for `edition_failed`, of editorial for `proof_failed`. A template, or an audience that is configured no more?",
    "events-failed": "Something from outside led to nothing: `roeland sources events --failed` says why. Mend the "
    "mapping (docs/events.md; `roeland config check FILE`), then `roeland sources replay ID`.",
    "webhook-failing": "It took nothing for days, or said that it is gone, and gets nothing more: ask who runs it. "
    "`roeland webhooks deliveries`, then `roeland webhooks enable ID`, or `remove`.",
}
"""By kind (`services.store.alarms`)."""
OTHERWISE: Final = "See docs/operations.md."
LATELY: Final = timedelta(days=1)


def declare(app: typer.Typer) -> None:
    """`alarms` is a command of its own, in no group."""
    command(app, "alarms", examples=["alarms", "alarms --all --json"])(alarms)


async def alarms(
    everything: Annotated[bool, typer.Option("--all", help="Also those that were cleared in the last day.")] = False,
) -> Answer:
    """The alarms that stand: what is wrong, since when, and what to do about it."""
    from services.admin.acting import acting
    from services.store.alarms import rung

    async with acting() as (connection, _):
        found = await rung(connection, cleared_within=LATELY if everything else timedelta(0))
    none = "no alarm stands" + ("" if everything else "; `roeland alarms --all` shows those of the last day")
    return Answer([_document(each) for each in found], entries(map(_shown, found), none=none))


async def about(connection: "Connection", message: "Message", status: "Status") -> "list[Rung]":
    """The standing alarms that concern this message: its own, and those of a channel that it waits for."""
    from services.store.alarms import CANNOT_SEND, rung
    from services.store.status import OPEN_WORDS

    waiting = {channel for channel, counts in status.channels.items() if not counts.keys().isdisjoint(OPEN_WORDS)}
    return [
        each
        for each in await rung(connection)
        if each.message == message.id or (each.kind == CANNOT_SEND and each.subject in waiting)
    ]


def show_briefly(out: "Console", found: "Sequence[Rung]") -> None:
    """Each in a line, and where there is more."""
    for each in found:
        lines(f"alarm {each.kind}, {_what(each)}, since {instant(each.since)}: `roeland alarms`")(out)


def remedy(kind: str) -> str:
    """What to do about an alarm of this kind."""
    return REMEDIES.get(kind, OTHERWISE)


def _shown(each: "Rung") -> tuple[str, list[str]]:
    until = f", cleared {instant(each.cleared_at)}" if each.cleared_at else ""
    head = f"{each.kind}  {_what(each)}  since {instant(each.since)}{until}"
    return head, [_in_words(each.detail), "" if each.cleared_at else remedy(each.kind)]


def _what(each: "Rung") -> str:
    """People know a message by its id; the record, by its number."""
    number, _, channel = each.subject.partition("/")
    if each.message and channel and str(each.detail.get("message")) == number:
        return f"{channel} of {each.message}"
    return each.subject


def _in_words(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(detail.items()) if name != "message")


def _document(each: "Rung") -> dict[str, Any]:
    return {
        "kind": each.kind,
        "subject": each.subject,
        "message": each.message,
        "since": each.since,
        "cleared_at": each.cleared_at,
        "detail": each.detail,
        "remedy": remedy(each.kind),
    }
