"""A proof as one page of HTML that needs nothing else: no script, nothing loaded, all that others wrote escaped.

What recipients get is shown in a frame without any rights, so that no template of a centre's own can change the page.
"""

from datetime import datetime
from itertools import groupby
from typing import Any, Final

from services.domain.configuration import Configuration
from services.domain.proofs import Proof, Reach
from services.domain.variants import slots_for
from services.rendering.dates import in_full
from services.rendering.failures import told
from services.rendering.proof_findings import remarks
from services.rendering.proof_text import Say, harmless, money, saying
from services.rendering.proof_versions import shown
from services.rendering.templates import Templates

EXAMPLE: Final = slots_for(
    name="[naam]",
    organisation="[organisatie]",
    municipality="[gemeente]",
    role="[functie]",
    reader="#",
    confirm="[link]",
)
"""What stands in a proof where each reader's own will stand."""


def proof_page(proof: Proof, templates: Templates, configuration: Configuration) -> str:
    """The whole page. Raises Refused, with file and line, for a template or a word that a centre's own lack."""
    say = saying(templates)
    try:
        return templates.html.get_template("proof/page.html.j2").render(_context(proof, templates, configuration, say))
    except Exception as error:  # a template is a program: whatever it raises is its author's to mend
        raise told(error, templates) from None


def when(moment: datetime | None, templates: Templates) -> str:
    """Day and hour in full, in Dutch; '' for None."""
    word = templates.words.of("nl")
    return in_full(moment, language="nl", timezone=templates.timezone, word=word) if moment else ""


def _context(proof: Proof, templates: Templates, configuration: Configuration, say: Say) -> dict[str, Any]:
    names = {each.id: each.names.get("nl", each.id) for each in configuration.audiences}
    return {
        "say": say,
        "title": harmless(title_of(proof)),
        "exercise": proof.content.exercise,
        "about": _about(proof, templates, configuration, say),
        "has_mail": "mail" in proof.content.channels,
        "has_sms": "sms" in proof.content.channels,
        "tiles": _tiles(proof, say),
        "remarks": remarks(proof, say),
        "by_audience": [_row(each, names.get(each.name, each.name)) for each in proof.audiences],
        "by_province": [_row(each, each.name or say("reach.no_province")) for each in proof.provinces],
        "total": _total(proof, say),
        "unreached": [_missed(each, names, say) for each in proof.missed],
        "more": max(0, proof.missed_in_all - len(proof.missed)),
        "sms_total": {
            "messages": proof.sms.messages, "segments": proof.sms.segments, "cost": money(proof.sms.cost, say),
        },
        "audiences": [
            {"id": audience, "name": names.get(audience, audience), "versions": [
                shown(each, proof, EXAMPLE, names=names, templates=templates, say=say,
                      at=when(each.former.released_at, templates) if each.former else "") for each in versions
            ]}
            for audience, versions in groupby(proof.versions, key=lambda each: each.variant.audience)
        ],
        "made": say("made", when=when(proof.made_at, templates)),
    }  # fmt: skip


def title_of(proof: Proof) -> str:
    """The title in the message's own language."""
    own = (text.text for text in proof.content.title if text.language == proof.content.language)
    return next(own, proof.content.title[0].text)


def _about(proof: Proof, templates: Templates, configuration: Configuration, say: Say) -> list[dict[str, Any]]:
    content = proof.content
    phases = {each.id: each.names.get("nl", each.id) for each in configuration.phases}
    languages = dict.fromkeys(each.variant.language for each in proof.versions)
    entries = [
        ("incident", f"{proof.incident_title} ({content.incident})"),
        ("kind", say(f"kind.{content.kind}")),
        ("phase", phases.get(proof.phase, proof.phase)),
        ("urgency", say(f"urgency.{content.urgency}")),
        ("area", ", ".join(content.area) or say("is.flanders")),
        ("selection", _selection(proof, say)),
        ("exercise", say("is.is_exercise" if content.exercise else "is.real")),
        ("author", proof.author),
        ("state", say(f"state.{proof.state or 'unsubmitted'}")),
        ("channels", ", ".join(say(f"channel.{each}") for each in content.channels)),
        ("languages", ", ".join(language_name(each, say) for each in languages)),
        ("next", when(content.next_update_at, templates)),
        ("expires", when(content.expires_at, templates)),
        ("release", when(proof.release_at, templates)),
        ("id", proof.message_id or ""),
        ("revision", str(proof.revision) if proof.revision > 1 else ""),
        ("hash", proof.proof_hash or ""),
    ]
    code = ("id", "hash", "selection")
    return [
        {"what": say(f"is.{name}"), "value": harmless(value), "code": name in code} for name, value in entries if value
    ]


def _selection(proof: Proof, say: Say) -> str:
    if proof.of is None:
        return ""
    return say("is.selected", selection=proof.content.recipients, chosen=str(proof.recipients), of=str(proof.of))


def language_name(language: str, say: Say) -> str:
    """In Dutch; a language that the words do not know is named by its code."""
    return say(f"language.{language}") if language in ("nl", "fr", "en", "de") else language


def _tiles(proof: Proof, say: Say) -> list[dict[str, Any]]:
    unreached = sum(each.unreached for each in proof.audiences)
    errors = sum(each.severity == "error" for each in proof.findings)
    warnings = len(proof.findings) - errors
    tiles: list[tuple[str, Any, str]] = [
        ("recipients", proof.recipients, "" if proof.recipients else "warning"),
        ("unreached", unreached, "error" if unreached else ""),
        ("warnings", warnings, "warning" if warnings else ""),
    ]
    if "sms" in proof.content.channels:
        tiles.insert(2, ("sms", money(proof.sms.cost, say), ""))
    if errors:
        tiles.append(("errors", errors, "error"))
    return [{"what": say(f"short.{what}"), "value": value, "tone": tone} for what, value, tone in tiles]


def _row(each: Reach, name: str) -> dict[str, Any]:
    return {
        "name": harmless(name), "contacts": each.contacts, "without_mail": each.without_mail,
        "without_number": each.without_number, "unreached": each.unreached,
    }  # fmt: skip


def _total(proof: Proof, say: Say) -> dict[str, Any]:
    fields = ("contacts", "without_mail", "without_number", "unreached")
    return {"name": say("reach.total"), **{f: sum(getattr(each, f) for each in proof.audiences) for f in fields}}


def _missed(each: Any, names: dict[str, str], say: Say) -> dict[str, Any]:
    why = ", ".join(say(f"missed.{channel}") for channel in each.channels)
    channels = ", ".join(say(f"channel.{channel}") for channel in each.channels)
    told_why = say("missed.everywhere", why=why) if each.everywhere else say("missed.else", why=why, channels=channels)
    return {
        "name": harmless(each.name), "organisation": harmless(each.organisation), "province": harmless(each.province),
        "audience": names.get(each.audience, each.audience), "why": told_why, "everywhere": each.everywhere,
    }  # fmt: skip
