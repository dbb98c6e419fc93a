"""Holding statements on the real desk: approved by one, filled and released by another, alone."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from uuid_utils import uuid7

from services.domain.commands import Answer, ApproveHolding, Command, ReleaseHolding, RevokeHolding, SubmitMessage
from services.domain.playbooks import PreparedEntry, hash_of
from services.runtime.postgres import connect
from tests.domain.messages import message as content_of
from tests.editorial.rooms import AUTHOR, MANAGER, SECOND, Rooms

pytestmark = pytest.mark.stack


def soon(hours: int = 1) -> str:
    """A moment that has yet to come, as a door gives it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="minutes")


def entry(**more: Any) -> PreparedEntry:
    """A small holding statement in a playbook that no other test has."""
    message: dict[str, Any] = {
        "kind": "alert", "urgency": "urgent", "title": "{hole:dienst} ligt stil", "audiences": ["governors"],
        "channels": ["mail"], "key_messages": ["{hole:dienst} ligt stil in {hole:plaats}."],
        "unknown": ["De oorzaak."], "next_update_at": "{hole:volgend}",
    }  # fmt: skip
    holes: dict[str, Any] = {
        "dienst": {"ask": "Welke?", "values": ["Het loon", "De post"]}, "plaats": {"ask": "Waar?", "characters": 10},
        "volgend": {"ask": "Wanneer?", "time": "future"},
    }  # fmt: skip
    plain = {"playbook": f"test-{uuid4().hex[:8]}", "entry": "eerste", "phase": "acute", "holding": True}
    return PreparedEntry.model_validate(plain | {"message": message | more, "holes": holes})


async def run(desk: Rooms, statements: str) -> None:
    async with connect(desk.database, autocommit=True) as connection:
        await connection.execute(statements.encode())


async def approve(desk: Rooms, given: PreparedEntry, user: int = SECOND) -> Answer:
    return await desk.ask(
        ApproveHolding(playbook=given.playbook, entry=given.entry, hash=given.hash, content=given.plain), user
    )


def released(given: PreparedEntry, incident: str, **more: Any) -> ReleaseHolding:
    holes = {"dienst": "Het loon", "plaats": "Gent", "volgend": soon(), **more.pop("holes", {})}
    return ReleaseHolding(
        message_id=UUID(str(uuid7())), incident=incident, playbook=given.playbook, entry=given.entry,
        **{"hash": given.hash, "holes": holes, **more},
    )  # fmt: skip


async def test_a_crisis_manager_releases_alone_what_somebody_else_approved_beforehand(desk: Rooms, incident: str):
    """Without a second person and without breaking the glass; and the record says how."""
    given = entry()
    assert (await approve(desk, given)).done
    body = released(given, incident)
    answer = await desk.ask(body, MANAGER)
    assert answer.done, answer
    await desk.until("SELECT state = 'released' FROM message WHERE id = %s", body.message_id)
    rows = await desk.rows(
        "SELECT submitted_by, approved_by, holding, phase, content->'title'->0->>'text' FROM message WHERE id = %s",
        body.message_id,
    )
    assert rows == [(MANAGER, SECOND, answer.result["holding"], "acute", "Het loon ligt stil")]
    acts = "SELECT a.act, a.user_id, a.proof_hash = m.proof_hash FROM approval a JOIN message m ON m.number = a.message"
    assert await desk.rows(f"{acts} WHERE m.id = %s", body.message_id) == [("holding", MANAGER, True)]
    audit = "SELECT actor, detail->'approved_by', detail->>'hash' FROM audit WHERE subject = %s AND action = %s"
    found = await desk.rows(audit, f"message:{body.message_id}", "message.released-as-holding")
    assert found == [(MANAGER, SECOND, given.hash)]
    assert await desk.recipients(body.message_id) == {"g1", "g2", "g3"}


