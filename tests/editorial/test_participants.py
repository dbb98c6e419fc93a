"""An exercise with a list of participants reaches nobody outside it, whatever becomes of its messages."""

from typing import Any

import pytest

from services.domain.states import State
from services.incidents import participants as room
from services.incidents.refusal import Cannot
from services.runtime.postgres import connect
from services.store import incidents, participants, proofs
from services.store.incidents import Incident
from services.store.recipients import Whom
from tests.editorial.rooms import Rooms

pytestmark = pytest.mark.stack

EVERYONE = {"g1", "g2", "g3", "b1", "b2", "b3"}


async def taking_part(desk: Rooms, incident: str, *external_ids: str) -> None:
    """Put these on the list of an exercise, which is opened for it."""
    async with connect(desk.database) as connection:
        await incidents.open_new(connection, Incident(incident, "Oefening", "acute", exercise=True), None)
        await room.add(connection, incident, external_ids, actor=None)


async def leaving(desk: Rooms, incident: str, *external_ids: str) -> None:
    async with connect(desk.database) as connection:
        await room.remove(connection, incident, external_ids, actor=None)


async def sent(desk: Rooms, incident: str, **fields: Any) -> Any:
    """A released message of the exercise that everyone in its plan got."""
    message_id = await desk.released(incident=incident, exercise=True, **fields)
    claimed = await desk.claim(message_id)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    return message_id


async def test_an_exercise_goes_to_its_participants_alone(desk: Rooms, incident: str):
    """Someone on the list who is in none of its audiences gets nothing either; a real incident has no list."""
    await taking_part(desk, incident, "g1", "b2")
    message_id = await desk.proofed(incident=incident, exercise=True)
    assert await desk.recipients(message_id) == {"g1", "b2"}
    assert await desk.one("SELECT recipients FROM message WHERE id = %s", message_id) == 2
    only = await desk.proofed(incident=incident, exercise=True, audiences=["governors"], title=[{"text": "Een"}])
    assert await desk.recipients(only) == {"g1"}
    real = await desk.proofed(incident=f"{incident}-real")
    assert await desk.recipients(real) == EVERYONE


async def test_an_exercise_without_a_list_goes_to_its_audiences(desk: Rooms, incident: str):
    """DESIGN, A message."""
    assert await desk.recipients(await desk.proofed(incident=incident, exercise=True)) == EVERYONE


async def test_a_preview_counts_the_same_people_as_the_plan(desk: Rooms, incident: str):
    """Before it goes out one must see whom it reaches."""
    await taking_part(desk, incident, "g1", "b3")
    whom = Whom(["governors", "bcm-leads"], ["governors", "bcm-leads"], exercise_in=incident)
    async with connect(desk.database) as connection:
        people = proofs.as_they_are(whom, ["mail"])
        reached = await proofs.reach(connection, people, "audience")
        assert [(each.name, each.contacts) for each in reached] == [("governors", 1), ("bcm-leads", 1)]
        missed, _ = await proofs.missed(connection, people)
        assert [each.external_id for each in missed] == ["b3"]


async def test_who_shares_an_address_with_a_participant_stands_behind_nobody(desk: Rooms, incident: str):
    """b2 and g2 read one mailbox; only g2 takes part, and only g2 is counted."""
    await taking_part(desk, incident, "g2")
    message_id = await desk.proofed(incident=incident, exercise=True)
    assert await desk.recipients(message_id) == {"g2"}


async def test_feeds_of_audiences_stay_out_of_it(desk: Rooms, incident: str):
    """Anyone of the audience reads its feed, whether they take part or not."""
    await taking_part(desk, incident, "g1")
    message_id = await desk.proofed(incident=incident, exercise=True, channels=["mail", "newsfeed"])
    number = await desk.number(message_id)
    assert await desk.one("SELECT count(*) FROM delivery WHERE message = %s AND contact IS NULL", number) == 0
    open_to_all = await desk.proofed(incident=f"{incident}-2", exercise=True, channels=["mail", "newsfeed"])
    number = await desk.number(open_to_all)
    assert await desk.one("SELECT count(*) FROM delivery WHERE message = %s AND contact IS NULL", number) == 2


async def test_who_leaves_between_proof_and_release_gets_nothing(desk: Rooms, incident: str):
    """Also when nothing else would have the plan made anew."""
    await taking_part(desk, incident, "g1", "g3", "b1")
    message_id = await desk.proofed(incident=incident, exercise=True)
    await leaving(desk, incident, "g3")
    assert (await desk.approve(message_id)).done
    assert await desk.recipients(message_id) == {"g1", "b1"}
    assert await desk.one("SELECT recipients FROM message WHERE id = %s", message_id) == 2


