"""Every Dutch version of a small alert, and an edition, rendered once at the start and thrown away.

Compiling the templates takes ten times as long as rendering, and the first message of a crisis should not wait for
it. What is wrong with a template is logged here, and told to whoever submits a message that needs it.
"""

from typing import Final

import structlog

from services.domain.configuration import CHANNELS, Configuration
from services.domain.content import MessageContent
from services.domain.problems import Refused
from services.rendering.edition import render_edition
from services.rendering.edition_check import specimens
from services.rendering.render import render_all
from services.rendering.templates import Templates

_SPECIMEN: Final = {
    "incident": "x",
    "kind": "alert",
    "urgency": "urgent",
    "title": [{"text": "x"}],
    "channels": CHANNELS,
    "key_messages": [{"text": [{"text": "x"}]}],
    "next_update_at": "2026-11-23T15:30:00Z",
}

log = structlog.get_logger(__name__)


def warm(templates: Templates, configuration: Configuration) -> None:
    """Have the templates compiled, for every audience and phase."""
    content = MessageContent.model_validate(_SPECIMEN | {"audiences": configuration.audience_ids})
    for phase in configuration.phase_ids:
        try:
            render_all(content, phase=phase, message_id="x", templates=templates, configuration=configuration)
        except Refused as refused:
            log.warning("templates", phase=phase, problems=[str(each) for each in refused.problems])
    try:
        edition, whole = next(specimens(configuration))
        render_edition(edition, message_id="x", templates=templates, whole=whole)
    except Refused as refused:
        log.warning("templates", phase="edition", problems=[str(each) for each in refused.problems])
