"""A crisis as its feed has it: rendered by our own templates, so that the pages show what people would get."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.domain.content import MessageContent
from services.domain.verification import code_of
from services.rendering.render import Corrected, render_all
from services.rendering.templates import Templates
from services.store.feeds import FeedEntry
from tests.public.entries import entry

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PAY = {
    "incident": "cyber-2026-014", "kind": "alert", "urgency": "urgent", "channels": ["newsfeed"],
    "audiences": ["public"], "title": [{"text": "Loonadministratie niet beschikbaar"}],
    "key_messages": [
        {"text": [{"text": "De lonen van november worden later gestort."}],
         "facts": [{"text": "De dienst ligt stil sinds 8 uur."}, {"text": "Er zijn geen gegevens gelekt."}]},
        {"text": [{"text": "Wij werken aan een oplossing met de leverancier."}]},
    ],
    "unknown": [{"text": "Wanneer de dienst herstelt."}],
    "actions": [{"text": "Verwijs vragen door naar uw aanspreekpunt."},
                {"text": "Verwittig uw personeel met de modelbrief."}],
    "next_update_at": "2026-11-23T16:00:00+01:00",
}  # fmt: skip
UPDATE = PAY | {
    "kind": "update", "title": [{"text": "Loonadministratie: herstel is begonnen"}],
    "key_messages": [
        {"text": [{"text": "De lonen van november worden ten laatste vrijdag gestort."}],
         "facts": [{"text": "De dienst ligt stil sinds 8 uur."}, {"text": "Er zijn geen gegevens gelekt."},
                   {"text": "Eén van de twee servers werkt opnieuw."}]},
    ],
    "next_update_at": "2026-11-23T18:30:00+01:00",
}  # fmt: skip
CORRECTION = UPDATE | {
    "kind": "correction", "title": [{"text": "De dienst ligt stil sinds 6 uur, niet sinds 8 uur"}],
    "key_messages": [{"text": [{"text": "De dienst ligt stil sinds 6 uur."}]}],
    "wrong": [{"text": "Wij schreven dat de dienst sinds 8 uur stil ligt."}], "unknown": [], "actions": [],
    "corrects": str(UUID(int=2)),
}  # fmt: skip
STORM = PAY | {
    "incident": "storm-2026-003", "kind": "all-clear", "urgency": "routine", "area": ["Gent", "provincie Limburg"],
    "title": [{"text": "De storm is voorbij"}], "key_messages": [{"text": [{"text": "De wind gaat liggen."}]}],
    "unknown": [], "actions": [], "next_update_at": None,
}  # fmt: skip


def told(
    number: int, content: dict[str, Any], templates: Templates, *, audience: str = "public", hours: float = 0,
    title: str = "Loonmotor Vlaanderen", corrects: FeedEntry | None = None, **changes: Any,
) -> FeedEntry:  # fmt: skip
    """The entry of a message with this content, `hours` after the start."""
    parsed = MessageContent.model_validate(content | {"audiences": [audience]})
    identity, at = UUID(int=number), START + timedelta(hours=hours)
    corrected = Corrected(MessageContent.model_validate(corrects.content), corrects.published_at) if corrects else None
    phase = str(content.get("phase") or "acute")
    (variant,) = render_all(
        parsed, phase=phase, message_id=str(identity), templates=templates, incident_title=title, issued_at=at,
        corrected=corrected,
    )  # fmt: skip
    plain = entry(
        number, audience=audience, incident=parsed.incident, incident_title=title, kind=parsed.kind,
        lane=parsed.urgency, phase=phase, exercise=parsed.exercise, content=parsed.model_dump(mode="json"),
        language=variant.language, title=variant.subject, summary=variant.text, html=variant.html,
        published_at=at, updated_at=at, corrects=corrects.message_id if corrects else None,
        code=code_of(str(identity), audience),
    )  # fmt: skip
    return replace(plain, **changes)


def crisis(templates: Templates, audience: str = "public") -> Sequence[FeedEntry]:
    """Five messages in two incidents, newest first: one is put right, one withdrawn."""
    first = told(1, PAY, templates, audience=audience)
    second = told(2, UPDATE, templates, audience=audience, hours=3.5, put_right_by=UUID(int=4),
                  put_right_title="Rechtzetting: De dienst ligt stil sinds 6 uur, niet sinds 8 uur")  # fmt: skip
    storm = told(3, STORM, templates, audience=audience, hours=-20, title="Storm over de kust")
    correction = told(4, CORRECTION, templates, audience=audience, hours=5, corrects=second)
    gone = told(5, UPDATE | {"title": [{"text": "De lonen zijn gestort"}]}, templates, audience=audience, hours=6,
                withdrawn_at=START + timedelta(hours=7))  # fmt: skip
    return [gone, correction, second, first, storm]