async def test_one_person_is_not_both_pairs_of_eyes(desk: Rooms, incident: str):
    """Else approving beforehand would be a way to release anything alone, and silently."""
    given = entry()
    assert (await approve(desk, given, MANAGER)).done
    assert "does not also release" in ((await desk.ask(released(given, incident), MANAGER)).error or "")
    assert (await approve(desk, given, SECOND)).result["changed"] is True
    assert (await desk.ask(released(given, incident), MANAGER)).done


async def test_who_may_not_is_refused(desk: Rooms, incident: str):
    """Authors approve nothing beforehand; approvers release nothing alone."""
    given = entry()
    assert "no role" in ((await approve(desk, given, AUTHOR)).error or "")
    assert (await approve(desk, given)).done
    for user in (AUTHOR, SECOND):
        assert "no role" in ((await desk.ask(released(given, incident), user)).error or "")
    revoke = RevokeHolding(playbook=given.playbook, entry=given.entry)
    assert "no role" in ((await desk.ask(revoke, AUTHOR)).error or "")
    assert await desk.rows("SELECT 1 FROM message WHERE incident = %s", incident) == []


@pytest.mark.parametrize(
    ("holes", "what"),
    [
        ({"dienst": "Iets anders"}, "not one of its values"),
        ({"plaats": "x" * 11}, "more than 10"),
        ({"plaats": "Gent\nAalst"}, "control character"),
        ({"plaats": "{hole:x}"}, "brace"),
        ({"plaats": "a\u202eb"}, "control character"),
        ({"plaats": " "}, "empty"),
        ({"volgend": "2020-01-01T10:00Z"}, "has passed"),
        ({"volgend": "morgen"}, "not a moment"),
        ({"extra": "x"}, "no such hole"),
    ],
)
async def test_only_what_fits_fills_a_hole(desk: Rooms, incident: str, holes: dict[str, str], what: str):
    """Editorial holds the limits itself: a command may come from anywhere."""
    given = entry()
    assert (await approve(desk, given)).done
    answer = await desk.ask(released(given, incident, holes=holes), MANAGER)
    assert not answer.done
    assert what in str(answer.problems)
    assert await desk.rows("SELECT 1 FROM message WHERE incident = %s", incident) == []


async def test_a_hole_that_is_left_open_is_refused_with_its_question(desk: Rooms, incident: str):
    """Nobody gets a text with {hole:…} in it, by this road or by an ordinary submission."""
    given = entry()
    assert (await approve(desk, given)).done
    body = released(given, incident).model_copy(update={"holes": {"dienst": "Het loon", "volgend": soon()}})
    assert "Waar?" in str((await desk.ask(body, MANAGER)).problems)
    _, answer = await desk.submit(incident=incident, title=[{"text": "In {hole:plaats}"}])
    assert "The hole plaats is not filled" in str(answer.problems)


async def test_what_changed_or_was_revoked_meanwhile_is_refused(desk: Rooms, incident: str):
    """The hash that the door saw decides; revoking counts from its commit on."""
    given = entry()
    changed = PreparedEntry.model_validate(given.plain | {"message": given.message | {"title": "Anders"}})
    assert (await approve(desk, given)).done
    assert (await approve(desk, changed)).done
    answer = await desk.ask(released(given, incident), MANAGER)
    assert "is not what was looked at" in (answer.error or "")
    revoke = RevokeHolding(playbook=given.playbook, entry=given.entry)
    assert (await desk.ask(revoke, SECOND)).done
    assert "not approved beforehand" in ((await desk.ask(revoke, SECOND)).error or "")
    answer = await desk.ask(released(given, incident, hash=changed.hash), MANAGER)
    assert "not approved beforehand" in (answer.error or "")


