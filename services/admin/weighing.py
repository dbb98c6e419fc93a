"""A draft weighed as it is written: every version, what lint says, whom it reaches. Content in, document out.

What is not a message yet, since a title is missing or a hole is open, is shown as far as it goes: a stand-in in the
place of what is missing. What is wrong with it is said of the draft as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from services.admin.answers import Answer, Refusal, lines
from services.domain.changes import changed
from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.message_file import parse_message
from services.domain.problems import Problem, Refused
from services.domain.proofs import Proof, Version
from services.domain.texts import measure
from services.domain.variants import fill
from services.rendering.confirming import at_its_longest
from services.rendering.proof_page import EXAMPLE
from services.rendering.proof_text import harmless
from services.rendering.proof_versions import marked, readable, whole_document
from services.rendering.templates import Templates

HOLE: Final = re.compile(r"\{hole:([a-z0-9-]+)\}")
BROKEN: Final = re.compile(r"\{\s*hole\b[^}]*\}?", re.IGNORECASE)
_ROUNDS: Final = 4
MISSED: Final = 200
"""Names of who is not reached, on a page that is made anew at every pause; how many there are in all stands beside."""


async def weigh(
    file: Mapping[str, Any],
    *,
    questions: Mapping[str, str] | None = None,
    configuration: Configuration,
    templates: Templates,
    now: datetime | None = None,
) -> Answer:
    """What is wrong (`problems`), what lint says (`findings`), and the proof as far as there is one (`proof`)."""
    moment, problems, proof = now or datetime.now(UTC), list[Problem](), None
    content: MessageContent | None
    try:
        content = parse_message(dict(file), questions=questions, now=moment, configuration=configuration)
    except Refused as refused:
        problems = refused.problems
        content = _as_far_as_it_goes(file, moment, configuration)
    if content is not None:
        proof, wrong = await _proofed(content, configuration, templates)
        problems = problems or wrong
    document = {
        "problems": [asdict(each) for each in problems],
        "findings": [asdict(each) for each in proof.findings] if proof else [],
        "proof": seen(proof, templates) if proof else None,
        "content": content,
    }
    return Answer(document, lines(f"{len(problems)} problems"))


def seen(proof: Proof, templates: Templates) -> dict[str, Any]:
    """All that one looks at of a proof, as plain values; what others wrote is harmless to look at."""
    return {
        "recipients": proof.recipients,
        "of": proof.of,
        "phase": proof.phase,
        "incident_title": proof.incident_title,
        "audiences": [asdict(each) for each in proof.audiences],
        "missed": [asdict(each) for each in proof.missed[:MISSED]],
        "missed_in_all": proof.missed_in_all,
        "sms": {"messages": proof.sms.messages, "segments": proof.sms.segments, "cost": float(proof.sms.cost)},
        "versions": [_version(each, proof, templates) for each in proof.versions],
    }


async def _proofed(
    content: MessageContent, configuration: Configuration, templates: Templates
) -> tuple[Proof | None, list[Problem]]:
    from services.admin.acting import acting
    from services.admin.proof_of_draft import proof_of_draft
    from services.store.told import with_channels

    try:
        async with acting() as (connection, _), connection.transaction():
            content = await with_channels(connection, content)
            proof, _ = await proof_of_draft(connection, content, configuration, templates)
    except Refused as refused:
        return None, refused.problems
    except Refusal as refusal:
        return None, [Problem("", refusal.error, "")]
    return proof, []


def _version(version: Version, proof: Proof, templates: Templates) -> dict[str, Any]:
    variant = version.variant
    marks = marked(version, proof, EXAMPLE)
    found: dict[str, Any] = {
        "audience": variant.audience, "language": variant.language, "channel": variant.channel,
        "segment": variant.segment, "subject": harmless(fill(variant.subject, EXAMPLE)),
        "text": harmless(readable(variant, EXAMPLE)), "document": whole_document(variant, EXAMPLE, templates),
        "copies": version.copies, "changed": version.former is not None and changed(marks),
        "since": version.former.released_at if version.former else None,
        "marks": [{"kind": each.kind, "text": harmless(each.text)} for each in marks],
    }  # fmt: skip
    if variant.channel == "sms":
        found |= asdict(measure(at_its_longest(variant)))
    return found


def _as_far_as_it_goes(file: Mapping[str, Any], now: datetime, configuration: Configuration) -> MessageContent | None:
    """The message with stand-ins in its gaps; None when even that is none."""
    supposed = _filled(dict(file))
    stand_in = _stand_in(supposed.get("language") or configuration.languages[0], configuration)
    for _ in range(_ROUNDS):
        try:
            return parse_message(stand_in | supposed, now=now, configuration=configuration)
        except Refused as refused:
            for name in {_field(each.place) for each in refused.problems}:
                supposed.pop(name, None)
    return None


def _stand_in(language: Any, configuration: Configuration) -> dict[str, Any]:
    said = {"text": [{"text": "…", "language": language}]}
    return {
        "incident": "incident", "kind": "alert", "urgency": "urgent", "key_messages": [said],
        "title": [{"text": "…", "language": language}], "audiences": [configuration.audience_ids[0]],
        "channels": ["mail", "sms"],
    }  # fmt: skip


def _filled(value: Any, name: str = "") -> Any:
    """With `[name]` where a hole is; a moment that is none yet is left out."""
    if isinstance(value, dict):
        made = {key: _filled(each, str(key)) for key, each in value.items()}
        return {key: each for key, each in made.items() if not (key.endswith("_at") and str(each).startswith("["))}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    return BROKEN.sub("[…]", HOLE.sub(r"[\1]", value)) if isinstance(value, str) else value


def _field(place: str) -> str:
    return re.split(r"[.\[]", place.rpartition(" ")[2])[0]
