"""A proof at a terminal, and as a document for programs."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.admin.answers import instant, lines, seen, table
from services.domain.changes import Change, changed
from services.domain.proofs import Proof, Version
from services.domain.sms_price import CURRENCY
from services.domain.texts import measure
from services.domain.variants import fill
from services.rendering.confirming import at_its_longest
from services.rendering.proof_page import EXAMPLE
from services.rendering.proof_versions import marked

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WHY = {"mail": "no mail address", "sms": "no number"}
STYLES = {"same": "", "added": "green", "removed": "red strike"}
SIGNS = {"same": ("", ""), "added": ("{+", "+}"), "removed": ("[-", "-]")}
"""As `git diff --word-diff` has them: also without colour one sees what is new."""


def document(proof: Proof, page: Path | None, only: Collection[str] = ()) -> dict[str, Any]:
    """All of it; `only`: these audiences' versions."""
    return {
        "area": list(proof.content.area),
        "variants": [_about(each, proof) for each in proof.versions if not only or each.variant.audience in only],
        "recipients": proof.recipients,
        "selection": proof.content.recipients or None,
        "without_selection": proof.of,
        "audiences": [_reach("audience", each) for each in proof.audiences],
        "provinces": [_reach("province", each) for each in proof.provinces],
        "not_reached": [
            {
                "external_id": each.external_id, "name": each.name, "audience": each.audience, "channel": channel,
                "reason": WHY[channel], "on_no_channel": each.everywhere,
            }
            for each in proof.missed for channel in each.channels
        ],
        "not_reached_in_all": proof.missed_in_all,
        "sms": _sms(proof),
        "findings": list(proof.findings),
        "html": str(page) if page else None,
    }  # fmt: skip


def show(out: "Console", proof: Proof, page: Path | None, only: Collection[str] = ()) -> None:
    """Versions, what places it is about, people, costs, findings and where the page is."""
    for each in proof.versions:
        if not only or each.variant.audience in only:
            _show_version(out, each, proof)
    lines(f"about {', '.join(proof.content.area) or 'all of Flanders'}")(out)
    if proof.of is not None:
        lines(f"selection: {proof.content.recipients} → {proof.recipients} of {proof.of}")(out)
    _show_people(out, proof)
    if "sms" in proof.content.channels:
        sms = proof.sms
        lines(f"{sms.messages} SMS, {sms.segments} segments, about {sms.cost:.2f} {CURRENCY}")(out)
    show_findings(out, proof.findings)
    show_page(out, page)


def show_findings(out: "Console", findings: Sequence[Any]) -> None:
    """What lint says, with the place of each; dataclasses or what was recorded of them."""
    if not findings:
        out.print("nothing to remark")
        return
    plain = [each if isinstance(each, dict) else vars(each) for each in findings]
    rows = [(each["severity"], each["place"], each["problem"], each["remedy"]) for each in plain]
    out.print(table(["", "place", "remark", "remedy"], rows))


def show_page(out: "Console", page: Path | None) -> None:
    """Where the page is, so that it can be copied whole."""
    lines(f"The proof, with names of people: {page}" if page else "No page of the proof was written")(out)


def _show_version(out: "Console", version: Version, proof: Proof) -> None:
    from rich.rule import Rule
    from rich.text import Text

    variant, marks = version.variant, marked(version, proof, EXAMPLE)
    copies = "" if version.copies is None else f" · {version.copies} copies"
    which = " · ".join(filter(None, [variant.audience, variant.language, variant.segment, variant.channel]))
    out.print(Rule(Text(f"{which}{copies}"), align="left"))
    if version.former and changed(marks):
        lines(f"(changed since the message of {instant(version.former.released_at)})")(out)
    out.print(coloured(marks))
    if variant.channel == "sms":
        size = measure(at_its_longest(variant))
        out.print(f"({size.encoding}, {size.segments} segments, {size.characters} characters)")
    out.print()


def coloured(marks: Sequence[Change]) -> "Text":
    """The text with what changed in colour, and between signs."""
    from rich.text import Text

    text = Text()
    for each in marks:
        opened, closed = SIGNS[each.kind]
        text.append(f"{opened}{seen(each.text)}{closed}", style=STYLES[each.kind])
    return text


def _show_people(out: "Console", proof: Proof) -> None:
    for what, found in (("audience", proof.audiences), ("province", proof.provinces)):
        rows = [(e.name or "–", e.contacts, e.without_mail, e.without_number, e.unreached) for e in found]
        out.print(table([what, "recipients", "without mail", "without number", "not reached"], rows))
    if proof.missed:
        people = [
            (each.name, each.organisation, each.audience, ", ".join(WHY[c] for c in each.channels),
             "reached on no channel" if each.everywhere else "") for each in proof.missed
        ]  # fmt: skip
        out.print(table(["not reached", "organisation", "audience", "why", ""], people))
    if more := proof.missed_in_all - len(proof.missed):
        lines(f"and {more} more who are not listed")(out)


def _about(version: Version, proof: Proof) -> dict[str, Any]:
    variant = version.variant
    found: dict[str, Any] = {
        "audience": variant.audience, "language": variant.language, "channel": variant.channel,
        "segment": variant.segment,
        "subject": fill(variant.subject, EXAMPLE), "text": fill(variant.text, EXAMPLE), "copies": version.copies,
    }  # fmt: skip
    if variant.channel == "sms":
        size = measure(at_its_longest(variant))
        found |= {"encoding": size.encoding, "segments": size.segments, "characters": size.characters}
    if version.former:
        marks = marked(version, proof, EXAMPLE)
        former = {"id": version.former.message_id, "released_at": version.former.released_at}
        found |= {"former": former, "changed": changed(marks), "changes": marks}
    return found


def _reach(name: str, each: Any) -> dict[str, Any]:
    return {
        name: each.name, "contacts": each.contacts, "without_mail": each.without_mail,
        "without_number": each.without_number, "unreached": each.unreached,
    }  # fmt: skip


def _sms(proof: Proof) -> dict[str, Any]:
    sms = proof.sms
    cost = {"estimated_cost": round(float(sms.cost), 2), "currency": CURRENCY}
    return {"messages": sms.messages, "segments": sms.segments, **cost}
