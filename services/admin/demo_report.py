"""What the demo came to: gathered from the record and from what was received, then shown, or given as one document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from services.admin import demo_outcomes, demo_received, demo_tables, feeds
from services.admin.answers import Refusal
from services.admin.demo_judgement import problems
from services.admin.demo_mails import show_mails
from services.admin.demo_outcomes import Outcome
from services.admin.demo_place import Place
from services.admin.demo_received import Feed, Mail, Sms
from services.admin.demo_screen import Screen
from services.admin.demo_story import Played
from services.devstack.running import Running
from services.runtime.postgres import connect
from services.store.status import Status

COMPARED: Final = ("governors", "local-governments", "hr-business-partners")


@dataclass(frozen=True, slots=True)
class Report:
    """All that there is to tell. `examples`: a mail for each audience that got any; `problems` is empty if all is well.

    `mails` and `texts`: how many were received.
    """

    contacts: int
    status: Status
    outcomes: list[Outcome]
    mails: int
    examples: Mapping[str, Mail]
    texts: int
    sms: list[Sms]
    feeds: list[Feed]
    maildir: Path
    pages: Path
    logs: Path
    up_seconds: float
    problems: list[dict[str, str]]

    @property
    def seconds_to_first(self) -> float | None:
        """From approval until the first recipient's message was accepted."""
        return _between(self.status.approved_at, self.status.first_accepted_at)

    @property
    def seconds_to_last(self) -> float | None:
        """From approval until the last one's was."""
        return _between(self.status.approved_at, self.status.last_accepted_at)

    def document(self, seconds: float) -> dict[str, Any]:
        """For programs; `seconds` is how long the whole demo took."""
        return {
            "good": not self.problems,
            "contacts": self.contacts,
            "status": self.status,
            "outcomes": self.outcomes,
            "received": {"mails": self.mails, "texts": self.texts},
            "mails": {audience: {"subject": m.subject, "text": m.text} for audience, m in self.examples.items()},
            "sms": self.sms,
            "feeds": self.feeds,
            "maildir": str(self.maildir),
            "pages": str(self.pages),
            "logs": str(self.logs),
            "seconds": {
                "up": round(self.up_seconds, 3),
                "approved_to_first_accepted": self.seconds_to_first,
                "approved_to_last_accepted": self.seconds_to_last,
                "demo": round(seconds, 3),
            },
        }


async def gather(place: Place, running: Running, played: Played) -> Report:
    """Ask the record what became of everybody, and look at what they received."""
    if running.maildir is None or running.twilio_control is None:
        raise Refusal("the mail sink or the Twilio stand-in is not the demo's own")
    async with connect(autocommit=True) as connection:
        outcomes = await demo_outcomes.outcomes(connection, played.message_id)
        addressees = await demo_outcomes.addressees(connection, played.message_id)
    files = demo_received.mail_files(running.maildir)
    numbers, sms = await demo_received.texts(running.twilio_control, addressees["sms"])
    found_feeds = await demo_received.feeds((await feeds.urls()).document)
    examples = _examples(files, addressees["mail"])
    received = {"mail": [to for to, _ in files], "sms": numbers}
    return Report(
        contacts=played.contacts,
        status=played.status,
        outcomes=outcomes,
        mails=len(files),
        examples=examples,
        texts=len(numbers),
        sms=sms,
        feeds=found_feeds,
        maildir=running.maildir,
        pages=demo_received.keep_pages(place.folder / "pages", examples),
        logs=place.logs,
        up_seconds=running.seconds,
        problems=problems(played, outcomes, received, addressees, found_feeds),
    )


def show(report: Report, screen: Screen, place: Place, *, keep: bool) -> None:
    """For people: the difference first, the figures last, so that they still stand on the screen."""
    compared = {audience: report.examples[audience] for audience in COMPARED if audience in report.examples}
    screen.step("The same message, as three audiences read it")
    show_mails(screen.out, compared)
    screen.step("The SMS")
    demo_tables.texts(screen.out, report.sms)
    screen.step("The newsfeeds: an address for each audience; the public one is open")
    demo_tables.feeds(screen.out, report.feeds)
    screen.step("What became of everybody")
    demo_tables.outcomes(screen.out, report.outcomes)
    screen.step("How long it took")
    demo_tables.figures(screen.out, report)
    screen.step("Where to look")
    demo_tables.places(screen.out, report, place, keep=keep)
    demo_tables.problems(screen.out, report.problems)


def _examples(files: list[tuple[str, Path]], audience_of: Mapping[str, str]) -> dict[str, Mail]:
    """A mail for each audience, to the first of its readers: they were sent in this order."""
    found, first = dict(files), {audience: to for to, audience in reversed(list(audience_of.items()))}
    order = dict.fromkeys(audience_of.values())
    return {audience: demo_received.read_mail(found[first[audience]]) for audience in order if first[audience] in found}


def _between(earlier: datetime | None, later: datetime | None) -> float | None:
    return (later - earlier).total_seconds() if earlier and later else None
