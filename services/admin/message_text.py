"""A message that is not submitted yet, rendered as it will be: every version that its readers would get."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.domain.configuration import CHANNELS, Configuration
from services.domain.content import MessageContent
from services.domain.variants import Variant
from services.rendering.proof_versions import NO_ID
from services.rendering.render import render_all
from services.rendering.request import Corrected
from services.rendering.templates import Templates, load_templates

if TYPE_CHECKING:
    from services.admin.situation import Situation


def rendered(
    content: MessageContent,
    configuration: Configuration,
    situation: "Situation | None" = None,
    templates: Templates | None = None,
) -> list[Variant]:
    """Every version; without a situation (no server) as if it were the first of its incident. Raises `Refused`."""
    return render_all(
        content if content.channels else content.model_copy(update={"channels": CHANNELS}),
        phase=situation.phase if situation else content.phase or "acute",
        message_id=NO_ID,
        templates=templates or load_templates(),
        incident_title=situation.incident_title if situation else content.title[0].text,
        issued_at=datetime.now(UTC),
        corrected=(situation.corrected if situation else None) or _supposed(content),
        audiences=situation.audiences if situation else None,
        also=situation.also if situation else None,
        configuration=configuration,
    )


def _supposed(content: MessageContent) -> Corrected | None:
    if content.kind != "correction":
        return None
    unknown = [{"text": "[titel]", "language": text.language} for text in content.title]
    said = [{"text": [{"text": "[wat dat bericht zei]", "language": text.language}]} for text in content.title]
    before = {"kind": "alert", "corrects": None, "wrong": (), "title": unknown, "key_messages": said}
    return Corrected(MessageContent.model_validate(content.model_dump() | before), datetime.now(UTC))
