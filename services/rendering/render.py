"""From a message to its variants: a pure function of message, template version and facts, rendered once each.

Whatever is wrong with a template shows here, at the proof, with its file and line; sending only fills slots.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from services.domain.configuration import DEFAULT, Configuration
from services.domain.content import MessageContent
from services.domain.problems import Problem, Refused
from services.domain.selection import View, languages_of, select
from services.domain.texts import one_line
from services.domain.variants import SLOT_OPEN, SLOTS, Variant, slot
from services.rendering.dates import in_full
from services.rendering.failures import told
from services.rendering.sms import made
from services.rendering.templates import Templates
from services.rendering.words import Word

EXERCISE: Final = "OEFENING"  # the contract: on every variant, in every language


@dataclass(frozen=True)
class Corrected:
    """The message that a correction puts right: its title by language, and when it was released (aware)."""

    titles: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class RenderRequest:
    """One variant to render. `issued_at` (aware) is shown as the time of the situation, when given."""

    content: MessageContent
    audience: str
    language: str
    channel: str
    phase: str
    message_id: str
    incident_title: str = ""
    issued_at: datetime | None = None
    corrected: Corrected | None = None
    configuration: Configuration = DEFAULT
    segment: str = ""


def render_all(
    content: MessageContent,
    *,
    phase: str,
    message_id: str,
    templates: Templates,
    incident_title: str = "",
    issued_at: datetime | None = None,
    corrected: Corrected | None = None,
    audiences: Iterable[str] | None = None,
    configuration: Configuration = DEFAULT,
) -> list[Variant]:
    """Every variant of a message: its audiences (or those given) × their languages × their channels.

    An exercise has none for the public. Raises Refused with all problems: of the templates, and of audiences that
    would see no key message.
    """
    first = RenderRequest(content, "", "", "", phase, message_id, incident_title, issued_at, corrected, configuration)
    variants: list[Variant] = []
    problems: dict[Problem, None] = {}
    for request in _requests(first, content.audiences if audiences is None else audiences):
        try:
            variants.append(render(request, templates))
        except Refused as refused:
            problems |= dict.fromkeys(refused.problems)
    if problems:
        raise Refused(list(problems))
    return variants


def render(request: RenderRequest, templates: Templates) -> Variant:
    """One variant. Raises Refused naming the template's file and line."""
    view = select(request.content, audience=request.audience, language=request.language)
    _refuse_empty(request, view)
    try:
        subject, text, html = _RENDERERS[request.channel](request, view, templates)
    except Refused:
        raise
    except Exception as error:  # a template is a program: whatever it raises is its author's to mend
        raise told(error, templates) from None
    variant = Variant(request.audience, request.language, request.segment, request.channel, subject, text, html)
    _refuse_unmarked(request, variant)
    return variant


def _requests(first: RenderRequest, audiences: Iterable[str]) -> Iterator[RenderRequest]:
    known = first.configuration
    for audience in known.in_order(audiences):
        if audience not in known.audience_ids:
            what = f"{audience} is not in version {known.version} of the configuration."
            raise Refused([Problem(f"audiences {audience}", what, "Configure it, or leave it out.")])
        if first.content.exercise and audience == "public":
            continue
        for language in languages_of(first.content, audience):
            for channel in first.content.channels:
                if channel in known.audience(audience).channels:
                    yield replace(first, audience=audience, language=language, channel=channel)


def _mail(request: RenderRequest, view: View, templates: Templates) -> tuple[str, str, str]:
    context = _context(request, view, templates)
    name = f"phases/{request.phase}.j2"
    text = templates.text.get_template(name).render(context, layout="mail/base.txt.j2", sections="mail/sections.txt.j2")
    html = templates.html.get_template(name).render(
        context, layout="mail/base.html.j2", sections="mail/sections.html.j2"
    )
    return context["subject"], _tidy(text), _tidy(html)


def _newsfeed(request: RenderRequest, view: View, templates: Templates) -> tuple[str, str, str]:
    context = _context(request, view, templates)
    summary = templates.text.get_template("newsfeed/summary.txt.j2").render(context)
    html = templates.html.get_template(f"phases/{request.phase}.j2").render(
        context, layout="newsfeed/base.html.j2", sections="newsfeed/sections.html.j2"
    )
    return context["subject"], _line(summary, request), _tidy(html)


