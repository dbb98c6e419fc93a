"""What a message states of a fact is looked up when it is submitted, and again when somebody is about to approve it."""

from typing import Any
from uuid import UUID

import pytest

from services.domain.configuration import DEFAULT
from services.domain.states import State
from services.incidents.facts import Setting, set_fact, withdraw_fact
from services.incidents.impact import Impact, impact_of
from services.runtime.postgres import connect
from services.store import incidents, messages
from services.store.incidents import Incident
from tests.editorial.rooms import Rooms

pytestmark = pytest.mark.stack

STATES: dict[str, Any] = {"actions": [{"fact": "outage"}, {"text": "Sinds {fact:outage.since}."}]}


async def know(desk: Rooms, incident: str, text: str, status: str = "confirmed", **more: Any) -> int:
    """Set the fact `outage`, in an incident that is opened for it; its version."""
    wanted = Setting("outage", {"nl": text}, status=status, **more)  # type: ignore[arg-type]
    async with connect(desk.database) as connection:
        await incidents.open_new(connection, Incident(incident, "Storing", "acute", exercise=False), None)
        return (await set_fact(connection, incident, wanted, DEFAULT, actor=None))[0].version


async def withdraw(desk: Rooms, incident: str) -> None:
    async with connect(desk.database) as connection:
        await withdraw_fact(connection, incident, "outage", reason="fout", version=None, actor=None)


async def impact(desk: Rooms, incident: str) -> list[Impact]:
    async with connect(desk.database) as connection:
        return await impact_of(connection, incident)


async def stated(desk: Rooms, message_id: UUID) -> list[tuple[str, int]]:
    """Key and version that the latest revision of a message states."""
    query = """SELECT key, version FROM message_fact WHERE message =
        (SELECT number FROM message WHERE id = %s ORDER BY revision DESC LIMIT 1)"""
    return [tuple(row) for row in await desk.rows(query, message_id)]  # type: ignore[misc]


async def mail_to(desk: Rooms, message_id: UUID, audience: str) -> str:
    return str(
        await desk.one(
            """SELECT text FROM variant v JOIN message m ON m.number = v.message
               WHERE m.id = %s AND v.audience = %s AND v.channel = 'mail' ORDER BY m.revision DESC LIMIT 1""",
            message_id, audience,
        )
    )  # fmt: skip


async def test_every_variant_states_the_fact_and_the_record_keeps_the_reference(desk: Rooms, incident: str):
    """The words are in what is sent; in the record it stays findable who was told by which version."""
    await know(desk, incident, "Stil sinds 8 uur.", values={"since": "8 uur"})
    message_id = await desk.proofed(incident=incident, **STATES)
    for audience in ("governors", "bcm-leads"):
        assert "Stil sinds 8 uur." in await mail_to(desk, message_id, audience)
        assert "{fact" not in await mail_to(desk, message_id, audience)
    assert await stated(desk, message_id) == [("outage", 1)]
    actions = await desk.one("SELECT content->'actions' FROM message WHERE id = %s", message_id)
    assert actions[0]["fact"] == "outage"
    assert actions[0]["text"] == ""


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({"actions": [{"fact": "nosuch"}]}, "actions[0]", "no fact nosuch"),
        ({"actions": [{"text": "x"}, {"text": "{fact:outage.until}"}]}, "actions[1]", "no value until"),
        ({"actions": [{"text": "Stil sinds 9 uur.", "fact": "outage"}]}, "actions[0]", "Hier staat 9 uur"),
        ({"unknown": [{"fact": "outage", "language": "fr"}]}, "unknown[0]", "no statement in fr"),
    ],
)
async def test_what_a_fact_does_not_bear_out_is_refused(desk: Rooms, incident: str, fields, place, said):
    """With the place in the message as it was written; nothing is left behind."""
    await know(desk, incident, "Stil sinds 8 uur.")
    _, answer = await desk.submit(incident=incident, **fields)
    assert not answer.done
    assert [(each["place"], said in each["problem"]) for each in answer.problems] == [(place, True)]
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 0


async def test_what_is_unconfirmed_may_stand_among_the_unknowns_only(desk: Rooms, incident: str):
    """A rumour that is told as known is the crisis after the crisis."""
    await know(desk, incident, "Er is gelekt.", "unconfirmed")
    _, answer = await desk.submit(incident=incident, actions=[{"fact": "outage"}])
    assert "nog niet bevestigd" in answer.problems[0]["problem"]
    assert (await desk.submit(incident=incident, unknown=[{"fact": "outage"}]))[1].done


async def test_the_limits_hold_for_what_the_facts_say(desk: Rooms, incident: str):
    """Four references are four facts under one key message: told at the fourth, as in the file."""
    await know(desk, incident, "Stil.")
    four = [{"text": [{"text": "K"}], "facts": [{"fact": "outage"}] * 4}]
    _, answer = await desk.submit(incident=incident, key_messages=four)
    assert answer.problems[0]["place"] == "key_messages[0].facts[3]"


