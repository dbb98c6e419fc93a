"""All that a template sees: an audience's view of the message, with the words and dates of its language.

docs/templates.md lists it for those who write templates.
"""

from datetime import datetime
from typing import Any, Final

from services.domain import limits
from services.domain.problems import Problem, Refused
from services.domain.selection import View
from services.domain.texts import one_line
from services.domain.variants import LINKS, SLOT_OPEN, SLOTS, slot
from services.domain.verification import code_of
from services.rendering.dates import in_full
from services.rendering.request import RenderRequest
from services.rendering.templates import Templates
from services.rendering.words import Word

EXERCISE: Final = "OEFENING"  # the contract: on every variant, in every language


def context_of(request: RenderRequest, view: View, templates: Templates) -> dict[str, Any]:
    """All that a template may use; docs/templates.md lists it."""
    content, language, words = request.content, request.language, templates.words
    word = words.of(language)
    personal = (
        {} if request.channel == "newsfeed" else {"slot": {name: slot(name) for name in SLOTS if name not in LINKS}}
    )

    def when(moment: datetime | None) -> str:
        return in_full(moment, language=language, timezone=templates.timezone, word=word) if moment else ""

    situation = situation_of(content.kind, request.phase)
    asks = (
        words.asks(request.audience, language, situation, centre=templates.centre, **personal) if request.asks else []
    )
    as_of = word("as_of", when=when(request.issued_at)) if request.issued_at else ""
    return personal | {
        "subject": mark_of(content.exercise, word) + subject_of(request, view, templates),
        "title": view.title,
        "points": view.key_messages,
        "unknowns": view.unknown,
        "asks": [*view.actions, *asks],
        "wrongs": wrong_of(request, view),
        "headings": _headings(request, view, word),
        "intro": _intro(request, when, word),
        "kind": content.kind,
        "phase": request.phase,
        "urgency": content.urgency,
        "exercise": content.exercise,
        "audience": request.audience,
        "audience_name": request.configuration.audience(request.audience).names[language],
        "because": words.because(request.audience, language, **personal) if personal else "",
        "language": language,
        "next_update": when(content.next_update_at),
        "expires": when(content.expires_at),
        "as_of": as_of,
        "incident": {
            "id": content.incident,
            "title": one_line(request.incident_title) if language == content.language else "",
        },
        "message_id": request.message_id,
        "code": code_of(request.message_id, request.audience),
        "confirm": slot("confirm") if content.confirm and request.channel == "mail" else "",
        "centre": templates.centre,
        "word": word,
    }


def situation_of(kind: str, phase: str) -> str:
    """Under which word an audience's asks stand: the phase, or the kind of a correction or all-clear."""
    return kind if kind in ("correction", "all-clear") else phase


def subject_of(request: RenderRequest, view: View, templates: Templates) -> str:
    """The title as this kind of message says it, without the mark of an exercise."""
    context = {"kind": request.content.kind, "title": view.title, "word": templates.words.of(request.language)}
    return line_of(templates.text.get_template("subject.txt.j2").render(context), request)


def line_of(rendered: str, request: RenderRequest) -> str:
    """What a template made, on one line."""
    refuse_slots(request, rendered)
    return one_line(rendered)


def wrong_of(request: RenderRequest, view: View) -> tuple[str, ...]:
    """What a correction says was wrong: in its author's words, or else what this audience was told then."""
    if request.content.kind != "correction":
        return ()
    if view.wrong or request.corrected is None:
        return view.wrong
    said = request.corrected.said(request.audience, request.language)
    return tuple(f"“{one_line(text)}”" for text in said[: limits.WRONG])


def mark_of(exercise: bool, word: Word) -> str:
    """What stands before the subject of an exercise, ours and in the reader's language; '' for what is real."""
    if not exercise:
        return ""
    return "".join(f"[{mark}] " for mark in dict.fromkeys((EXERCISE, word("exercise.mark"))))


def _headings(request: RenderRequest, view: View, word: Word) -> dict[str, str]:
    parts = ("key_messages", "unknown", "actions", "next")
    headings = {part: word(f"phase.{request.phase}.{part}") for part in parts}
    if request.content.kind == "correction":
        headings["key_messages"] = word("kind.correction.key_messages")
        wrong, quoted = word("kind.correction.wrong"), word("kind.correction.quoted")
        headings["wrong"] = wrong if view.wrong else quoted
    return headings


def _intro(request: RenderRequest, when: Any, word: Word) -> str:
    if request.content.kind != "correction" or request.corrected is None:
        return word(f"kind.{request.content.kind}.intro")
    title = one_line(request.corrected.title(request.language))
    key = "kind.correction.intro_titled" if title else "kind.correction.intro_at"
    return word(key, title=title, when=when(request.corrected.at))


def refuse_slots(request: RenderRequest, rendered: str) -> None:
    """Subjects, SMS and feeds are the same for everyone: a mark there would be read as it is."""
    if SLOT_OPEN in rendered:
        place = f"templates/{request.channel} ({request.audience}, {request.language})"
        raise Refused([Problem(place, "A slot stands where nobody fills it.", "Use slots in the body of mails only.")])
