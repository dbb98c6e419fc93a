"""The state that people see."""

import pytest

from services.domain.states import State
from services.store import ledger, workers
from services.store.ledger import Result
from services.store.status import state_of, status
from tests.store.world import SOURCE, add_crowd, add_user, connect, now, release, submit

CASES = [
    ("proofed", False, {"mail": {"planned": 3}}, "proofed"),
    ("released", False, {"mail": {"planned": 3, "suppressed": 1}}, "released"),
    ("released", False, {"mail": {"planned": 2, "claimed": 1}}, "sending"),
    ("released", False, {"mail": {"accepted": 2, "deferred": 1}}, "sending"),
    ("released", True, {"mail": {"planned": 3}}, "paused"),
    ("released", True, {"mail": {"accepted": 3}}, "done"),
    ("released", False, {"mail": {"accepted": 1, "suppressed": 1}, "sms": {"bounced": 1}}, "done"),
    ("released", False, {"mail": {"accepted": 1, "expired": 1}}, "expired"),
    ("released", False, {"mail": {"accepted": 1}, "sms": {"planned": 1}}, "sending"),
    ("stopped", False, {"mail": {"planned": 3}}, "stopped"),
]


@pytest.mark.parametrize(("stored", "paused", "channels", "seen"), CASES)
def test_the_state_follows_from_what_is_stored_and_counted(stored, paused, channels, seen):
    """`done`: nothing is planned, claimed or deferred."""
    assert state_of(stored, paused=paused, channels=channels) == seen


@pytest.mark.stack
async def test_counts_and_times_are_those_of_the_ledger(database_url):
    """The auditor asks who was told what and when."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 3)
    message = await submit(connection, author, channels=["mail", "sms"])
    await release(connection, message, author)
    async with connection.transaction():
        epoch = await workers.begin(connection, "mail")
        claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
        at = now()
        results = [Result(d.sequence, d.attempt, State.ACCEPTED, at=at) for d in claim.deliveries]
        await ledger.settle(connection, claim, results, finished=True, source=SOURCE)
    found = await status(connection, message.id)
    assert found.state == "sending"
    assert found.recipients == 3
    assert found.channels == {"mail": {"accepted": 3}, "sms": {"planned": 3}}
    assert (found.first_accepted_at, found.last_accepted_at) == (at, at)
    assert found.released_at is not None
    assert found.released_at <= at
