"""From a message to its variants: a pure function of message, template version and facts, rendered once each.

Whatever is wrong with a template shows here, at the proof, with its file and line; sending only fills slots.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any, Final

from services.domain.configuration import CHANNELS, DEFAULT, Configuration
from services.domain.content import MessageContent
from services.domain.falling_back import beside
from services.domain.problems import Problem, Refused
from services.domain.selection import Point, View, languages_of, select
from services.domain.texts import one_line
from services.domain.variants import FALLBACK, Variant, slot
from services.rendering.confirming import refuse_nowhere, tail_of, with_given_mark, with_mark, without_mark
from services.rendering.context import EXERCISE, context_of, line_of, refuse_slots, subject_of, wrong_of
from services.rendering.failures import told
from services.rendering.request import Corrected, RenderRequest
from services.rendering.sms import cut, ending, made
from services.rendering.templates import Templates

__all__ = ["Corrected", "RenderRequest", "render", "render_all"]


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
    also: Mapping[str, Collection[str]] | None = None,
    asks: bool = True,
    configuration: Configuration = DEFAULT,
) -> list[Variant]:
    """Every variant of a message: its audiences (or those given) × their languages × their channels.

    Beside these come the versions that nobody is planned for (`falling_back.beside`), in a segment of their own.
    `also`: by audience the channels on which it has a version besides. `asks`: whether an audience is asked what it is
    asked in this phase. An exercise has none for the public. Raises
    Refused with all problems: of the templates, and of audiences that would see no key message.
    """
    first = RenderRequest(content, "", "", "", phase, message_id, incident_title, issued_at, corrected, configuration)
    first = replace(first, asks=asks)
    variants: list[Variant] = []
    problems: dict[Problem, None] = {}
    for request in _requests(first, content.audiences if audiences is None else audiences, also or {}):
        try:
            variants.append(render(request, templates))
        except Refused as refused:
            problems |= dict.fromkeys(refused.problems)
    if problems:
        raise Refused(list(problems))
    return variants


def render(request: RenderRequest, templates: Templates) -> Variant:
    """One variant. Raises Refused naming the template's file and line."""
    if request.segment == FALLBACK:
        request = _where_it_can_ask(request, templates)
    view = select(request.content, audience=request.audience, language=request.language)
    _refuse_empty(request, view)
    refuse_nowhere(request, view.sms, templates.centre)
    if request.segment == FALLBACK and not view.key_messages and view.sms:  # an SMS alone: the mail says that text
        said = one_line(without_mark(view.sms, confirm=request.content.confirm))
        view = replace(view, key_messages=(Point(said, ()),))
    try:
        subject, text, html = _RENDERERS[request.channel](request, view, templates)
    except Refused:
        raise
    except Exception as error:  # a template is a program: whatever it raises is its author's to mend
        raise told(error, templates) from None
    variant = Variant(request.audience, request.language, request.segment, request.channel, subject, text, html)
    _refuse_unmarked(request, variant)
    _refuse_silent(request, view, variant)
    return variant


def _where_it_can_ask(request: RenderRequest, templates: Templates) -> RenderRequest:
    """An SMS that is answered needs no address of ours; the mail that it falls back to would, and asks nothing then."""
    if request.channel == "mail" and request.content.confirm and not templates.centre.site:
        return replace(request, content=request.content.model_copy(update={"confirm": False}))
    return request


def _requests(
    first: RenderRequest, audiences: Iterable[str], also: Mapping[str, Collection[str]]
) -> Iterator[RenderRequest]:
    known = first.configuration
    for audience in known.in_order(audiences):
        if audience not in known.audience_ids:
            what = f"{audience} is not in version {known.version} of the configuration."
            raise Refused([Problem(f"audiences {audience}", what, "Configure it, or leave it out.")])
        if first.content.exercise and audience == "public":
            continue
        own = set(first.content.channels) & set(known.audience(audience).channels)
        channels = [channel for channel in CHANNELS if channel in own or channel in also.get(audience, ())]
        for language in languages_of(first.content, audience):
            for channel in channels:
                yield replace(first, audience=audience, language=language, channel=channel)
            for channel in beside(first.content, channels, known.audience(audience).channels):
                yield replace(first, audience=audience, language=language, channel=channel, segment=FALLBACK)


def _mail(request: RenderRequest, view: View, templates: Templates) -> tuple[str, str, str]:
    context = context_of(request, view, templates)
    name = f"phases/{request.phase}.j2"
    text = templates.text.get_template(name).render(context, layout="mail/base.txt.j2", sections="mail/sections.txt.j2")
    html = templates.html.get_template(name).render(
        context, layout="mail/base.html.j2", sections="mail/sections.html.j2"
    )
    return context["subject"], _tidy(text), _tidy(html)


def _newsfeed(request: RenderRequest, view: View, templates: Templates) -> tuple[str, str, str]:
    context = context_of(request, view, templates)
    summary = templates.text.get_template("newsfeed/summary.txt.j2").render(context)
    html = templates.html.get_template(f"phases/{request.phase}.j2").render(
        context, layout="newsfeed/base.html.j2", sections="newsfeed/sections.html.j2"
    )
    return context["subject"], line_of(summary, request), _tidy(html)


def _sms(request: RenderRequest, view: View, templates: Templates) -> tuple[str, str, str]:
    mark = templates.words.of(request.language)("exercise.mark")
    prefix = f"{' - '.join(dict.fromkeys((EXERCISE, mark)))}: " if request.content.exercise else ""
    if view.sms is not None:
        return "", prefix + with_given_mark(view.sms, confirm=request.content.confirm), ""
    context = context_of(request, view, templates) | {"subject": subject_of(request, view, templates)}
    template = templates.text.get_template("sms/base.txt.j2")
    text = template.render(context)
    refuse_slots(request, text)
    tail = tail_of(request, templates.centre, context["word"])
    if context["wrongs"] and cut(text, prefix=prefix, tail=tail):  # what is right comes first
        text = template.render(context | {"wrongs": ()})
    whole = ending(made(text, prefix=prefix, tail=tail), _codes(context))
    return "", with_mark(whole, templates.centre) if tail else whole, ""


def _codes(context: Mapping[str, Any]) -> Iterator[str]:
    """How an SMS that we made may say its code: with the address at which to ask, or else without."""
    word, code, verify = context["word"], context["code"], context["centre"].verify
    if verify:
        yield word("sms.code_at", address=verify.partition("://")[2], code=code)
    yield word("sms.code", code=code)


_RENDERERS: Final = {"mail": _mail, "sms": _sms, "newsfeed": _newsfeed}


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
        refuse_slots(request, variant.html)
    elif request.content.confirm and any(slot("confirm") not in part for part in (variant.text, variant.html)):
        what = "Readers are asked to confirm, and the mail does not say how."
        raise Refused([Problem(place, what, "Show `confirm` in the frame.")])


def _refuse_silent(request: RenderRequest, view: View, variant: Variant) -> None:
    """A centre's own frame must not leave out what was wrong. An SMS says it where it has room."""
    if request.channel == "sms" or not (wrongs := wrong_of(request, view)):
        return
    shown = variant.text if request.channel == "mail" else unescape(variant.html)
    if any(wrong not in shown for wrong in wrongs):
        place = f"templates/{request.channel} ({request.audience}, {request.language})"
        raise Refused([Problem(place, "A correction does not say what was wrong.", "Show `wrongs` in the frame.")])
