"""Whom the templates ask something, whatever the message itself asks: for lint, which refuses to ask nothing."""

from collections.abc import Iterable

from services.domain.configuration import DEFAULT, Configuration
from services.domain.content import MessageContent
from services.domain.selection import languages_of
from services.domain.variants import SLOTS, slot
from services.rendering.context import situation_of
from services.rendering.templates import Templates


def asked_by_templates(
    content: MessageContent,
    *,
    phase: str,
    templates: Templates,
    audiences: Iterable[str] | None = None,
    configuration: Configuration = DEFAULT,
) -> frozenset[tuple[str, str]]:
    """The readers (audience and language) of `audiences`, or the message's own, whom a template asks something.

    Raises Refused for a template that is missing or wrong.
    """
    situation = situation_of(content.kind, phase)
    values = {"centre": templates.centre, "slot": {name: slot(name) for name in SLOTS if name != "reader"}}
    return frozenset(
        (audience, language)
        for audience in configuration.in_order(content.audiences if audiences is None else audiences)
        for language in languages_of(content, audience)
        if not (content.exercise and audience == "public")
        and templates.words.asks(audience, language, situation, **values)
    )
