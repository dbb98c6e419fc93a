"""The list of telephone calls, as whoever is on duty sees it on a phone at night."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from services.public.calls import html_of
from services.rendering.pages import style_sheet
from services.rendering.templates import load_templates
from services.store.calls import Call
from services.store.messages import Message
from tests.browser.sight import Sight

CALLED = datetime(2026, 11, 26, 2, 10, tzinfo=UTC)
LONG = "Adjunct-directeur-generaal crisiscommunicatie en informatiebeheer"


def a_call(contact: int, name: str, **other: Any) -> Call:
    """Somebody on the list."""
    values: dict[str, Any] = {
        "external_id": f"c-{contact}", "role": "burgemeester", "organisation": "Stad Gent", "municipality": "Gent",
        "number": "+32470000001", "deputies": [], "outcome": None, "called_by": None, "called_at": None,
        "confirmed": False, **other,
    }  # fmt: skip
    return Call(contact, values.pop("external_id"), name, **values)


def test_the_list_is_for_everyone(sight: Sight) -> None:
    """Phone and screen, day and night, keyboard and screen reader; without scripts, with nothing from elsewhere."""
    deputy = {"name": "Zoë Vandenbroucke-Van den Bossche", "number": "+32470000009"}
    listed = [
        a_call(1, "An <Peeters>", deputies=[deputy, {"name": "Yan", "number": None}]),
        a_call(2, "Bartholomeus Vanderstichele-Vandekerckhove", number=None, role=LONG),
        a_call(3, "Cas", outcome="no-answer", called_by="wim@ccvo.example", called_at=CALLED),
        a_call(4, "Dee", outcome="reached", called_by="wim@ccvo.example", called_at=CALLED, confirmed=True),
        a_call(5, "Eve", confirmed=True),
    ]
    message = cast("Message", _Message({"title": [{"text": "Blijf binnen en sluit ramen en deuren"}]}))
    templates = load_templates()
    html = html_of(message, "wim@ccvo.example", listed, templates)
    assert "<script" not in html
    files = {"/calls/x": ("text/html; charset=utf-8", html), "/style.css": ("text/css", style_sheet(templates))}
    sight.look("/calls/x", name="calls", files=files).flawless()


@dataclass
class _Message:
    """As much of a message as the page shows."""

    content: dict[str, Any]
    incident: str = "storm-2026-001"
    exercise: bool = True
