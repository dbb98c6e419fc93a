"""Whoever works on a message sends it to themselves: marked as a test, and to nobody else."""

import asyncio

import pytest

from services.domain.commands import TestMessage
from services.domain.states import State
from services.runtime.postgres import connect
from services.store import users
from services.store.trials import PER_HOUR
from tests.editorial.rooms import AUDITOR, AUTHOR, MANAGER, SECOND, Rooms

pytestmark = pytest.mark.stack

ALL = {"channels": ["mail", "sms", "newsfeed"]}


async def tried(desk: Rooms, message_id, user: int = AUTHOR):
    return await desk.ask(TestMessage(message_id=message_id), user)


async def sent(desk: Rooms, test_id: str) -> list[tuple]:
    """Address, subject, text and HTML of all that a test sends."""
    query = """SELECT v.channel, a.value, d.state, v.subject, v.text, v.html FROM message m
        JOIN delivery d ON d.message = m.number JOIN variant v ON v.message = m.number AND v.number = d.variant
        LEFT JOIN address a ON a.id = d.address WHERE m.id = %s ORDER BY d.sequence"""
    return await desk.rows(query, test_id)


@pytest.fixture
async def mobile(desk: Rooms):
    """The author and the second person have a mobile."""
    async with connect(desk.database) as connection:
        for user in (AUTHOR, SECOND):
            await users.set_mobile(connection, user, f"+3247000000{user}")
    yield
    async with connect(desk.database) as connection:
        for user in (AUTHOR, SECOND):
            await users.set_mobile(connection, user, None)


async def test_every_version_goes_to_oneself_marked_as_a_test(desk: Rooms, incident: str, mobile):
    """On one's own mailbox and telephone, the feed as a mail: nothing of it can be taken for the real message."""
    message_id = await desk.proofed(incident=incident, **ALL)
    answer = await tried(desk, message_id)
    assert answer.done, answer
    assert (answer.result["mails"], answer.result["sms"]) == (4, 1), "two audiences: mail and feed; equal SMS once"
    found = await sent(desk, answer.result["test"])
    assert {value for _, value, *_ in found} == {"author@example.org", "+32470000001"}
    assert {state for _, _, state, *_ in found} == {int(State.PLANNED)}
    for channel, _, _, subject, text, html in found:
        if channel == "sms":
            assert text.startswith("TEST: ")
            continue
        assert subject.startswith("[TEST] ")
        assert text.startswith("*** TEST. Alleen u krijgt dit.")
        assert html.index("TEST. Alleen u krijgt dit.") < html.index("Kern.")
        assert "gouverneurs (" in text or "BCM-verantwoordelijken (" in text
    assert any("nieuwsbericht" in text for _, _, _, _, text, _ in found)


async def test_the_test_of_an_exercise_says_both(desk: Rooms, incident: str, mobile):
    """A test of an exercise is neither real nor yet the exercise."""
    message_id = await desk.proofed(incident=incident, exercise=True, **ALL)
    found = await sent(desk, (await tried(desk, message_id)).result["test"])
    subjects = {subject for channel, _, _, subject, *_ in found if channel == "mail"}
    assert subjects == {"[TEST] [OEFENING] Titel"}
    assert [text[:16] for channel, _, _, _, text, _ in found if channel == "sms"] == ["TEST: OEFENING: "]


async def test_without_a_mobile_it_is_mail_alone_and_that_is_said(desk: Rooms, incident: str):
    """Nobody waits for an SMS that does not come."""
    answer = await tried(desk, await desk.proofed(incident=incident, **ALL))
    assert (answer.result["mails"], answer.result["sms"]) == (4, 0)
    assert "no mobile number" in answer.result["note"]
    only = await desk.proofed(incident=f"{incident}-2", channels=["sms"], sms=[{"text": "Kort."}])
    refused = await tried(desk, only)
    assert not refused.done
    assert "--mobile" in refused.error


async def test_an_approver_may_test_also_what_is_released(desk: Rooms, incident: str):
    """The one who approves it wants to see it on a telephone too; it changes nothing of the message."""
    message_id = await desk.proofed(incident=incident)
    assert (await tried(desk, message_id, SECOND)).done
    assert (await tried(desk, message_id, MANAGER)).done
    approved = await desk.approve(message_id)
    assert approved.done, approved
    released = await tried(desk, message_id)
    assert released.result["state"] in ("approved", "released")
    query = "SELECT count(*) FROM audit WHERE action = 'message.tested' AND subject = %s"
    assert await desk.one(query, f"message:{message_id}") == 3


async def test_who_may_not_and_what_is_not_there_is_refused(desk: Rooms, incident: str):
    """An auditor sends nothing; neither does anybody a message that was rejected, or a notice."""
    message_id = await desk.proofed(incident=incident)
    assert "role" in ((await tried(desk, message_id, AUDITOR)).error or "")
    test_id = (await tried(desk, message_id)).result["test"]
    assert "no message" in ((await tried(desk, test_id)).error or "")
    assert (await desk.reject(message_id)).done
    assert "rejected" in ((await tried(desk, message_id)).error or "")


async def test_a_command_cannot_name_who_gets_it(desk: Rooms, incident: str):
    """Whatever else a forged body says: it goes to whoever the command is from, and they are known."""
    message_id = await desk.proofed(incident=incident)
    body = TestMessage.model_validate({"message_id": str(message_id), "to": "g1@example.org", "user": 2})
    assert "to" not in body.model_dump()
    found = await sent(desk, (await desk.ask(body, AUTHOR)).result["test"])
    assert {value for _, value, *_ in found} == {"author@example.org"}


async def test_the_number_of_tests_is_limited_also_at_once(desk: Rooms, incident: str):
    """For each user and message; another user has tests of their own."""
    message_id = await desk.proofed(incident=incident)
    answers = await asyncio.gather(*(tried(desk, message_id) for _ in range(PER_HOUR + 2)))
    assert sum(each.done for each in answers) == PER_HOUR
    assert all("within an hour" in (each.error or "") for each in answers if not each.done)
    assert (await tried(desk, message_id, SECOND)).done


async def test_it_tells_nobody_of_the_incident_anything(desk: Rooms, incident: str):
    """An all-clear goes to whoever was alerted; a test alerted nobody."""
    message_id = await desk.proofed(incident=incident)
    assert (await tried(desk, message_id)).done
    _, answer = await desk.submit(incident=incident, kind="all-clear", audiences=[])
    assert not answer.done
