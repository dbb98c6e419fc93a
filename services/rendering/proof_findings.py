"""What lint said, field by field: the text itself, and below it what is wrong with it and what to do."""

from collections.abc import Mapping
from typing import Any

from services.domain.problems import Finding
from services.domain.proofs import Proof, field_text, label
from services.rendering.proof_text import Say, harmless

FIELDS = (
    "title", "key_messages", "facts", "unknown", "actions", "sms", "audiences", "channels", "next_update_at",
    "expires_at", "urgency", "exercise", "phase", "kind", "corrects", "incident", "language",
)  # fmt: skip


def remarks(proof: Proof, say: Say) -> list[dict[str, Any]]:
    """One entry for each field that something was said of, those that block first."""
    words = {name: say(f"field.{name}") for name in FIELDS}
    by_place: dict[str, list[Finding]] = {}
    for each in sorted(proof.findings, key=lambda finding: finding.severity != "error"):
        by_place.setdefault(each.place, []).append(each)
    return [_remark(place, found, proof, words, say) for place, found in by_place.items()]


def _remark(place: str, found: list[Finding], proof: Proof, words: Mapping[str, str], say: Say) -> dict[str, Any]:
    said = label(place, words) or say("findings.whole")
    return {
        "label": harmless(said[0].upper() + said[1:]),
        "text": harmless(field_text(proof.content, place)),
        "findings": [
            {
                "severity": each.severity, "problem": harmless(each.problem), "remedy": harmless(each.remedy),
                "source": harmless(each.source),
            }
            for each in found
        ],
    }  # fmt: skip