async def test_a_list_that_is_made_after_the_proof_counts(desk: Rooms, incident: str):
    """The proof was for everyone, feeds included; whoever made the list meant it. Nobody is added to what was seen."""
    message_id = await desk.proofed(incident=incident, exercise=True, channels=["mail", "newsfeed"])
    await taking_part(desk, incident, "g1")
    assert (await desk.approve(message_id)).done
    assert await desk.recipients(message_id) == {"g1"}
    number = await desk.number(message_id)
    assert await desk.one("SELECT count(*) FROM delivery WHERE message = %s AND contact IS NULL", number) == 0


async def test_a_plan_that_is_made_anew_keeps_to_the_list(desk: Rooms, incident: str):
    """g1's address changed to g2's: the plan is made anew, and g2 is still no participant."""
    await taking_part(desk, incident, "g1", "b1")
    message_id = await desk.proofed(incident=incident, exercise=True)
    async with connect(desk.database) as connection:
        await connection.execute("UPDATE address SET current = false WHERE value = 'g1@example.org'")
        await connection.execute(
            """INSERT INTO address (contact, channel, value)
               SELECT id, 'mail', 'b1@example.org' FROM contact WHERE external_id = 'g1'"""
        )
        await connection.execute("UPDATE contact SET updated_at = clock_timestamp() WHERE external_id = 'g1'")
    try:
        assert (await desk.approve(message_id)).done
        assert await desk.recipients(message_id) == {"g1", "b1"}
    finally:
        async with connect(desk.database) as connection:
            g1 = "(SELECT id FROM contact WHERE external_id = 'g1')"
            await connection.execute(f"DELETE FROM address WHERE value = 'b1@example.org' AND contact = {g1}")
            await connection.execute("UPDATE address SET current = true WHERE value = 'g1@example.org'")


async def test_corrections_and_all_clears_keep_to_the_list(desk: Rooms, incident: str):
    """They go to whom the message reached; who left the exercise since is not drawn into it again."""
    await taking_part(desk, incident, "g1", "b1")
    original = await sent(desk, incident)
    await leaving(desk, incident, "b1")
    fields: dict[str, Any] = {"incident": incident, "exercise": True, "audiences": []}
    correction = await desk.proofed(kind="correction", corrects=str(original), title=[{"text": "Recht"}], **fields)
    assert await desk.recipients(correction) == {"g1"}
    assert (await desk.approve(correction)).done
    over = await desk.proofed(kind="all-clear", title=[{"text": "Voorbij"}], **fields)
    assert await desk.recipients(over) == {"g1"}
    assert (await desk.reject(over)).done  # else there would be two
    named = await desk.proofed(
        kind="all-clear", title=[{"text": "Ook"}], **(fields | {"audiences": ["governors", "bcm-leads"]})
    )
    assert await desk.recipients(named) == {"g1"}


@pytest.mark.parametrize(
    ("act", "who", "said"),
    [
        (room.add, ["nosuch"], "no contact nosuch"),
        (room.remove, ["b1"], "not on the list"),
        (room.remove, ["g1", "g2"], "nobody would be left"),
    ],
)
async def test_a_change_that_would_open_the_list_is_refused_whole(desk: Rooms, incident: str, act, who, said):
    """An empty list is no list: then the exercise would go to everyone."""
    await taking_part(desk, incident, "g1", "g2")
    with pytest.raises(Cannot, match=said):
        async with connect(desk.database) as connection:
            await act(connection, incident, who, actor=None)
    async with connect(desk.database) as connection:
        assert [each[0] for each in await participants.listed(connection, incident)] == ["g1", "g2"]


async def test_nobody_leaves_while_something_is_being_sent(desk: Rooms, incident: str):
    """What is in the workers' hands cannot be called back for one."""
    await taking_part(desk, incident, "g1", "g2")
    message_id = await desk.released(incident=incident, exercise=True)
    with pytest.raises(Cannot, match=str(message_id)):
        await leaving(desk, incident, "g2")
    await desk.halt(message_id, "stop")
    await leaving(desk, incident, "g2")


async def test_a_real_incident_has_no_list(desk: Rooms, incident: str):
    """A list that silently counted for nothing would be worse than a refusal."""
    await desk.proofed(incident=incident)
    with pytest.raises(Cannot, match="is real"):
        await taking_part(desk, incident, "g1")
