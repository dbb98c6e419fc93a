"""Every version of a message, rendered: once when it is submitted, and again when somebody is about to approve it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.domain.content import MessageContent
from services.domain.variants import Variant
from services.editorial.desk import Desk
from services.rendering.render import render_all
from services.rendering.request import Corrected
from services.store.incidents import Incident
from services.store.messages import Message


def versions_of(
    content: MessageContent,
    *,
    message_id: str,
    phase: str,
    incident: Incident,
    issued_at: datetime,
    corrected: Message | None,
    audiences: Sequence[str],
    also: Mapping[str, Collection[str]],
    desk: Desk,
) -> list[Variant]:
    """The same in every argument gives the same, while the templates and the configuration are the same."""
    return render_all(
        content,
        phase=phase,
        message_id=message_id,
        templates=desk.templates,
        incident_title=incident.title,
        issued_at=issued_at,
        corrected=_told_wrong(corrected),
        audiences=audiences,
        also=also,
        configuration=desk.configuration,
    )


def _told_wrong(corrected: Message | None) -> Corrected | None:
    if corrected is None or corrected.released_at is None:
        return None
    return Corrected(MessageContent.model_validate(corrected.content), corrected.released_at)
