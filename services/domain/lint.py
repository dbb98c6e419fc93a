"""What an editor would say of a message: each rule a function from the message to findings. Pure; nothing is changed.

Few rules, each with its reason; the file's hard rules are in `message_rules`. Findings are warnings: the author
weighs them, the approver sees them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.domain import limits
from services.domain.configuration import DEFAULT, Configuration
from services.domain.content import MessageContent, Text
from services.domain.problems import Finding
from services.domain.selection import languages_of
from services.domain.texts import gsm_typography, measure, outside_gsm, sentences

# Abbreviations that recipients do not all know, with a word of explanation (../shared/MISSION.md).
JARGON: Final = {
    "BCM": "bedrijfscontinuïteit",
    "CMT": "crisismanagementteam",
    "DDoS": "overbelasting van een dienst met opzet",
    "NCCN": "Nationaal Crisiscentrum",
    "RTO": "maximale hersteltijd",
    "SPoC": "aanspreekpunt",
    "malware": "schadelijke software",
    "phishing": "valse berichten die gegevens willen stelen",
    "ransomware": "gijzelsoftware",
    "workaround": "tijdelijke oplossing",
}
EXERCISE_WORDS: Final = re.compile(r"\b(oefening|oefenen|exercice|exercise|drill|übung)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Linted:
    """A message and what a rule may need to judge it. `phase` is that of the message, or else of its incident."""

    content: MessageContent
    phase: str
    now: datetime
    configuration: Configuration


def lint(
    content: MessageContent, *, phase: str, now: datetime, configuration: Configuration = DEFAULT
) -> list[Finding]:
    """All findings, in the order of the rules; `place` is the path of a field. `now` is aware."""
    linted = Linted(content, phase, now, configuration)
    return [Finding("warning", *each) for rule in RULES for each in rule(linted)]


Complaint = tuple[str, str, str]  # place, problem, remedy


def long_sentences(linted: Linted) -> Iterator[Complaint]:
    """In stress people read at the level of a child of ten."""
    for place, text in _texts(linted.content):
        for sentence in sentences(text.text):
            if (count := len(sentence.split())) > limits.WORDS_PER_SENTENCE:
                what = f"A sentence has {count} words, more than {limits.WORDS_PER_SENTENCE}."
                yield place, what, "Make two of it."


def promised_moment(linted: Linted) -> Iterator[Complaint]:
    """Who does not know when to hear more, calls."""
    content = linted.content
    if content.next_update_at is None:
        if linted.phase == "acute" and content.kind in ("alert", "update"):
            yield "next_update_at", "It does not say when people hear more.", "Give the moment of the next update."
    elif content.next_update_at <= linted.now:
        yield "next_update_at", "The next update is promised for a moment that has passed.", "Give a later one."


def admitted_unknowns(linted: Linted) -> Iterator[Complaint]:
    """Saying what one does not know yet is what keeps trust, and rumours out."""
    if linted.phase == "acute" and linted.content.kind in ("alert", "update") and not linted.content.unknown:
        yield "unknown", "It does not say what is not known yet.", "Name it, even if it is only the cause."


def lane(linted: Linted) -> Iterator[Complaint]:
    """The routine lane waits for the urgent one."""
    if linted.phase == "acute" and linted.content.kind == "alert" and linted.content.urgency == "routine":
        yield "urgency", "An alert in the acute phase goes by the routine lane.", "Write `urgency: urgent`."


def sms_size(linted: Linted) -> Iterator[Complaint]:
    """Every segment is paid, and may arrive apart from the others."""
    for number, text in enumerate(linted.content.sms):
        size = measure(text.text)
        if size.segments > limits.SMS_SEGMENTS:
            what = f"This SMS takes {size.segments} segments, more than {limits.SMS_SEGMENTS}."
            yield f"sms[{number}]", what, "Shorten it; the rest is in the mail."


def sms_alphabet(linted: Linted) -> Iterator[Complaint]:
    """One character outside GSM-7 leaves 70 characters of 160 (3GPP TS 23.038)."""
    if "sms" not in linted.content.channels:
        return
    given = [(f"sms[{number}]", text.text) for number, text in enumerate(linted.content.sms)]
    for place, text in given or _sources_of_sms(linted.content):
        if outside := outside_gsm(text):
            what = f"{' '.join(outside)} makes this SMS UCS-2, of 70 characters per segment instead of 160."
            instead = ", ".join(f"{char} → {other}" for char, other in outside.items() if other)
            yield place, what, f"Write {instead}." if instead else "Leave it out."


def exercise_unsaid(linted: Linted) -> Iterator[Complaint]:
    """An exercise that is sent as real, or an exercise that someone expects in the open feed."""
    if linted.content.exercise:
        if "public" in linted.content.audiences:
            yield "audiences", "An exercise never goes to the public; they get nothing.", "Take public out."
        return
    for place, text in _texts(linted.content):
        if EXERCISE_WORDS.search(text.text):
            yield place, "This speaks of an exercise, but the message is sent as real.", "Write `exercise: true`."
            return


def jargon(linted: Linted) -> Iterator[Complaint]:
    """No jargon without a word of explanation."""
    for place, text in _texts(linted.content):
        for word, meaning in JARGON.items():
            if re.search(rf"(?<!\()\b{re.escape(word)}\b(?!\s*\()", text.text):
                yield place, f"Not every reader knows {word}.", f"Explain it: {word} ({meaning})."


def said_to_nobody(linted: Linted) -> Iterator[Complaint]:
    """A text for an audience that the message does not go to."""
    content = linted.content
    named = set(content.audiences)
    if not named:
        return
    restricted = [(f"key_messages[{number}]", each.audiences) for number, each in enumerate(content.key_messages)]
    restricted += [(place, text.audiences) for place, text in _texts(content)]
    for place, audiences in restricted:
        if audiences and not named & set(audiences):
            yield (
                place,
                f"{', '.join(audiences)} does not get this message.",
                "Add it to `audiences`, or take this out.",
            )
    if "public" in named and "newsfeed" not in content.channels:
        yield "channels", "The public gets nothing: it has the newsfeed only.", "Add newsfeed to `channels`."


def half_translated(linted: Linted) -> Iterator[Complaint]:
    """A title in a language that is not complete: its readers get the message's own language after all."""
    content = linted.content
    audiences = content.audiences or linted.configuration.audience_ids
    for number, title in enumerate(content.title):
        missing = [each for each in audiences if title.language not in languages_of(content, each)]
        if missing:
            what = f"Not every key message is in {title.language}; {', '.join(missing)} get {content.language}."
            yield f"title[{number}]", what, f"Translate every key message into {title.language}."


RULES: Final[tuple[Callable[[Linted], Iterator[Complaint]], ...]] = (
    promised_moment,
    admitted_unknowns,
    lane,
    exercise_unsaid,
    said_to_nobody,
    half_translated,
    long_sentences,
    jargon,
    sms_size,
    sms_alphabet,
)


def _texts(content: MessageContent) -> Iterator[tuple[str, Text]]:
    yield from _placed("title", content.title)
    for number, each in enumerate(content.key_messages):
        yield from _placed(f"key_messages[{number}].text", each.text)
        yield from _placed(f"key_messages[{number}].facts", each.facts)
    for name, texts in (("unknown", content.unknown), ("actions", content.actions), ("sms", content.sms)):
        yield from _placed(name, texts)


def _placed(name: str, texts: Iterable[Text]) -> Iterator[tuple[str, Text]]:
    return ((f"{name}[{number}]", text) for number, text in enumerate(texts))


def _sources_of_sms(content: MessageContent) -> Iterator[tuple[str, str]]:
    """What a generated SMS is made of, as it will stand there."""
    for place, text in _texts(content):
        if place.startswith("title") or ".text" in place:
            yield place, gsm_typography(text.text)
