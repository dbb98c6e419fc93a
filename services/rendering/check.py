"""Every variant that could ever be asked of the templates, rendered once, so that a hole shows before a crisis."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Final

from services.domain.configuration import CHANNELS, KINDS, Configuration
from services.domain.content import MessageContent
from services.domain.problems import Problem, Refused
from services.rendering.check_notices import check_notices
from services.rendering.check_pages import check_pages
from services.rendering.deputy import for_deputy
from services.rendering.edition_check import check_editions
from services.rendering.render import Corrected, RenderRequest, render
from services.rendering.templates import Templates

_MOMENT: Final = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)


def check_templates(templates: Templates, configuration: Configuration) -> list[Problem]:
    """What is missing or wrong, for every audience, language, phase, kind and channel of a configuration.

    Editions of newsletters among them, pages for people, and what users are told.
    """
    problems: dict[Problem, None] = {}
    for request in _requests(configuration):
        try:
            variant = render(request, templates)
            if variant.channel != "newsfeed":
                for_deputy(variant, 0, [("x", "x")], templates)
        except Refused as refused:
            problems |= dict.fromkeys(refused.problems)
    more = (
        *check_editions(templates, configuration),
        *check_pages(templates, configuration, _MOMENT),
        *check_notices(templates, _MOMENT),
    )
    return [*problems, *dict.fromkeys(more)]


def _requests(configuration: Configuration) -> Iterator[RenderRequest]:
    situations = [(kind, False) for kind in KINDS] + [("alert", True)]
    for language, (kind, exercise) in product(configuration.languages, situations):
        content = _specimen(language, kind, exercise=exercise)
        corrected = Corrected(content, _MOMENT) if kind == "correction" else None
        for audience, phase, channel in product(configuration.audiences, configuration.phase_ids, CHANNELS):
            if channel in audience.channels:
                yield RenderRequest(
                    content=content,
                    audience=audience.id,
                    language=language,
                    channel=channel,
                    phase=phase,
                    message_id="00000000-0000-7000-8000-000000000000",
                    issued_at=_MOMENT,
                    incident_title="x",
                    corrected=corrected,
                    configuration=configuration,
                )


def _specimen(language: str, kind: str, *, exercise: bool) -> MessageContent:
    return MessageContent.model_validate(
        {
            "incident": "x",
            "kind": kind,
            "urgency": "urgent",
            "title": [{"text": "x"}],
            "language": language,
            "channels": CHANNELS,
            "key_messages": [{"text": [{"text": "x"}], "facts": [{"text": "x"}]}],
            "unknown": [{"text": "x"}],
            "actions": [{"text": "x"}],
            "next_update_at": None if exercise else _MOMENT,
            "exercise": exercise,
        }
    )
