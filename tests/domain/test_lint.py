"""Every lint rule has a message that it leaves alone and one that it speaks about."""

from typing import Any

import pytest

from services.domain.lint import lint
from tests.domain.messages import NOW, message, parsed

LONG = " ".join(["woord"] * 21) + "."
PROMISE: dict[str, Any] = {"next_update_at": "2026-11-23T16:00:00+01:00", "unknown": [{"text": "De oorzaak."}]}


def places(phase: str = "acute", **fields: Any) -> set[str]:
    return {finding.place for finding in lint(message(**(PROMISE | fields)), phase=phase, now=NOW)}


def test_a_good_message_has_no_findings() -> None:
    """A lint that always speaks is not read."""
    assert lint(parsed(), phase="acute", now=NOW) == []
    assert places() == set()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"next_update_at": None}, "next_update_at"),
        ({"next_update_at": "2026-11-23T08:00:00Z"}, "next_update_at"),
        ({"unknown": []}, "unknown"),
        ({"urgency": "routine"}, "urgency"),
        ({"actions": [{"text": LONG}]}, "actions[0]"),
        ({"actions": [{"text": "Meld het aan de SPoC."}]}, "actions[0]"),
        ({"title": [{"text": "Oefening met rook"}]}, "title[0]"),
        ({"actions": [{"text": "Bel.", "audiences": ["partners"]}]}, "actions[0]"),
        ({"audiences": ["governors", "public"]}, "channels"),
        ({"audiences": ["governors", "public"], "exercise": True}, "audiences"),
        ({"title": [{"text": "Titel", "language": "nl"}, {"text": "Titre", "language": "fr"}]}, "title[1]"),
        ({"channels": ["mail", "sms"], "sms": [{"text": "België"}]}, "sms[0]"),
        ({"channels": ["mail", "sms"], "title": [{"text": "België"}]}, "title[0]"),
        ({"channels": ["mail", "sms"], "sms": [{"text": "woord " * 80}]}, "sms[0]"),
    ],
)
def test_a_rule_speaks(fields: dict[str, Any], place: str) -> None:
    """At the field that it is about."""
    assert place in places(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"phase": "recovery", "next_update_at": None, "unknown": []},
        {"actions": [{"text": "Meld het aan de SPoC (aanspreekpunt)."}]},
        {"actions": [{"text": "Meld het aan uw aanspreekpunt (SPoC)."}]},
        {"actions": [{"text": "Een zin. " * 15}]},
        {"exercise": True, "title": [{"text": "Oefening met rook"}]},
        {"title": [{"text": "België"}]},
        {"channels": ["mail", "sms"], "title": [{"text": "Het ‘net’ – stil"}]},
    ],
)
def test_a_rule_is_silent(fields: dict[str, Any]) -> None:
    """Where there is nothing to say."""
    assert places(**fields) == set()
