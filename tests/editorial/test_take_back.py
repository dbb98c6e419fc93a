"""Between approval and release: what is routine can be taken back, what is under embargo waits for its hour."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.domain.commands import TakeBackMessage
from services.domain.states import State
from tests.conftest import delete_topics
from tests.editorial.rooms import AUDITOR, AUTHOR, MANAGER, SECOND, Rooms, rooms
from tests.stack import Background

pytestmark = [pytest.mark.stack, pytest.mark.long]

SECONDS = 1.5
ROUTINE = {"urgency": "routine", "kind": "update"}


@pytest.fixture(scope="module")
def slow(
    kafka: str, postgres: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """Rooms in which an approval can be taken back for one and a half seconds, with two editorials."""
    folder: Path = tmp_path_factory.mktemp("slow-rooms")
    with rooms(kafka, postgres, folder) as made:
        made.env["ROELAND_TAKE_BACK_SECONDS"] = str(SECONDS)
        try:
            with made.running("editorial"), made.running("editorial"), made.running("dispatch"):
                yield made
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def taken_back(desk: Rooms, message_id: UUID, user: int = SECOND) -> Any:
    return await desk.ask(TakeBackMessage(message_id=message_id, reason="verkeerde datum"), user)


async def test_a_routine_message_goes_out_when_it_can_be_taken_back_no_more(slow: Rooms, incident: str):
    """Ten seconds for users; nothing is announced before, and then it goes out by itself, approved when it was."""
    message_id = await slow.proofed(incident=incident, **ROUTINE)
    answer = await slow.approve(message_id)
    assert answer.done, answer
    assert answer.result["state"] == "approved"
    waits = datetime.fromisoformat(answer.result["release_at"]) - datetime.fromisoformat(answer.result["approved_at"])
    assert abs(waits.total_seconds() - SECONDS) < 0.01
    await slow.until("SELECT state = 'released' FROM message WHERE id = %s", message_id)
    late = await slow.one(
        "SELECT released_at - approved_at - make_interval(secs => %s) FROM message WHERE id = %s", SECONDS, message_id
    )
    assert timedelta(0) <= late < timedelta(seconds=1)
    assert await slow.one("SELECT approved_by FROM message WHERE id = %s", message_id) == SECOND
    number = await slow.number(message_id)
    await slow.until("SELECT bool_and(announced_at IS NOT NULL) FROM batch WHERE message = %s", number)
    audit = "SELECT array_agg(action ORDER BY id) FROM audit WHERE subject = %s AND action ~ 'approved|released'"
    assert await slow.one(audit, f"message:{message_id}") == ["message.approved", "message.released"]
    events = "SELECT count(*) FROM inbox WHERE consumer = 'dispatch'"
    assert await slow.one(events) >= 1


async def test_an_urgent_message_waits_for_nothing(slow: Rooms, incident: str):
    """Ten seconds are long when a dike breaks."""
    message_id = await slow.proofed(incident=incident)
    assert (await slow.approve(message_id)).result["state"] == "released"


async def test_a_correction_is_never_held(slow: Rooms, incident: str):
    """Each second of it is one more in which the error stands."""
    original = await slow.released(incident=incident)
    claimed = await slow.claim(original)
    assert claimed is not None
    await slow.settle(claimed, State.ACCEPTED)
    fields = {"kind": "correction", "corrects": str(original), "audiences": [], "urgency": "routine"}
    message_id = await slow.proofed(incident=incident, **fields)
    assert (await slow.approve(message_id)).result["state"] == "released"


@pytest.mark.parametrize("user", [SECOND, MANAGER, AUTHOR])
async def test_what_was_taken_back_is_not_sent_and_can_be_approved_again(slow: Rooms, incident: str, user: int):
    """Whoever sees the mistake first: the approver, a crisis manager, or the author."""
    message_id = await slow.proofed(incident=incident, **ROUTINE)
    assert (await slow.approve(message_id)).done
    answer = await taken_back(slow, message_id, user)
    assert answer.done, answer
    assert answer.result["state"] == "proofed"
    await asyncio.sleep(SECONDS + 0.6)
    assert await slow.rows(
        "SELECT state, approved_by, approved_at, released_at FROM message WHERE id = %s", message_id
    ) == [("proofed", None, None, None)]
    assert await slow.one("SELECT bool_or(announced_at IS NOT NULL) FROM batch WHERE message = %s",
                          await slow.number(message_id)) is False  # fmt: skip
    assert (await slow.approve(message_id)).result["state"] == "approved"
    await slow.until("SELECT state = 'released' FROM message WHERE id = %s", message_id)


async def test_the_timer_of_an_approval_that_was_taken_back_shortens_no_later_one(slow: Rooms, incident: str):
    """Approved, taken back and approved again: the second approval has its full time too."""
    message_id = await slow.proofed(incident=incident, **ROUTINE)
    assert (await slow.approve(message_id)).done
    await asyncio.sleep(SECONDS * 0.6)
    assert (await taken_back(slow, message_id)).done
    assert (await slow.approve(message_id)).done
    await slow.until("SELECT state = 'released' FROM message WHERE id = %s", message_id)
    waited = await slow.one("SELECT released_at - approved_at FROM message WHERE id = %s", message_id)
    assert waited >= timedelta(seconds=SECONDS)


async def test_who_has_no_say_takes_nothing_back(slow: Rooms, incident: str):
    """An auditor reads; and what was released is stopped, not taken back."""
    message_id = await slow.proofed(incident=incident)
    assert "no approval to take back" in ((await taken_back(slow, message_id)).error or "")
    assert (await slow.approve(message_id)).done
    assert "message stop" in ((await taken_back(slow, message_id)).error or "")
    assert "role" in ((await taken_back(slow, message_id, AUDITOR)).error or "")


async def test_taken_back_at_the_moment_of_its_release_is_one_or_the_other(slow: Rooms, incident: str):
    """Never half of each: either it waits again and nothing went out, or it is released and the answer says so."""
    for n in range(4):
        message_id = await slow.proofed(incident=incident, title=[{"text": f"Titel {n}"}], **ROUTINE)
        assert (await slow.approve(message_id)).done
        await asyncio.sleep(SECONDS + 0.05 * n)
        answer = await taken_back(slow, message_id)
        await asyncio.sleep(0.5)
        state, released_at = (await slow.rows("SELECT state, released_at FROM message WHERE id = %s", message_id))[0]
        assert (state, released_at is None) == (("proofed", True) if answer.done else ("released", False))


@pytest.mark.parametrize("how", ["stop", "reject"])
async def test_what_waits_can_be_stopped_and_rejected(slow: Rooms, incident: str, how: str):
    """Both end it; no timer brings it back."""
    message_id = await slow.proofed(incident=incident, **ROUTINE)
    assert (await slow.approve(message_id)).done
    if how == "stop":
        await slow.halt(message_id, "stop")
    else:
        assert (await slow.reject(message_id)).done
    await asyncio.sleep(SECONDS + 0.6)
    assert await slow.state(message_id) == {"stop": "stopped", "reject": "rejected"}[how]
    number = await slow.number(message_id)
    await slow.until("SELECT planned = 0 AND superseded = 5 FROM batch WHERE message = %s", number)


async def test_an_embargo_holds_until_its_moment_and_not_longer(desk: Rooms, incident: str):
    """Urgent or not. Its text speaks of the moment of release, and nothing of it is anywhere before."""
    at = in_seconds(3)
    message_id = await desk.proofed(incident=incident, release_at=at, channels=["mail", "newsfeed"])
    answer = await desk.approve(message_id)
    assert (answer.result["state"], answer.result["release_at"][:22]) == ("approved", at[:22])
    number = await desk.number(message_id)
    assert await desk.claim(message_id) is None
    assert await desk.one("SELECT issued_at = release_at FROM message WHERE id = %s", message_id)
    assert await desk.one("SELECT count(*) FROM feed_entry WHERE message = %s", number) == 0
    assert await desk.one("SELECT count(announced_at) FROM batch WHERE message = %s", number) == 0
    await desk.until("SELECT state = 'released' FROM message WHERE id = %s", message_id)
    late = await desk.one("SELECT released_at - release_at FROM message WHERE id = %s", message_id)
    assert timedelta(0) <= late < timedelta(seconds=1)
    assert (await desk.approve(message_id)).error == f"message {message_id} was approved already"


async def test_an_embargo_outlives_editorial(slow: Rooms, incident: str):
    """It is a row: whoever runs when its time comes releases it, once."""
    message_id = await slow.proofed(incident=incident, release_at=in_seconds(2), **ROUTINE)
    assert (await slow.approve(message_id)).done
    await slow.until("SELECT state = 'released' FROM message WHERE id = %s", message_id)
    number = await slow.number(message_id)
    await asyncio.sleep(1)
    assert await slow.one("SELECT count(*) FROM audit WHERE action = 'message.released' AND detail->>'message' = %s",
                          str(number)) == 1  # fmt: skip


async def test_a_message_that_expires_while_it_waits_is_not_released(desk: Rooms, incident: str):
    """Its clock is the database's: what would be wrong by then is not said."""
    message_id = await desk.proofed(incident=incident, release_at=in_seconds(3), expires_at=in_seconds(60))
    assert (await desk.approve(message_id)).done
    await desk.rows("UPDATE message SET expires_at = now() + interval '1 s' WHERE id = %s RETURNING 1", message_id)
    await desk.rows(
        "UPDATE timer SET due = now() + interval '1 s' WHERE kind = 'expiry' AND subject = %s RETURNING 1",
        str(await desk.number(message_id)),
    )
    await desk.until("SELECT state = 'expired' FROM message WHERE id = %s", message_id)
    await asyncio.sleep(2.5)
    assert await desk.state(message_id) == "expired"


