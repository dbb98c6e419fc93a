"""What somebody sees of a blast before they decide: few words, sixty columns, the same as a document for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from services.admin import blast_settings
from services.admin.acting import acting
from services.admin.answers import lines
from services.admin.blast_content import Order, content_of
from services.admin.proof_of_draft import proof_of_draft
from services.domain import approval_policy
from services.domain.content import MessageContent
from services.domain.proofs import Missed, Proof, Version
from services.domain.sms_price import CURRENCY
from services.domain.texts import measure, outside_gsm
from services.domain.variants import fill
from services.rendering.confirming import at_its_longest
from services.rendering.proof_page import EXAMPLE
from services.rendering.templates import load_templates
from services.runtime.configuration import configuration_in_force
from services.runtime.sms_prices import SpendingSettings, prices
from services.store import blasts
from services.store.blasts import Same

if TYPE_CHECKING:
    from rich.console import Console

NAMES: Final = 20
"""So many of those without a number are named; then they are counted."""
COLUMN: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A blast that waits for a yes. `content`: None for a holding statement, which is approved already.

    `opens`: the incident that it will open. `same`: a message that said the same a moment ago. `zone`: for times.
    """

    content: MessageContent | None
    proof: Proof
    opens: str
    same: Same | None
    approval: str
    zone: ZoneInfo

    @property
    def recipients(self) -> int:
        """Contacts, with those who have no number."""
        return self.proof.recipients

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What lint would refuse it for."""
        return [vars_of(each) for each in self.proof.findings if vars_of(each)["severity"] == "error"]


async def prepare(order: Order, *, break_glass: bool) -> Ready:
    """The message and its proof, as if it were submitted now. Raises `Refusal`, `Refused` or `WrongUsage`."""
    configuration, templates = configuration_in_force(), load_templates()
    zone = ZoneInfo(templates.timezone)
    prices()  # a setting that is wrong shows before anything else is looked up
    async with acting() as (connection, _), connection.transaction():
        drafted = await content_of(connection, order, configuration, templates)
        proof, situation = await proof_of_draft(connection, drafted.content, configuration, templates)
        same = await blasts.same_text(connection, [each.text for each in drafted.content.sms if each.text])
    needed = approval_policy.lacking(
        configuration.approval, [], kind=proof.content.kind, urgency="urgent", audiences=set(situation.audiences)
    )
    approval = "you alone, by breaking the glass" if break_glass else f"somebody else: {', '.join(needed)}"
    return Ready(
        content=drafted.content, proof=proof, opens=drafted.opens, same=same, approval=approval, zone=zone
    )  # fmt: skip


def document(ready: Ready) -> dict[str, Any]:
    """The same for programs; `cost` is an estimate in EUR, `no_number` counts contacts."""
    proof, sender, caps = ready.proof, blast_settings.sender(), SpendingSettings().caps
    versions = _sms(proof)
    return {
        "id": proof.message_id, "state": "preview", "incident": proof.content.incident, "opens": ready.opens or None,
        "recipients": ready.recipients, "channels": {"sms": {"messages": proof.sms.messages}},
        "segments": proof.sms.segments, "segments_each": max((_size(v).segments for v in versions), default=0),
        "encoding": "UCS-2" if any(_size(v).encoding == "UCS-2" for v in versions) else "GSM-7",
        "cost": round(float(proof.sms.cost), 2), "currency": CURRENCY,
        "no_number": no_number(proof), "no_number_names": [each.name for each in _without(proof)[:NAMES]],
        "outside_gsm": _outside(versions), "sender": sender[0] or None, "replies": sender[1],
        "expires_at": proof.content.expires_at, "lane": "urgent", "exercise": proof.content.exercise,
        "most_per_message": _euros(caps.per_message), "most_per_hour": _euros(caps.per_hour),
        "over_cap": caps.per_message is not None and proof.sms.cost > caps.per_message,
        "approval": ready.approval, "findings": [vars_of(each) for each in proof.findings],
        "same_as": str(ready.same.id) if ready.same else None, "same": ready.same,
        "audiences": [{"audience": each.name, "contacts": each.contacts} for each in proof.audiences],
        "texts": [
            {
                "audience": v.variant.audience, "language": v.variant.language, "text": _received(v),
                "encoding": _size(v).encoding, "segments": _size(v).segments, "copies": v.copies,
            }
            for v in versions
        ],
    }  # fmt: skip


def show(out: "Console", ready: Ready) -> None:
    """For a person: what decides first, what is wrong last, just above the question."""
    proof = ready.proof
    told = [*_people(proof), *_texts(proof), *_costs(ready), *_way(ready)]
    lines(*told)(out)
    for each in map(vars_of, proof.findings):
        lines(f"! {each['problem']} {each['remedy']}")(out)
    if ready.same:
        same = ready.same
        minutes = int((datetime.now(UTC) - same.submitted_at).total_seconds() // 60)
        lines(f"! {same.by} sent this text {minutes} minutes ago, to {same.recipients}: {same.id} ({same.state})")(out)


def no_number(proof: Proof) -> int:
    """Contacts who get no SMS because nobody knows their number."""
    return sum(each.without_number for each in proof.audiences)


def vars_of(finding: Any) -> dict[str, Any]:
    """A finding as plain values, recorded or fresh."""
    return finding if isinstance(finding, dict) else dict(vars(finding))


def _people(proof: Proof) -> list[str]:
    exercise = "OEFENING, " if proof.content.exercise else ""
    told = [_line("To", f"{exercise}{proof.recipients} recipients")]
    told += [_line("", f"{each.contacts} {each.name}") for each in proof.audiences]
    if missing := no_number(proof):
        named = [each.name for each in _without(proof)[:NAMES]]
        more = f" and {missing - len(named)} more" if missing > len(named) else ""
        told.append(_line("", f"{missing} without a number: {', '.join(named)}{more}"))
    return told


def _texts(proof: Proof) -> list[str]:
    """Each text once, however many audiences get it."""
    told: list[str] = []
    seen: dict[str, list[Version]] = {}
    for each in _sms(proof):
        seen.setdefault(_received(each), []).append(each)
    for text, versions in seen.items():
        size, language = _size(versions[0]), versions[0].variant.language
        segments = f"{size.segments} segment{'s' * (size.segments > 1)}"
        told.append(_line("Text", f"{language}, {size.characters} characters, {size.encoding}, {segments} each"))
        told += [f"  | {line}" for line in text.split("\n")]
    return told


def _costs(ready: Ready) -> list[str]:
    proof = ready.proof
    sms = proof.sms
    told = [_line("Cost", f"{sms.messages} SMS, {sms.segments} segments, about {sms.cost:.2f} {CURRENCY}")]
    if outside := _outside(_sms(proof)):
        named = ", ".join(
            f"{char} → {instead}" if instead else f"{char} (leave out)" for char, instead in outside.items()
        )
        told.append(_line("", f"UCS-2, shorter segments, because of: {named}. --plain replaces them"))
    return told


def _way(ready: Ready) -> list[str]:
    content, (sender, replies) = ready.proof.content, blast_settings.sender()
    answered = "can be answered" if replies else "cannot be answered: ask for nothing by SMS"
    until, more = _time(content.expires_at, ready.zone), _time(content.next_update_at, ready.zone)
    new = " (new: this opens it)" if ready.opens else ""
    return [
        _line("From", f"{sender} ({answered})" if sender else "no provider is set up on this machine"),
        _line("Until", f"{until}, lane urgent; you say more by {more}"),
        _line("Incident", f"{content.incident}{new}"),
        _line("Approval", ready.approval),
    ]


def _euros(most: Decimal | None) -> float | None:
    return None if most is None else float(most)


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%d/%m %H:%M") if moment else "no end"


def _sms(proof: Proof) -> Sequence[Version]:
    return [each for each in proof.versions if each.variant.channel == "sms"]


def _received(version: Version) -> str:
    """To be looked at: with a word where a link of the reader's own stands."""
    return fill(version.variant.text, EXAMPLE)


def _size(version: Version) -> Any:
    return measure(at_its_longest(version.variant))


def _outside(versions: Sequence[Version]) -> dict[str, str]:
    return {char: instead for each in versions for char, instead in outside_gsm(_received(each)).items()}


def _without(proof: Proof) -> list[Missed]:
    return [each for each in proof.missed if "sms" in each.channels]


def _line(name: str, text: str) -> str:
    return f"{name:{COLUMN}}{text}"