def _sms(request: RenderRequest, view: View, templates: Templates) -> tuple[str, str, str]:
    mark = templates.words.of(request.language)("exercise.mark")
    prefix = f"{' - '.join(dict.fromkeys((EXERCISE, mark)))}: " if request.content.exercise else ""
    if view.sms is not None:
        return "", prefix + view.sms, ""
    context = _context(request, view, templates) | {"subject": _subject(request, view, templates)}
    text = templates.text.get_template("sms/base.txt.j2").render(context)
    _refuse_slots(request, text)
    return "", made(text, prefix=prefix), ""


_RENDERERS: Final = {"mail": _mail, "sms": _sms, "newsfeed": _newsfeed}


def _context(request: RenderRequest, view: View, templates: Templates) -> dict[str, Any]:
    """All that a template may use; docs/templates.md lists it."""
    content, language, words = request.content, request.language, templates.words
    word = words.of(language)
    personal = {} if request.channel == "newsfeed" else {"slot": {name: slot(name) for name in SLOTS}}

    def when(moment: datetime | None) -> str:
        return in_full(moment, language=language, timezone=templates.timezone, word=word) if moment else ""

    situation = content.kind if content.kind in ("correction", "all-clear") else request.phase
    asks = words.asks(request.audience, language, situation, centre=templates.centre, **personal)
    as_of = word("as_of", when=when(request.issued_at)) if request.issued_at else ""
    return personal | {
        "subject": _mark(content.exercise, word) + _subject(request, view, templates),
        "title": view.title,
        "points": view.key_messages,
        "unknowns": view.unknown,
        "asks": [*view.actions, *asks],
        "headings": _headings(request, word),
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
        "centre": templates.centre,
        "word": word,
    }


def _subject(request: RenderRequest, view: View, templates: Templates) -> str:
    context = {"kind": request.content.kind, "title": view.title, "word": templates.words.of(request.language)}
    return _line(templates.text.get_template("subject.txt.j2").render(context), request)


def _line(rendered: str, request: RenderRequest) -> str:
    _refuse_slots(request, rendered)
    return one_line(rendered)


def _mark(exercise: bool, word: Word) -> str:
    if not exercise:
        return ""
    return "".join(f"[{mark}] " for mark in dict.fromkeys((EXERCISE, word("exercise.mark"))))


def _headings(request: RenderRequest, word: Word) -> dict[str, str]:
    parts = ("key_messages", "unknown", "actions", "next")
    headings = {part: word(f"phase.{request.phase}.{part}") for part in parts}
    if request.content.kind == "correction":
        headings["key_messages"] = word("kind.correction.key_messages")
    return headings


def _intro(request: RenderRequest, when: Any, word: Word) -> str:
    if request.content.kind != "correction" or request.corrected is None:
        return word(f"kind.{request.content.kind}.intro")
    title = one_line(request.corrected.titles.get(request.language, ""))
    key = "kind.correction.intro_titled" if title else "kind.correction.intro_at"
    return word(key, title=title, when=when(request.corrected.at))


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _refuse_empty(request: RenderRequest, view: View) -> None:
    content = request.content
    if not view.title:
        what = f"There is no title in {request.language}."
        raise Refused([Problem("title", what, "Write one, or leave that language out.")])
    if not view.key_messages and not (content.channels == ("sms",) and view.sms):
        what = f"{request.audience} would see no key message in {request.language}."
        raise Refused([Problem("key_messages", what, "Write one for them, or take them out of `audiences`.")])


def _refuse_unmarked(request: RenderRequest, variant: Variant) -> None:
    """What a template of the centre's own must not lose, or do."""
    parts = {"subject": variant.subject, "text": variant.text, "html": variant.html}
    expected = {"mail": ("subject", "text", "html"), "sms": ("text",), "newsfeed": ("subject", "text", "html")}
    place = f"templates/{request.channel} ({request.audience}, {request.language})"
    for part in expected[request.channel]:
        if request.content.exercise and EXERCISE not in parts[part]:
            what = f"The {part} of an exercise does not say {EXERCISE}."
            raise Refused([Problem(place, what, 'Show word("exercise.banner") in it.')])
        if not parts[part].strip():
            raise Refused([Problem(place, f"The {part} is empty.", "Mend the template.")])
    if request.channel != "mail":
        _refuse_slots(request, variant.html)


def _refuse_slots(request: RenderRequest, rendered: str) -> None:
    if SLOT_OPEN in rendered:
        place = f"templates/{request.channel} ({request.audience}, {request.language})"
        raise Refused([Problem(place, "A slot stands where nobody fills it.", "Use slots in the body of mails only.")])
