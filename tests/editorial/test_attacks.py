"""Ways in which somebody got past the rules once: each was found by an attack, and is closed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.domain.commands import ApproveHolding, SubmitMessage, WithdrawMessage
from services.domain.playbooks import hash_of
from services.domain.states import State
from services.incidents import participants as room
from services.incidents.refusal import Cannot
from services.runtime.postgres import connect
from services.store import corrections
from tests.domain.messages import sendable
from tests.editorial.rooms import AUTHOR, MANAGER, SECOND, Rooms
from tests.editorial.test_corrections import correction
from tests.editorial.test_facts import know
from tests.editorial.test_holding import entry
from tests.editorial.test_newcomers import include, new

pytestmark = pytest.mark.stack
__all__ = ["new"]  # a fixture


async def told(desk: Rooms, incident: str, **fields) -> UUID:
    """A message that everybody has."""
    message_id = await desk.released(incident=incident, **fields)
    claimed = await desk.claim(message_id)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    return message_id


@pytest.mark.parametrize("after", ["correction", "all-clear"])
async def test_newcomers_get_no_error_that_was_put_right_and_no_alert_that_is_over(
    desk: Rooms, incident: str, new, after: str
):
    """A message that everybody has stays `released`: what overtook it decides."""
    original = await told(desk, incident, audiences=["governors"])
    fields = correction(incident, original) if after == "correction" else {"incident": incident, "kind": after}
    later = await desk.proofed(**({"audiences": []} | fields))
    assert (await desk.approve(later)).done
    contacts = await new()
    answer = await include(desk, original, [contacts["n1"]])
    assert not answer.done
    assert str(later) in (answer.error or "")
    assert await desk.claim(original) is None


@pytest.mark.parametrize("actions", [[{"fact": "outage"}], ["Lees dit: {fact:outage.x}."]])
async def test_a_holding_statement_leans_on_no_fact(desk: Rooms, incident: str, actions):
    """Whoever releases it alone could set the fact, and so say anything."""
    await know(desk, incident, "Verlaat nu uw huis.")
    with pytest.raises(ValidationError, match="A fact stands here"):
        entry(actions=actions)
    good = entry()
    content = {**good.plain, "message": {**good.plain["message"], "actions": actions}}
    body = ApproveHolding(playbook=good.playbook, entry=good.entry, hash=hash_of(content), content=content)
    assert "no entry of a playbook" in ((await desk.ask(body, SECOND)).error or "")


async def withdrawn(desk: Rooms, message_id: UUID, reason: str):
    return await desk.ask(WithdrawMessage(message_id=message_id, reason=reason, notify=True), SECOND)


@pytest.mark.parametrize(
    "reason",
    ["Stort op BE68 5390 0754 7034.", "Kijk op http://10.0.0.1/x.", "{fact:nope.value}", "{hole:x}", "woord " * 40],
)
async def test_a_reason_that_is_told_holds_nothing_that_lint_keeps_from_messages(
    desk: Rooms, incident: str, reason: str
):
    """Nobody proofs it; the message stands until the reason is fit."""
    original = await told(desk, incident, audiences=["governors"])
    assert not (await withdrawn(desk, original, reason)).done
    assert await desk.state(original) == "released"
    assert (await withdrawn(desk, original, "Verkeerd incident.")).done


async def test_word_of_a_withdrawal_is_not_withdrawn_with_more_words(desk: Rooms, incident: str):
    """Else one person could go on talking to everyone without a proof."""
    original = await told(desk, incident, audiences=["governors"])
    notice = UUID((await withdrawn(desk, original, "Verkeerd incident.")).result["notice"])
    assert "itself word" in ((await withdrawn(desk, notice, "En nog iets.")).error or "")


FEEDS = """SELECT v.audience FROM delivery d JOIN variant v ON v.message = d.message AND v.number = d.variant
    WHERE d.message = %s AND v.channel = 'newsfeed'"""


@pytest.mark.parametrize("kind", ["correction", "all-clear"])
async def test_what_follows_says_nothing_in_a_feed_whose_step_never_opened(desk: Rooms, incident: str, kind: str):
    """Mayors first: the public would learn the title of what it was to hear last. A feed that is named is meant."""
    order = [{"channels": ["mail"]}, {"channels": ["newsfeed"], "after": 3600}]
    original = await desk.proofed(
        incident=incident, audiences=["governors", "public"], channels=["mail", "newsfeed"], release_order=order
    )
    assert (await desk.approve(original)).done
    await desk.until("SELECT announced_at IS NOT NULL FROM batch WHERE channel = 'mail' AND message = %s",
                     await desk.number(original))  # fmt: skip
    claimed = await desk.claim(original)
    assert claimed is not None
    await desk.settle(claimed, State.ACCEPTED)
    fields = correction(incident, original) if kind == "correction" else {"incident": incident, "kind": kind}
    later = await desk.proofed(**(fields | {"channels": [], "audiences": []}))
    assert await desk.rows(FEEDS, await desk.number(later)) == []
    assert (await desk.reject(later)).done
    named = fields | {"channels": ["mail", "newsfeed"], "audiences": ["public"], "title": [{"text": "Genoemd"}]}
    assert await desk.rows(FEEDS, await desk.number(await desk.proofed(**named))) == [("public",)]


async def test_who_was_disabled_since_releases_nothing_under_embargo(desk: Rooms, incident: str):
    """A stolen account and an embargo of days: disabling it must be enough."""
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    message_id = await desk.proofed(incident=incident, release_at=soon)
    assert (await desk.approve(message_id)).result["state"] == "approved"
    await desk.rows("UPDATE users SET disabled_at = now() WHERE id = %s RETURNING 1", SECOND)
    try:
        await desk.until("SELECT state = 'proofed' FROM message WHERE id = %s", message_id)
    finally:
        await desk.rows("UPDATE users SET disabled_at = NULL WHERE id = %s RETURNING 1", SECOND)
    assert (await desk.approve(message_id, MANAGER)).result["state"] == "released"


async def test_a_correction_is_revised_into_no_other_purpose(desk: Rooms, incident: str):
    """What it holds would stay paused, and nobody would know."""
    original = await desk.released(incident=incident)
    held = await desk.proofed(**correction(incident, original))
    for fields in ({"kind": "update"}, {"kind": "correction", "corrects": str(held), "audiences": []}):
        content = sendable(incident=incident, **fields).model_dump(mode="json")
        answer = await desk.ask(SubmitMessage(message_id=held, content=content, revises=True), AUTHOR)
        assert not answer.done
    assert await desk.state(held) == "proofed"


async def test_an_exercise_gets_no_list_while_it_goes_to_everyone(desk: Rooms, incident: str):
    """Later steps would still go to people who are not on it."""
    message_id = await desk.released(incident=incident, exercise=True)
    async with connect(desk.database) as connection:
        with pytest.raises(Cannot, match="still being sent"):
            await room.add(connection, incident, ["g1"], actor=None)
    await desk.halt(message_id, "stop")


async def test_the_record_tells_who_was_removed_from_who_never_had_an_address(desk: Rooms, incident: str):
    """An auditor asks which of the two it was."""
    message_id = await desk.proofed(incident=incident, audiences=["governors"])
    await desk.rows("UPDATE contact SET removed_at = now(), updated_at = now() WHERE external_id = 'g1' RETURNING 1")
    try:
        assert (await desk.approve(message_id)).done
    finally:
        await desk.rows("UPDATE contact SET removed_at = NULL WHERE external_id = 'g1' RETURNING 1")
    query = """SELECT d.state, d.reason FROM delivery d JOIN contact c ON c.id = d.contact
        WHERE c.external_id = 'g1' AND d.message = %s"""
    assert await desk.rows(query, await desk.number(message_id)) == [(int(State.SUPPRESSED), "removed")]


async def test_what_waits_for_its_correction_is_known(desk: Rooms, incident: str):
    """The door lets nobody resume an error while what puts it right waits."""
    original = await desk.released(incident=incident)
    number = await desk.number(original)
    async with connect(desk.database) as connection:
        assert await corrections.pending(connection, number) is None
    held = await desk.proofed(**correction(incident, original))
    async with connect(desk.database) as connection:
        assert await corrections.pending(connection, number) == held
    assert (await desk.reject(held)).done
    async with connect(desk.database) as connection:
        assert await corrections.pending(connection, number) is None


async def test_an_all_clear_goes_to_nobody_whose_step_never_opened(desk: Rooms, incident: str):
    """They would read of the end of something that they never heard of; its rest is ended with it."""
    order = [{"audiences": ["governors"]}, {"audiences": ["bcm-leads"], "after": 3600}]
    original = await desk.proofed(incident=incident, release_order=order)
    assert (await desk.approve(original)).done
    over = await desk.proofed(incident=incident, kind="all-clear", audiences=[])
    assert await desk.recipients(over) == {"g1", "g2", "g3", "b2"}, "b2 shares the mailbox of g2"