async def test_a_correction_of_what_waits_is_refused_with_what_to_do_instead(desk: Rooms, incident: str):
    """Nobody has read it: then there is nothing to put right, and taking it back is all that is needed."""
    original = await desk.proofed(incident=incident, release_at=in_seconds(600))
    assert (await desk.approve(original)).done
    fields = {"kind": "correction", "corrects": str(original), "audiences": []}
    _, answer = await desk.submit(incident=incident, **fields)
    assert "not released yet" in answer.problems[0]["problem"]
    assert f"take-back {original}" in answer.problems[0]["remedy"]
    assert (await taken_back(desk, original, AUTHOR)).done


async def test_an_order_that_comes_from_outside_is_judged_like_a_file(desk: Rooms, incident: str):
    """A command may pass every door; what no file may say, no command may."""
    for order, problem in (
        ([{"audiences": ["governors"]}, {"channels": ["mail"]}], "waits for"),
        ([{"audiences": []}, {"channels": ["mail"], "after": 5}], "empty"),
        ([{"audiences": ["nobody"]}, {"channels": ["mail"], "after": 5}], "not an audience"),
    ):
        _, answer = await desk.submit(incident=incident, release_order=order)
        assert not answer.done
        assert problem in str(answer.problems), answer.problems
    _, answer = await desk.submit(incident=incident, release_at="2026-01-01T00:00:00Z")
    assert "in the past" in str(answer.problems)