async def test_a_fact_that_changed_since_the_proof_asks_for_a_new_look(desk: Rooms, incident: str):
    """The approver saw 8 uur; nobody may get 9 uur on the strength of that, nor 8 uur any more."""
    await know(desk, incident, "Stil sinds 8 uur.", values={"since": "8 uur"})
    message_id = await desk.proofed(incident=incident, **STATES)
    await know(desk, incident, "Stil sinds 9 uur.", values={"since": "9 uur"})
    answer = await desk.approve(message_id)
    assert not answer.done
    assert answer.result["revision"] == 2
    assert "Stil sinds 9 uur." in answer.result["changed"][0]["now"]
    await desk.until("SELECT bool_or(state = 'proofed') FROM message WHERE id = %s AND revision = 2", message_id)
    assert await stated(desk, message_id) == [("outage", 2)]
    assert (await desk.approve(message_id)).done


async def test_a_fact_that_was_withdrawn_since_the_proof_stops_the_message(desk: Rooms, incident: str):
    """Its words are still the same, so no other check would see it."""
    await know(desk, incident, "Stil sinds 8 uur.", values={"since": "8 uur"})
    message_id = await desk.proofed(incident=incident, **STATES)
    await withdraw(desk, incident)
    answer = await desk.approve(message_id)
    assert not answer.done
    assert "ingetrokken" in answer.problems[0]["problem"]
    assert await desk.state(message_id) == "proofed"


async def test_a_fact_that_was_only_confirmed_anew_keeps_the_proof(desk: Rooms, incident: str):
    """Another source for the same words is no reason to ask again."""
    await know(desk, incident, "Stil sinds 8 uur.", values={"since": "8 uur"})
    message_id = await desk.proofed(incident=incident, **STATES)
    await know(desk, incident, "Stil sinds 8 uur.", source="Digitaal Vlaanderen")
    assert (await desk.approve(message_id)).done
    assert await stated(desk, message_id) == [("outage", 2)]


async def test_the_impact_of_a_change_is_who_was_told_otherwise(desk: Rooms, incident: str):
    """To how many people, counting only those whose version states it; a message that waits is named too."""
    await know(desk, incident, "Stil sinds 8 uur.")
    everyone = await desk.released(incident=incident, actions=[{"fact": "outage"}])
    claimed = await desk.claim(everyone)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    some = await desk.released(
        incident=incident, title=[{"text": "Twee"}], actions=[{"fact": "outage", "audiences": ["bcm-leads"]}]
    )
    claimed = await desk.claim(some)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    waiting = await desk.proofed(incident=incident, title=[{"text": "Drie"}], actions=[{"fact": "outage"}])
    await desk.proofed(incident=incident, title=[{"text": "Vier"}])
    assert await impact(desk, incident) == []
    await know(desk, incident, "Stil sinds 8 uur.", source="elders")
    assert await impact(desk, incident) == [], "the same words"
    await know(desk, incident, "Stil sinds 9 uur.")
    found = {each.message: (each.people, each.differs, each.state) for each in await impact(desk, incident)}
    assert found == {
        everyone: (5, ("statement",), "released"),
        some: (1, ("statement",), "released"),  # b2 reads the mailbox of a governor, whose version does not state it
        waiting: (0, ("statement",), "proofed"),
    }


async def test_a_correction_tells_what_was_said_then(desk: Rooms, incident: str):
    """It names the wrong message by its title; a title by reference is that of its day."""
    await know(desk, incident, "Stil sinds 8 uur.")
    original = await desk.released(incident=incident, title=[{"fact": "outage"}])
    claimed = await desk.claim(original)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    await know(desk, incident, "Stil sinds 9 uur.")
    fields = {"kind": "correction", "corrects": str(original), "audiences": [], "actions": [{"fact": "outage"}]}
    message_id = await desk.proofed(incident=incident, title=[{"text": "Rechtzetting"}], **fields)
    mail = await mail_to(desk, message_id, "governors")
    assert "Stil sinds 8 uur." in mail
    assert "Stil sinds 9 uur." in mail
    (told,) = await impact(desk, incident)
    assert told.corrected_by == message_id


async def test_a_closed_incident_takes_a_correction_and_an_all_clear_only(desk: Rooms, incident: str):
    """Whoever has news opens it again, so that the board shows it."""
    original = await desk.released(incident=incident)
    async with connect(desk.database) as connection:
        await incidents.move(connection, incident, "closed", reason="", by_user=None)
    _, answer = await desk.submit(incident=incident, title=[{"text": "Nieuws"}])
    assert "closed" in answer.problems[0]["problem"]
    assert "reopen" in answer.problems[0]["remedy"]
    await desk.proofed(incident=incident, kind="correction", corrects=str(original), title=[{"text": "Recht"}])
    await desk.proofed(incident=incident, kind="all-clear", title=[{"text": "Voorbij"}])
    async with connect(desk.database) as connection:
        await incidents.move(connection, incident, "reopened", reason="", by_user=None)
    assert (await desk.submit(incident=incident, title=[{"text": "Nieuws"}]))[1].done


async def test_a_message_opens_its_incident_with_a_history(desk: Rooms, incident: str):
    """Who, and in which phase; a second message opens nothing, and its phase moves nothing."""
    first = await desk.proofed(incident=incident, phase="containment")
    assert (await desk.submit(incident=incident, title=[{"text": "Twee"}], phase="recovery"))[1].done
    async with connect(desk.database) as connection:
        (opened,) = await incidents.history(connection, incident)
        message = await messages.find(connection, first)
    assert message is not None
    assert (opened.what, opened.value, opened.by_user) == ("opened", "containment", message.submitted_by)
