"""What the ledger does is what the table of transitions says: every state, event, doubt and halt."""

from itertools import product

import pytest

from services.domain.batches import BatchRef
from services.domain.states import Event, Halt, State, after
from services.store import ledger, workers
from services.store.ledger import Claim, Result
from tests.store.world import SOURCE, add_user, connect, submit

pytestmark = pytest.mark.stack

BY_ITS_HOLDER = {State.PLANNED: Event.GIVE_BACK, State.DEFERRED: Event.DEFER}
"""What it is called when the worker that holds a delivery says this of it; else it settles."""
SAID = [state for state in State if state is not State.CLAIMED]
HALTS = {
    Halt.NONE: "state = 'released'",
    Halt.STOPPED: "state = 'stopped', stopped_at = now()",
    Halt.EXPIRED: "state = 'released', expires_at = clock_timestamp() - interval '1 second'",
}


class Rows:
    """A released message with one batch that holds deliveries in any states, claimed by an epoch."""

    def __init__(self, connection, message, epoch):
        self.connection, self.message, self.epoch = connection, message, epoch

    async def halt(self, halt):
        await self.connection.execute(
            f"UPDATE message SET {HALTS[halt]}, released_at = now() WHERE number = %s", (self.message.number,)
        )

    async def write(self, rows, *, free=False):
        """`rows`: (state, doubts), in order of sequence."""
        number = self.message.number
        async with self.connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO delivery (message, sequence, variant, attempt, epoch, state, doubts)"
                " VALUES (%s, %s, 1, 1, %s, %s, %s)",
                [(number, n, self.epoch, int(state), doubts) for n, (state, doubts) in enumerate(rows, start=1)],
            )
        counts = {state.word: sum(1 for row in rows if row[0] is state) for state in State}
        await self.connection.execute(
            "INSERT INTO batch (message, number, channel, lane, priority, first_sequence, last_sequence, epoch, due,"
            f" announced_at, {', '.join(counts)}) VALUES (%s, 1, 'mail', 'urgent', 2, 1, %s, %s, now(), now(),"
            f" {', '.join('%s' for _ in counts)})",
            (number, len(rows), None if free else self.epoch, *counts.values()),
        )

    async def states(self):
        found = await self.connection.execute(
            "SELECT state FROM delivery WHERE message = %s ORDER BY sequence", (self.message.number,)
        )
        return [State(state) for (state,) in await found.fetchall()]

    def claim(self, ref):
        return Claim(ref, self.message.id, "mail", "urgent", self.epoch, self.message.submitted_at, None, ())


@pytest.fixture
async def rows(database_url):
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    message = await submit(connection, author)
    yield Rows(connection, message, await workers.begin(connection, "mail"))
    await connection.close()


def differences(before, found, expected):
    return [
        (*map(str, row), got.word, wanted.word)
        for row, got, wanted in zip(before, found, expected, strict=True)
        if got is not wanted
    ]


@pytest.mark.parametrize("halt", Halt)
async def test_what_a_worker_says_of_what_it_holds_and_of_what_it_does_not(rows, halt):
    """Settlements, and late ones: which rows are the worker's own decides what its word is worth."""
    flags = [False, True]
    cases = list(product(State, SAID, [0, 1], flags, flags))
    await rows.write([(state, doubts) for state, _, doubts, _, _ in cases])
    await rows.halt(halt)
    results = [
        Result(n, 1, said, handed_over=in_doubt, in_doubt=in_doubt, cleared=cleared)
        for n, (_, said, _, in_doubt, cleared) in enumerate(cases, start=1)
    ]
    claim = rows.claim(BatchRef(rows.message.number, 1))
    await ledger.settle(rows.connection, claim, results, finished=False, source=SOURCE)
    expected = [
        after(
            BY_ITS_HOLDER.get(said, Event.SETTLE) if state is State.CLAIMED else Event.REPORT,
            state, said, halt=halt, doubt=in_doubt or (doubts > 0 and not cleared),
        )
        for state, said, doubts, in_doubt, cleared in cases
    ]  # fmt: skip
    assert differences(cases, await rows.states(), expected) == []


@pytest.mark.parametrize("halt", Halt)
async def test_what_a_provider_reports(rows, halt):
    """It holds nothing, so that its word only ever raises the rank, whether or not the message goes on."""
    cases = list(product(State, SAID, [0, 1]))
    await rows.write([(state, doubts) for state, _, doubts in cases])
    await rows.halt(halt)
    reports = [Result(n, 0, said) for n, (_, said, _) in enumerate(cases, start=1)]
    await ledger.report(rows.connection, rows.message.number, reports, source=SOURCE)
    expected = [after(Event.REPORT, state, said, halt=halt, doubt=doubts > 0) for state, said, doubts in cases]
    assert differences(cases, await rows.states(), expected) == []


@pytest.mark.parametrize("halt", Halt)
async def test_what_a_claim_takes(rows, halt):
    """Only what nobody holds, and only while the message goes on."""
    cases = list(product(State, [0, 1]))
    await rows.write(cases, free=True)
    await rows.halt(halt)
    await ledger.claim(rows.connection, epoch=rows.epoch, channel="mail", lanes=["urgent"])
    expected = [after(Event.CLAIM, state, halt=halt, doubt=doubts > 0) for state, doubts in cases]
    assert differences(cases, await rows.states(), expected) == []


@pytest.mark.parametrize("halt", Halt)
async def test_what_a_take_over_takes(rows, halt):
    """All that the dead one held, also of a stopped message: somebody must say what became of it."""
    cases = list(product(State, [0, 1]))
    await rows.write(cases)
    await rows.halt(halt)
    await workers.end(rows.connection, rows.epoch)
    heir = await workers.begin(rows.connection, "mail")
    claim = await ledger.inherit(rows.connection, epoch=heir, channel="mail")
    assert [d.doubts for d in claim.deliveries] == [1, 2]
    expected = [after(Event.TAKE_OVER, state, halt=halt, doubt=doubts > 0) for state, doubts in cases]
    assert differences(cases, await rows.states(), expected) == []


@pytest.mark.parametrize("halt", Halt)
async def test_what_is_withdrawn(rows, halt):
    """What nobody holds and will not be sent any more; `unknown` if it may have been sent before."""
    cases = list(product(State, [0, 1]))
    await rows.write(cases)
    await rows.halt(halt)
    await ledger.withdraw_unsent(rows.connection, rows.message.number, source=SOURCE)
    expected = [after(Event.WITHDRAW, state, halt=halt, doubt=doubts > 0) for state, doubts in cases]
    assert differences(cases, await rows.states(), expected) == []
