"""The draft of a correction is a message file that is read, whatever became of the fact, and in whichever languages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from uuid_utils import uuid7

from services.domain.content import MessageContent
from services.domain.facts import Status
from services.incidents.draft import draft
from services.incidents.impact import Impact, differences
from services.store.facts import FactVersion
from services.store.messages import Message
from tests.domain.messages import message, parsed

AT = datetime(2026, 11, 23, tzinfo=UTC)
OLD = {"nl": "Stil sinds 8 uur.", "fr": "En panne depuis 8 heures."}
NEW = {"nl": "Stil sinds 9 uur.", "fr": "En panne depuis 9 heures."}


def version(key: str, status: Status, statements: dict[str, str], values: dict[str, str] | None = None) -> FactVersion:
    return FactVersion("cyber-1", key, 1, status, statements, values or {}, "", "", None, AT)


def impact(now: FactVersion, key: str = "outage", said: dict[str, str] | None = None) -> Impact:
    stated = version(key, "confirmed", said or OLD)
    return Impact(UUID(int=1), 1, "released", AT, key, stated, now, ("statement",), 5, [], None)


def original(**fields: Any) -> Message:
    plain = message(**fields).model_dump(mode="json")
    return Message(
        number=1, id=UUID(str(uuid7())), revision=1, incident="cyber-1", kind="alert", lane="urgent", phase="acute",
        exercise=plain["exercise"], content=plain, content_hash="", corrects=None, state="released", recipients=5,
        findings=[], submitted_by=1, approved_by=2, submitted_at=AT, proofed_at=AT, approved_at=AT, released_at=AT,
        paused_at=None, stopped_at=None, expires_at=None, next_update_at=None,
    )  # fmt: skip


def read(text: str) -> MessageContent:
    return parsed(text, name="c.yaml")


@pytest.mark.parametrize("status", ["confirmed", "unconfirmed", "withdrawn"])
def test_a_draft_is_read_whatever_became_of_the_fact(status: Status) -> None:
    """What is right is stated by reference; what is in doubt is an unknown; what was taken back is not stated again."""
    made = original()
    text = draft(made, [impact(version("outage", status, NEW))])
    content = read(text)
    assert (content.kind, content.corrects, content.urgency) == ("correction", str(made.id), "urgent")
    assert content.title[0].text == "Rechtzetting: Titel"
    references = [each.fact for point in content.key_messages for each in point.text]
    assert ("outage" in references) == (status == "confirmed")
    assert [each.fact for each in content.unknown] == (["outage"] if status == "unconfirmed" else [])
    assert "Wij schreven: Stil sinds 8 uur. " in text


def test_a_draft_is_in_the_languages_of_the_message_in_which_it_can_be_said() -> None:
    """A French reader of the error is a French reader of the correction."""
    titles = [{"text": "Titel"}, {"text": "Titre", "language": "fr"}, {"text": "Title", "language": "en"}]
    text = draft(original(title=titles), [impact(version("outage", "confirmed", NEW))])
    assert [each.language for each in read(text).title] == ["nl", "fr"]
    assert "Nous avons écrit: En panne depuis 8 heures." in text


def test_four_facts_at_once_leave_one_to_be_said_apart() -> None:
    """Nobody takes in four things; what was left out is named."""
    facts = [impact(version(f"fact-{number}", "confirmed", NEW), f"fact-{number}") for number in range(4)]
    text = draft(original(), facts)
    assert len(read(text).key_messages) == 3
    assert "# Nog recht te zetten: fact-3." in text


def test_a_long_statement_and_an_exercise_are_read_too() -> None:
    """What fits as a fact must not break its correction."""
    text = draft(
        original(exercise=True, title=[{"text": "x" * 200}]),
        [impact(version("outage", "confirmed", {"nl": "y" * 600}), said={"nl": "z" * 600})],
    )
    assert read(text).exercise


@pytest.mark.parametrize(
    ("now", "differs"),
    [
        (version("a", "confirmed", OLD, {"since": "8 uur"}), ()),
        (version("a", "confirmed", OLD | {"en": "Down."}, {"since": "8 uur", "until": "9 uur"}), ()),
        (version("a", "withdrawn", OLD, {"since": "8 uur"}), ("status",)),
        (version("a", "confirmed", OLD | {"fr": "Autre."}, {"since": "8 uur"}), ("statement",)),
        (version("a", "confirmed", {"nl": OLD["nl"]}, {"since": "8 uur"}), ("statement",)),
        (version("a", "confirmed", OLD, {"since": "9 uur"}), ("value",)),
        (version("a", "unconfirmed", NEW, {}), ("status", "statement", "value")),
    ],
)
def test_a_version_differs_by_what_readers_were_told(now: FactVersion, differs: tuple[str, ...]) -> None:
    """A translation or a value that came later makes nothing wrong that was said."""
    assert tuple(differences(version("a", "confirmed", OLD, {"since": "8 uur"}), now)) == differs
