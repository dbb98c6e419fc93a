"""One version in a proof: the mail as it will look, the SMS as a telephone shows it, the entry of a feed."""

from collections.abc import Mapping
from html import escape
from math import ceil
from typing import Any, Final

from services.domain.changes import Change, changed
from services.domain.proofs import Proof, Version, differences
from services.domain.texts import measure
from services.domain.variants import FALLBACK, Variant, fill
from services.rendering.confirming import at_its_longest
from services.rendering.plain_text import plain_text
from services.rendering.proof_text import Say, harmless, money
from services.rendering.templates import Templates

NO_ID: Final = "00000000-0000-7000-8000-000000000000"
"""In the place of the id of a message that has none yet."""


def marked(version: Version, proof: Proof, slots: Mapping[str, str]) -> list[Change]:
    """The words of a version with what changed in them since the former one; all `same` when there is none."""
    variant, former = version.variant, version.former
    before = readable(former.variant, slots) if former else ""
    return differences(
        fill(variant.subject, slots), readable(variant, slots), former,
        message_id=proof.message_id or NO_ID, before=before,
    )  # fmt: skip


def readable(variant: Variant, slots: Mapping[str, str]) -> str:
    """What somebody reads of it: of a mail its text part, of an entry what its HTML says."""
    text = plain_text(variant.html) if variant.channel == "newsfeed" else variant.text
    return fill(text, slots)


def shown(
    version: Version,
    proof: Proof,
    slots: Mapping[str, str],
    *,
    names: Mapping[str, str],
    templates: Templates,
    say: Say,
    at: str,
) -> dict[str, Any]:
    """What the page's template needs of it. `at`: when the former was released, in words; '' without one."""
    variant, marks = version.variant, marked(version, proof, slots)
    channel = say(f"channel.{variant.channel}")
    language = say(f"language.{variant.language}") if variant.language in ("nl", "fr", "en", "de") else variant.language
    text = readable(variant, slots)
    return {
        "language": variant.language,
        "heading": ", ".join(filter(None, [channel, language, _segment(variant, say)])),
        "copies": _copies(version, say),
        "subject_word": say("versions.entry" if variant.channel == "newsfeed" else "versions.subject"),
        "subject": harmless(fill(variant.subject, slots)),
        "summary": harmless(fill(variant.text, slots)) if variant.channel == "newsfeed" else "",
        "document": whole_document(variant, slots, templates),
        "rendered": say("versions.rendered", channel=channel, audience=names.get(variant.audience, variant.audience)),
        "height": _height(text, variant.channel),
        "bubble": harmless(text) if variant.channel == "sms" else "",
        "size": _size(version, say),
        "since": _since(at, marks, say),
        "differs": changed(marks),
        "marks": []
        if variant.channel == "sms" and not changed(marks)
        else [{"kind": each.kind, "text": harmless(each.text)} for each in marks],
    }


def _segment(variant: Variant, say: Say) -> str:
    return say(f"versions.fallback.{variant.channel}") if variant.segment == FALLBACK else variant.segment


def _copies(version: Version, say: Say) -> str:
    if version.variant.segment == FALLBACK:
        return say("versions.fallback.for")
    if version.variant.channel == "newsfeed":
        return say("versions.feed")
    return say("versions.readers", count=version.copies or 0)


def _size(version: Version, say: Say) -> str:
    if version.variant.channel != "sms":
        return ""
    size = measure(at_its_longest(version.variant))
    told = say("sms.size", encoding=size.encoding, segments=size.segments, characters=size.characters)
    if not version.sms:
        return told
    return f"{told}; {say('sms.together', segments=version.sms.segments, cost=money(version.sms.cost, say))}"


def _since(at: str, marks: list[Change], say: Say) -> str:
    if not at:
        return say("versions.first")
    return say("versions.changed" if changed(marks) else "versions.same", when=at)


def whole_document(variant: Variant, slots: Mapping[str, str], templates: Templates) -> str:
    """A document of its own for the frame, without anything that would be fetched; '' for an SMS."""
    if variant.channel == "sms":
        return ""
    html = fill_html(variant.html, slots)
    if variant.channel == "mail":
        return html.replace("cid:logo@roeland", _logo(templates))
    language = escape(variant.language)
    return f'<!DOCTYPE html><html lang="{language}"><meta charset="utf-8"><title></title><body>{html}</body></html>'


def fill_html(html: str, slots: Mapping[str, str]) -> str:
    """HTML with its slots filled; what fills them is text and stays text."""
    return fill(html, {name: escape(value) for name, value in slots.items()})


def _logo(templates: Templates) -> str:
    return templates.logo.data if templates.logo else ""


def _height(text: str, channel: str) -> int:
    """Of the frame, in CSS pixels: it cannot measure itself without a script. Rather too high than too low."""
    lines = sum(ceil(max(1, len(line)) / 58) for line in text.splitlines() if line.strip())
    return min(4000, (260 if channel == "mail" else 80) + 34 * lines)
