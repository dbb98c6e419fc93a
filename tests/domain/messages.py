"""The message of the contract, and ways to make others of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.domain.configuration import DEFAULT
from services.domain.content import MessageContent
from services.domain.message_file import parse_message_file
from services.domain.problems import Problem, Refused

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0).isoformat()

CONTRACT = """\
incident: cyber-2026-014
kind: alert                  # alert | update | correction | all-clear
phase: acute
urgency: urgent
title: Loonadministratie niet beschikbaar
language: nl
audiences: [governors, local-governments, hr-business-partners]
channels: [mail, sms, newsfeed]
key_messages:
  - text: De lonen van november worden later gestort.
    facts: ["De dienst ligt stil sinds 8 uur.", "Er zijn geen gegevens gelekt."]
  - text: Verwittig uw personeel met de modelbrief.
    audiences: [hr-business-partners]
unknown: ["Wanneer de dienst herstelt."]
actions:
  - "Verwijs vragen door naar uw aanspreekpunt."
  - {text: "Houd uw provinciale cel paraat.", audiences: [governors]}
sms: "CCVO: loonadministratie onbeschikbaar, lonen later. Meer in uw mail."
next_update_at: 2026-11-23T16:00:00+01:00
expires_at: 2026-11-24T00:00:00+01:00
exercise: false
corrects: null
"""


def parsed(text: str = CONTRACT, name: str = "m.yaml") -> MessageContent:
    """The message in `text`, at NOW."""
    return parse_message_file(text, name=name, now=NOW, configuration=DEFAULT)


def refused(text: str) -> list[Problem]:
    """The problems of `text`; fails when there are none."""
    try:
        parsed(text)
    except Refused as error:
        return error.problems
    raise AssertionError("it was accepted")


def message(**fields: Any) -> MessageContent:
    """A small valid message in Dutch, by mail, for two audiences; `fields` in the shape of `MessageContent`."""
    plain: dict[str, Any] = {
        "incident": "cyber-1",
        "kind": "alert",
        "urgency": "urgent",
        "title": [{"text": "Titel"}],
        "audiences": ["governors", "bcm-leads"],
        "channels": ["mail"],
        "key_messages": [{"text": [{"text": "Kern."}]}],
    }
    return MessageContent.model_validate(plain | fields)


def sendable(**fields: Any) -> MessageContent:
    """The same, with the moment of the next update, without which nothing is sent in the acute phase.

    That is the same all the time that the tests run, so that the same message has the same hash.
    """
    return message(**{"next_update_at": fields.get("expires_at") or TOMORROW} | fields)