async def test_revoked_between_submission_and_proof_it_waits_for_an_approval(desk: Rooms, incident: str):
    """It is not lost and it is not sent: it is a message like every other."""
    given = entry()
    assert (await approve(desk, given)).done
    number = await desk.one("SELECT id FROM holding WHERE playbook = %s", given.playbook)
    assert (await desk.ask(RevokeHolding(playbook=given.playbook, entry=given.entry), SECOND)).done
    message_id = UUID(str(uuid7()))
    content = content_of(incident=incident, urgency="urgent", next_update_at=soon()).model_dump(mode="json")
    await run(desk, _MARKED_AT_ONCE.format(number=number))
    try:
        assert (await desk.ask(SubmitMessage(message_id=message_id, content=content), MANAGER)).done
        await desk.until("SELECT state <> 'submitted' FROM message WHERE id = %s", message_id)
    finally:
        await run(desk, "DROP TRIGGER marked ON message; DROP FUNCTION marked()")
    assert await desk.state(message_id) == "proofed"
    reason = "SELECT detail->>'why' FROM audit WHERE action = 'message.holding-not-released' AND subject = %s"
    assert await desk.one(reason, f"message:{message_id}") == "it was revoked meanwhile"
    assert (await desk.approve(message_id)).done


async def test_two_who_release_it_at_once_send_it_once(desk: Rooms, incident: str):
    """Both saw the same need; the second is told of the first, also when it filled a hole otherwise."""
    given = entry()
    assert (await approve(desk, given)).done
    bodies = [released(given, incident, holes={"volgend": soon(hours)}) for hours in (1, 2)]
    answers = await asyncio.gather(*(desk.ask(body, MANAGER) for body in bodies))
    assert sorted(answer.done for answer in answers) == [False, True]
    assert "less than 10 minutes ago" in next(answer.error or "" for answer in answers if not answer.done)
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 1


async def test_the_same_command_twice_is_one_release(desk: Rooms, incident: str):
    """It hears its first answer."""
    given = entry()
    assert (await approve(desk, given)).done
    command = Command(
        id=UUID(str(uuid7())), user=MANAGER, given_at=datetime.now(UTC), body=released(given, incident)
    )  # fmt: skip
    assert await desk.give(command) == await desk.give(command)
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 1


async def test_in_an_exercise_it_is_an_exercise(desk: Rooms, incident: str):
    """The incident decides, not the playbook: nothing real leaves an exercise."""
    await desk.proofed(incident=incident, exercise=True)
    given = entry()
    assert (await approve(desk, given)).done
    body = released(given, incident)
    assert (await desk.ask(body, MANAGER)).done
    assert await desk.one("SELECT exercise FROM message WHERE id = %s", body.message_id) is True


def forged() -> Iterator[Any]:
    good = entry()
    yield pytest.param(good.plain, "0" * 64, "hash is not that", id="hash")
    for field, value, what in (
        ("holding", False, "no holding statement"), ("playbook", "other", "not the one"), ("extra", 1, "no entry"),
    ):  # fmt: skip
        plain = good.plain | {field: value}
        yield pytest.param(plain, hash_of(plain), what, id=field)
    for field, value in (
        ("kind", "correction"),
        ("title", "{hole:nergens}"),
        ("urgency", "routine"),
        ("incident", "x"),
    ):
        plain = good.plain | {"message": good.message | {field: value}}
        yield pytest.param(plain, hash_of(plain), "no entry", id=f"message-{field}")
    plain = good.plain | {"message": good.message | {"audiences": ["nobody"]}}
    yield pytest.param(plain, hash_of(plain), "problem", id="no-message")


@pytest.mark.parametrize(("plain", "digest", "what"), list(forged()))
async def test_what_is_approved_beforehand_is_judged_as_a_file_is(desk: Rooms, plain: Any, digest: str, what: str):
    """A signed command can hold anything; only what a playbook could say is approved."""
    name = plain["playbook"] if plain["playbook"] != "other" else "test"
    answer = await desk.ask(ApproveHolding(playbook=name, entry="eerste", hash=digest, content=plain), SECOND)
    assert not answer.done
    assert what in (answer.error or "")
    assert await desk.rows("SELECT 1 FROM holding WHERE playbook = %s", name) == []


_MARKED_AT_ONCE = """
CREATE FUNCTION marked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.holding := {number}; RETURN NEW; END $$;
CREATE TRIGGER marked BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION marked()
"""
