"""The files of a dossier but for its first page: what each holds, from what the record has."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any, Final

from services.admin import dossier_words as words
from services.admin.answers import as_plain
from services.admin.audit_reading import as_exported
from services.admin.dossier_pack import Pack
from services.admin.exporting import csv_line
from services.domain.states import State
from services.domain.variants import Variant, fill
from services.store.audit_chain import Link
from services.store.dossier import Person, Record
from services.store.messages import Message
from services.store.outcomes import Outcome

RECIPIENTS: Final = (
    "external_id", "name", "audience", "language", "channel", "state", "accepted_at", "code", "reason", "attempts",
    "possible_duplicate", "step", "shared_address",
)  # fmt: skip
APPROVALS: Final = ("revision", "at", "who", "act", "proof_hash", "reason", "taken_back_at")
STEPS: Final = (
    "step", "audiences", "channels", "after_seconds", "share", "at_most_seconds", "opened_at", "opened_by",
    "first_accepted_at", "last_accepted_at", "accepted",
)  # fmt: skip
RELATED: Final = ("how", "id", "kind", "state", "title", "submitted_at", "released_at", "recipients")
TIMELINE: Final = ("at", "what", "who", "origin", "source")


@dataclass
class Counted:
    """What was counted while the recipients were written. `states`: by (audience, channel, state)."""

    states: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rows: int = 0
    possible_duplicates: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, outcome: Outcome, state: str) -> None:
        """One more."""
        self.rows += 1
        self.possible_duplicates += outcome.possible_duplicate and not outcome.shared
        self.states[outcome.audience, outcome.channel, state] += 1
        if outcome.accepted_at:
            self.first = min(self.first or outcome.accepted_at, outcome.accepted_at)
            self.last = max(self.last or outcome.accepted_at, outcome.accepted_at)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened."""

    at: datetime
    what: str
    who: str = ""
    origin: str = ""
    source: str = "record"


def add_fixed(pack: Pack) -> None:
    """How to read and to verify it."""
    data = resources.files("services.admin") / "data"
    pack.add("README.txt", (data / "README.txt").read_text("utf-8"))
    pack.add("verify.py", (data / "verify.py.txt").read_text("utf-8"))


def add_message(pack: Pack, revision: Message) -> None:
    """A revision as it was submitted, and what was bound to it."""
    about = {
        "id": revision.id, "revision": revision.revision, "incident": revision.incident, "kind": revision.kind,
        "state": revision.state, "exercise": revision.exercise, "content_hash": revision.content_hash,
        "proof_hash": revision.proof_hash, "submitted_by": revision.submitted_by, "approved_by": revision.approved_by,
        "submitted_at": revision.submitted_at, "proofed_at": revision.proofed_at, "approved_at": revision.approved_at,
        "released_at": revision.released_at, "stopped_at": revision.stopped_at, "withdrawn_at": revision.withdrawn_at,
        "findings": revision.findings, "content": revision.content,
    }  # fmt: skip
    document = json.dumps(as_plain(about), ensure_ascii=False, indent=2, sort_keys=True)
    pack.add(f"message/revision-{revision.revision}.json", document + "\n")


def add_variants(pack: Pack, revision: int, variants: Mapping[int, Variant]) -> list[tuple[str, Variant]]:
    """Each as text, and as a page where it has one; the file to show for each, with its variant."""
    shown = []
    for number, variant in sorted(variants.items()):
        parts = (variant.channel, variant.audience or "users", variant.language, variant.segment)
        plain = "-".join(re.sub(r"[^\w-]", "_", part, flags=re.ASCII) for part in parts if part)
        name = f"variants/revision-{revision}/{number:03}-{plain}"
        head = f"{variant.subject}\n\n" if variant.subject else ""
        pack.add(f"{name}.txt", fill(f"{head}{variant.text}", words.SLOTS) + "\n")
        if variant.html:
            pack.add(f"{name}.html", fill(variant.html, words.SLOTS))
        shown.append((f"{name}.html" if variant.html else f"{name}.txt", variant))
    return shown


