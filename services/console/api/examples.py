"""Examples for the OpenAPI document: requests that a centre would send, and what is answered."""

import json
from typing import Any, Final

from services.console.api.ability import CSV, JSON, TEXT, YAML, Ability

ID: Final = "019ac2b8-3c1e-7f60-9a4d-2f6a1c0b7d11"
MESSAGE: Final[dict[str, Any]] = {
    "incident": "cyber-2026-014", "kind": "alert", "phase": "acute", "urgency": "urgent", "language": "nl",
    "title": "Loonadministratie niet beschikbaar", "audiences": ["governors", "local-governments"],
    "channels": ["mail", "sms"], "key_messages": [{"text": "De lonen van november worden later gestort."}],
    "unknown": ["Wij weten nog niet wanneer de dienst herstelt."], "next_update_at": "2026-11-30T16:00:00+01:00",
}  # fmt: skip
NEWSLETTER: Final[dict[str, Any]] = {
    "newsletter": "lokale-besturen", "title": "Nieuwsbrief voor lokale besturen", "language": "nl",
    "audiences": ["local-governments"], "schedule": {"time": "17:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"]},
}  # fmt: skip
HEADER: Final = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"

BODIES: Final[dict[tuple[str, str], Any]] = {
    ("message", JSON): MESSAGE,
    ("message", YAML): json.dumps(MESSAGE, indent=2),  # JSON is YAML
    ("contacts", CSV): f"{HEADER}\ngov-limburg,Gouverneur van Limburg,Provincie Limburg,gouverneur,governors,,Limburg,"
    "nl,gouverneur@provincie-limburg.example,+12025550101\n",
    ("newsletter", JSON): NEWSLETTER,
    ("newsletter", YAML): json.dumps(NEWSLETTER, indent=2),
    ("editorial", TEXT): "Vandaag komt het crisisteam om 14 uur samen.",
    ("editorial", JSON): {"text": ["Vandaag komt het crisisteam om 14 uur samen."]},
    ("editorial", YAML): "text:\n  - Vandaag komt het crisisteam om 14 uur samen.\n",
    ("centre", JSON): {"version": 2},
    ("centre", YAML): "version: 2\n",
}
"""Documents, by name and type."""

FIELDS: Final[dict[str, Any]] = {
    "action": "add", "audience": ["governors"], "break_glass": None, "contact": ["gov-limburg"], "email":
    ["wacht@ccvo.example"], "external_id": ["gov-limburg"], "fill": {"sinds": "8:00"}, "incident": "cyber-2026-014",
    "name": "Kabinet Antwerpen", "new": "gemeenten", "nl": "De dienst ligt stil sinds 8 uur.", "number": "+32470123456",
    "reached": True, "reason": "cijfers kloppen niet", "recipients": ["province=Limburg and role=burgemeester"],
    "role": ["author"], "status": "confirmed", "text": ["CCVO: loonsysteem ligt stil."], "time": "16:30",
    "title": "Cyberincident", "to": "containment", "value": {"sinds": "8 uur"}, "until": "2026-12-24T08:00",
}  # fmt: skip
"""Values of fields, by name."""

STATUS: Final[dict[str, Any]] = {
    "id": ID, "state": "sending", "recipients": 327, "channels": {"mail": {"accepted": 318, "planned": 9}},
    "possible_duplicates": 0, "approved_at": "2026-11-26T16:02:11.480Z", "released_at": "2026-11-26T16:02:11.502Z",
    "first_accepted_at": "2026-11-26T16:02:11.702Z", "last_accepted_at": "2026-11-26T16:02:12.911Z",
}  # fmt: skip
ANSWERS: Final[dict[str, Any]] = {
    "Status": STATUS,
    "Submitted": {"id": ID, "state": "proofed", "recipients": 327, "findings": []},
    "Approved": {"id": ID, "state": "released", "approved_at": "2026-11-26T16:02:11.480Z"},
    "Findings": {"findings": []},
    "Blast": {"id": ID, "state": "proofed", "recipients": 12},
    "Imported": {"added": 1, "updated": 0, "unchanged": 326, "dry_run": False, "problems": []},
    "Board": {"glass": [], "alarms": [], "waiting": [], "approved": [], "running": [], "promises": []},
    "Message": {
        "id": ID, "incident": "cyber-2026-014", "kind": "alert", "state": "done", "recipients": 327, "exercise": False,
        "title": "Loonadministratie niet beschikbaar", "submitted_at": "2026-11-26T15:58:02.113Z",
    },
    "Contact": {
        "external_id": "gov-limburg", "name": "Gouverneur van Limburg", "organisation": "Provincie Limburg",
        "email": "gouverneur@provincie-limburg.example", "mobile": "+12025550101",
    },
}  # fmt: skip
"""Answers, by model."""

PARAMETERS: Final[dict[str, Any]] = {
    "id": ID, "incident": "cyber-2026-014", "key": "stilstand", "name": "lokale-besturen", "email":
    "wacht@ccvo.example", "external_id": "gov-limburg", "playbook": "cyber-incident", "entry": "eerste-melding",
    "day": "2026-12-24", "audience": "governors", "number": "+32470123456", "contact": "gov-limburg",
}  # fmt: skip
"""What stands in a path."""


def answer_of(ability: Ability) -> Any:
    """What is answered, for instance."""
    one = ANSWERS.get(ability.answer.__name__, {}) if ability.answer else {}
    return {"items": [one] if one else [], "next": None} if ability.pages else one
