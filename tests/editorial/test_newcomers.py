"""Who came into an audience after the proof is named, and gets the message when an approver says so."""

from collections.abc import AsyncIterator

import pytest

from services.domain.commands import IncludeNewcomers
from services.domain.states import State
from tests.editorial.rooms import AUTHOR, SECOND, Rooms

pytestmark = pytest.mark.stack


@pytest.fixture
async def new(desk: Rooms) -> AsyncIterator[dict[str, int]]:
    """Two governors who come later: one with an address of their own, one who shares g2's mailbox."""
    ids: dict[str, int] = {}

    async def come() -> dict[str, int]:
        for name, mail in (("n1", "n1@example.org"), ("n2", "G2@example.org")):
            query = "INSERT INTO contact (external_id, name) VALUES (%s, %s) RETURNING id"
            ids[name] = await desk.one(query, name, name)
            await desk.rows("INSERT INTO contact_audience VALUES ('governors', %s) RETURNING 1", ids[name])
            query = "INSERT INTO address (contact, channel, value) VALUES (%s, 'mail', %s) RETURNING 1"
            await desk.rows(query, ids[name], mail)
        return ids

    yield come
    for contact in ids.values():
        await desk.rows("DELETE FROM contact_audience WHERE contact = %s RETURNING 1", contact)
        query = "UPDATE contact SET removed_at = now(), external_id = external_id || id WHERE id = %s RETURNING 1"
        await desk.rows(query, contact)


async def include(desk: Rooms, message_id, contacts, user: int = SECOND):
    return await desk.ask(IncludeNewcomers(message_id=message_id, contacts=contacts), user)


async def test_newcomers_get_it_in_batches_of_their_own(desk: Rooms, incident: str, new):
    """Who shares a mailbox with somebody who got it stands behind that copy, and the counts add up."""
    message_id = await desk.released(incident=incident, audiences=["governors"])
    claimed = await desk.claim(message_id)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    contacts = await new()
    answer = await include(desk, message_id, list(contacts.values()))
    assert answer.done and answer.result["included"] == 2
    number = await desk.number(message_id)
    query = "SELECT origin, planned, accepted FROM batch WHERE message = %s ORDER BY number"
    assert await desk.rows(query, number) == [("plan", 0, 4), ("newcomers", 1, 0)]
    assert await desk.one("SELECT recipients FROM message WHERE id = %s", message_id) == 5
    more = await desk.claim(message_id)
    assert more is not None and [each.contact for each in more.deliveries] == [contacts["n1"]]


async def test_nobody_is_included_twice(desk: Rooms, incident: str, new):
    """The same command again, a colleague's at the same time, or somebody who is no newcomer: refused, nothing done."""
    message_id = await desk.released(incident=incident, audiences=["governors"])
    contacts = list((await new()).values())
    assert (await include(desk, message_id, contacts)).done
    assert "no newcomers" in ((await include(desk, message_id, contacts)).error or "")
    assert await desk.one("SELECT count(*) FROM batch WHERE message = %s", await desk.number(message_id)) == 2


async def test_who_may_not_approve_includes_nobody(desk: Rooms, incident: str, new):
    """More recipients than were approved is an approver's decision."""
    message_id = await desk.released(incident=incident, audiences=["governors"])
    contacts = list((await new()).values())
    assert "no role" in ((await include(desk, message_id, contacts, AUTHOR)).error or "")
    await desk.halt(message_id, "stop")
    assert "not being sent" in ((await include(desk, message_id, contacts)).error or "")


async def test_a_newcomer_without_a_number_gets_the_mail_of_a_message_by_sms(desk: Rooms, incident: str, new):
    """As whoever had none at release: else nothing at all would go to whom an approver just included."""
    message_id = await desk.proofed(incident=incident, audiences=["governors"], channels=["sms"])
    assert (await desk.approve(message_id)).done
    number = await desk.number(message_id)
    contacts = await new()
    assert (await include(desk, message_id, list(contacts.values()))).done
    query = "SELECT array_agg(a.contact ORDER BY a.contact) @> %s::bigint[] FROM addition a WHERE message = %s"
    await desk.until(query, sorted(contacts.values()), number)