async def add_recipients(pack: Pack, found: AsyncIterator[Outcome], *, names: bool) -> Counted:
    """Everyone on every channel, as they are read."""
    counted = Counted()
    columns = [each for each in RECIPIENTS if names or each != "name"]
    with pack.open("recipients.csv") as out:
        out.text(csv_line(columns))
        async for outcome in found:
            state = State(outcome.state).word
            counted.add(outcome, state)
            row = {**as_plain(outcome), "state": state, "shared_address": outcome.shared}
            out.text(csv_line([row[name] for name in columns]))
    return counted


async def add_audit(pack: Pack, found: AsyncIterator[Link], *, reasons: bool) -> list[dict[str, Any]]:
    """Every act on this message with its link; the entries."""
    entries = []
    with pack.open("audit.jsonl") as out:
        async for link in found:
            out.text(json.dumps(as_exported(link, reasons=reasons), ensure_ascii=False) + "\n")
            entries.append(json.loads(link.entry))
    return entries


def add_tables(pack: Pack, record: Record, moments: Sequence[Moment], who: "Who", *, reasons: bool) -> None:
    """Approvals, steps, corrections and the timeline."""
    approvals = [
        {**as_plain(each), "who": who(each.user), "reason": each.reason if reasons else ""} for each in record.decisions
    ]
    steps = [
        {**as_plain(each), "audiences": _list(each.audiences), "channels": _list(each.channels)}
        for each in record.steps
    ]
    _add_csv(pack, "approvals.csv", APPROVALS, approvals)
    _add_csv(pack, "steps.csv", STEPS, steps)
    _add_csv(pack, "corrections.csv", RELATED, map(as_plain, record.related))
    _add_csv(pack, "timeline.csv", TIMELINE, map(as_plain, moments))


class Who:
    """A user as a dossier names them: number and roles, and the name by which colleagues know them; no address."""

    def __init__(self, people: Sequence[Person], *, names: bool) -> None:
        self._people, self._names = {each.id: each for each in people}, names

    def __call__(self, user: int | None) -> str:
        if user is None:
            return ""
        person = self._people.get(user)
        told = f"gebruiker {user}" + (f" ({', '.join(person.roles)})" if person else "")
        return f"{person.email.partition('@')[0]}, {told}" if person and self._names else told


def timeline(record: Record, counted: Counted, entries: Sequence[dict[str, Any]], who: Who) -> list[Moment]:
    """Everything that happened, in order of time: what the record says, and the acts as the audit has them."""
    found = [
        Moment(at, f"versie {each.revision}: {word}")
        for each in record.revisions
        for name, word in words.MOMENTS.items()
        if (at := getattr(each, name)) is not None
    ]
    found += [Moment(each.at, words.ACTS.get(each.act, each.act), who(each.user)) for each in record.decisions]
    found += [Moment(each.opened_at, f"stap {each.step + 1} ging open ({each.opened_by})")
              for each in record.steps if each.opened_at]  # fmt: skip
    found += [
        Moment(each.published_at, f"gepubliceerd in de nieuwsstroom {each.audience}") for each in record.published
    ]
    found += [Moment(each.withdrawn_at, f"ingetrokken uit de nieuwsstroom {each.audience}")
              for each in record.published if each.withdrawn_at]  # fmt: skip
    found += [
        Moment(at, what) for at, what in ((counted.first, "eerste aanvaard"), (counted.last, "laatste aanvaard")) if at
    ]
    found += [
        Moment(datetime.fromisoformat(each["at"]), each["action"], who(each["actor"]), each["origin"], "audit")
        for each in entries
    ]
    return sorted(found, key=lambda moment: (moment.at, moment.source, moment.what))


def _list(items: list[str] | None) -> str | None:
    return None if items is None else ", ".join(items)


def _add_csv(pack: Pack, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    lines = [csv_line(list(columns)), *(csv_line([row[column] for column in columns]) for row in rows)]
    pack.add(name, "".join(lines))
