"""What is submitted is judged again here, whoever sent it; whatever comes, the next command is answered."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from uuid_utils import uuid7

from services.domain.commands import Command, SubmitMessage
from services.domain.events import envelope
from tests.domain.messages import sendable as content_of
from tests.editorial.rooms import AUTHOR, MANAGER, Rooms

pytestmark = pytest.mark.stack

THREE = [{"text": [{"text": f"Kern {number}."}]} for number in range(3)]


def command(incident: str, *, user: int = AUTHOR, **changed: Any) -> Command:
    """A submission; `changed` replaces fields of its content, past all models."""
    content = content_of(incident=incident).model_dump(mode="json") | changed
    body = SubmitMessage(message_id=UUID(str(uuid7())), content=content)
    return Command(id=UUID(str(uuid7())), user=user, given_at=datetime.now(UTC), body=body)


def record(given: Command, **changed: Any) -> bytes:
    """The record of a command."""
    event = envelope(given, event_type=given.body.type, source="/outside", event_id=str(given.id))
    return json.dumps(event.model_dump(mode="json") | changed).encode()


async def still_answers(desk: Rooms, incident: str) -> None:
    _, answer = await desk.submit(incident=incident, title=[{"text": str(uuid7())}])
    assert answer.done, answer


async def test_the_same_content_is_sent_a_second_time_only_when_asked(desk: Rooms, incident: str):
    """Someone who lost the connection submits again: nobody gets it twice."""
    first = await desk.proofed(incident=incident)
    _, answer = await desk.submit(incident=incident)
    assert not answer.done
    assert answer.result["existing"] == str(first)
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 1
    second, answer = await desk.submit(incident=incident, again=True)
    assert answer.done
    assert second != first
    assert (await desk.submit(incident=f"{incident}-2"))[1].done


async def test_the_same_command_gets_its_first_answer(desk: Rooms, incident: str):
    """Kafka and doors repeat: also when the world has changed meanwhile, it happens once."""
    given = command(incident)
    first = await desk.give(given)
    assert first.done
    await desk.produce(record(given))
    assert await desk.give(given) == first
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 1


async def test_the_same_id_with_another_body_is_refused_at_the_door(desk: Rooms, incident: str):
    """Answered with the first one's "done", a second person's approval, or another message, would seem to be done."""
    given = command(incident)
    first = await desk.give(given)
    for other in (command(f"{incident}-2"), given.model_copy(update={"user": MANAGER})):
        answer = await desk.give(other.model_copy(update={"id": given.id}))
        assert not answer.done
        assert "another body" in (answer.error or "")
    assert await desk.give(given) == first
    assert await desk.one("SELECT count(*) FROM message WHERE incident LIKE %s", f"{incident}%") == 1


async def test_what_cannot_be_read_is_kept_and_stops_nothing(desk: Rooms, incident: str):
    """Not JSON; an unknown type; a broken schema; an id with another body; what PostgreSQL cannot even store."""
    given = command(incident)
    assert (await desk.give(given)).done
    other = given.model_copy(update={"user": MANAGER})
    odd = command(incident, title=[{"text": "x\x00y"}], more={"deep": "\x00"})
    for value, reason in (
        (b"not json \xff", "not a CloudEvents"),
        (record(given, type="roeland.message.burn.v1"), "does not fit"),
        (record(given, data={"id": "x"}), "breaks its schema"),
        (record(other), "another body"),
        (record(odd), "a NUL"),
    ):
        await desk.produce(value)
        await desk.buried(reason)
    assert "there is no user" in ((await desk.give(command(incident, user=2**70))).error or "")
    await still_answers(desk, incident)


async def test_what_nobody_foresaw_is_answered_and_kept(desk: Rooms, incident: str):
    """A moment before the year 1 in UTC breaks the arithmetic: its door is told, and the record is kept."""
    answer = await desk.give(command(incident, expires_at="0001-01-01T00:00:00+14:00"))
    assert "editorial failed" in (answer.error or "")
    await desk.buried("unforeseen OverflowError")
    await still_answers(desk, incident)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"key_messages": [*THREE, THREE[0]]}, "key_messages[3]"),
        ({"audiences": ["governors", "everyone"]}, "audiences[1]"),
        ({"audiences": []}, "audiences"),
        ({"channels": ["pigeon"]}, "channels[0]"),
        ({"expires_at": "2026-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2026-11-24T00:00:00"}, "expires_at"),
        ({"title": [{"text": "x" * 201}]}, "title[0].text"),
        ({"title": "just text"}, "title"),
        ({"kind": "correction"}, "corrects"),
        ({"corrects": str(UUID(int=1))}, "corrects"),
        ({"kind": "correction", "corrects": "17"}, "corrects"),
        ({"kind": "correction", "corrects": str(UUID(int=1))}, "corrects"),
        ({"kind": "all-clear", "audiences": []}, "audiences"),
        ({"phase": "panic"}, "phase"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_content_from_outside_is_held_to_the_rules_of_a_file(desk: Rooms, incident: str, changed, place):
    """A signed command comes past every door; each problem is named, and nothing is left behind."""
    answer = await desk.give(command(incident, **changed))
    assert not answer.done
    assert any(problem["place"].startswith(place) for problem in answer.problems), answer
    assert await desk.one("SELECT count(*) FROM incident WHERE slug = %s", incident) == 0


async def test_a_forged_signature_is_refused(desk: Rooms, incident: str):
    """Also here, where a mere assertion would do."""
    answer = await desk.give(command(incident).signed(Ed25519PrivateKey.generate()))
    assert not answer.done
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 0


async def test_the_first_message_decides_whether_an_incident_is_an_exercise(desk: Rooms, incident: str):
    """A real alert in an exercise, or the other way round, is what nobody may mistake. The phase stays too."""
    assert (await desk.submit(incident=incident, exercise=True, phase="recovery"))[1].done
    _, answer = await desk.submit(incident=incident, title=[{"text": "Echt"}])
    assert answer.problems[0]["place"] == "exercise"
    assert (await desk.submit(incident=incident, exercise=True, phase="acute"))[1].done
    assert await desk.one("SELECT phase FROM incident WHERE slug = %s", incident) == "recovery"
    third, _ = await desk.submit(incident=incident, exercise=True, title=[{"text": "Nog een"}])
    assert await desk.one("SELECT phase FROM message WHERE id = %s", third) == "recovery"
