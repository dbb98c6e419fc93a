"""The promise, whatever happens in whatever order: claims, crashes, take-overs, late and repeated results, stops.

A hypothesis state machine drives the ledger on real PostgreSQL, beside a model that knows only what a relay received.
`ROELAND_TEST_MACHINE_EXAMPLES` and `_STEPS` make it longer (`make faults`).
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.domain.states import FINAL, State
from services.store import announcements, ledger, messages, recovery, workers
from services.store.ledger import Claim, Delivery, Result
from tests import stack
from tests.store.world import SOURCE, add_user, connect, now, submit

pytestmark = pytest.mark.stack

SIZE, BATCHES = 4, 3
EXAMPLES = int(os.environ.get("ROELAND_TEST_MACHINE_EXAMPLES", "25"))
STEPS = int(os.environ.get("ROELAND_TEST_MACHINE_STEPS", "25"))

RECEIVED = frozenset({"accepted", "no answer, received"})
"""After these the peer has a copy."""
FATES = (
    "accepted", "bounced", "failed", "suppressed", "greylisted", "no answer, received", "no answer, lost", "given back",
)  # fmt: skip


@dataclass
class Held:
    """A claim in a worker's hands, and what the worker did of it that it has not recorded."""

    claim: Claim
    done: dict[int, str] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)

    @property
    def left(self) -> list[Delivery]:
        return [d for d in self.claim.deliveries if d.sequence not in self.settled]


class Ledger(RuleBasedStateMachine):
    """`url`, `background` and `author` are set by the test; one message an example."""

    background: stack.Background
    connection: Any
    author: int

    def run(self, coroutine: Any) -> Any:
        return self.background.run(coroutine)

    async def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = await self.connection.execute(query, values)
        return await cursor.fetchall() if cursor.description else []

    @initialize(violent=st.booleans())
    def begin(self, violent: bool) -> None:
        self.violent = violent  # else nothing fails, and nothing may be counted as a possible duplicate
        self.copies: Counter[int] = Counter()
        self.held: list[Held] = []
        self.dead: list[Held] = []
        self.living: list[int] = []
        self.said: list[tuple[Claim, list[Result], bool]] = []
        self.stopped = self.paused = self.expired = self.failed = False
        self.run(self._begin())
        self._claim(self.living[0])

    async def _begin(self) -> None:
        for table in ("batch", "delivery", "attempt", "timer", "outbox"):
            await self.sql(f"DELETE FROM {table}")
        self.message = await submit(self.connection, self.author)
        number = self.message.number
        await self.sql(
            "INSERT INTO delivery (message, sequence, contact, variant, contacts)"
            " SELECT %s, n, n, 1, 1 + n %% 2 FROM generate_series(1, %s) n",
            number, SIZE * BATCHES,
        )  # fmt: skip
        await self.sql(
            "INSERT INTO batch (message, number, channel, lane, priority, first_sequence, last_sequence, planned)"
            " SELECT %s, n, 'mail', 'urgent', 2, (n - 1) * %s + 1, n * %s, %s FROM generate_series(1, %s) n",
            number, SIZE, SIZE, SIZE * 3 // 2, BATCHES,
        )  # fmt: skip
        await self.sql("UPDATE message SET state = 'released', released_at = now() WHERE number = %s", number)
        await self._announce()
        self.living.append(await workers.begin(self.connection, "mail"))

    async def _announce(self) -> None:
        async with self.connection.transaction():
            await announcements.announce(self.connection, self.message.number, source=SOURCE)

    # What workers do ------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.living) < 3)
    @rule()
    def a_worker_begins(self) -> None:
        self.living.append(self.run(workers.begin(self.connection, "mail")))

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        self._claim(data.draw(st.sampled_from(self.living)))

    def _claim(self, epoch: int) -> None:
        claim = self.run(ledger.claim(self.connection, epoch=epoch, channel="mail", lanes=["urgent"]))
        if claim is not None:
            assert not (self.stopped or self.paused or self.expired), "claimed after a halt"
            self._take(claim)

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def take_over(self, data: st.DataObject) -> None:
        epoch = data.draw(st.sampled_from(self.living))
        claim = self.run(ledger.inherit(self.connection, epoch=epoch, channel="mail"))
        if claim is not None:
            self._take(claim)

    def _take(self, claim: Claim) -> None:
        others = {d.sequence for held in self.held for d in held.left}
        assert others.isdisjoint(d.sequence for d in claim.deliveries), "two living workers hold one delivery"
        self.held.append(Held(claim))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), finished=st.booleans())
    def settle(self, data: st.DataObject, finished: bool) -> None:
        held = data.draw(st.sampled_from(self.held))
        fates = self._fates(data, held.left)
        results = [said(d, fates[d.sequence]) for d in held.left if d.sequence in fates]
        if finished:
            results += [said(d, "given back") for d in held.left if d.sequence not in fates]
        held.settled |= {result.sequence for result in results}
        if not held.left:
            finished = True
            self.held.remove(held)
        self._settle(held.claim, results, finished)

    def _fates(self, data: st.DataObject, deliveries: list[Delivery]) -> dict[int, str]:
        """What happens to some of these at the peer."""
        possible = [fate for fate in FATES if self.violent or not fate.startswith("no answer")]
        drawn = data.draw(
            st.lists(st.sampled_from((*possible, None)), min_size=len(deliveries), max_size=len(deliveries))
        )
        fates = {d.sequence: fate for d, fate in zip(deliveries, drawn, strict=True) if fate is not None}
        self.copies.update(sequence for sequence, fate in fates.items() if fate in RECEIVED)
        self.failed |= any(fate.startswith("no answer") for fate in fates.values())
        return fates

    def _settle(self, claim: Claim, results: list[Result], finished: bool) -> None:
        self.said.append((claim, results, finished))
        self.run(
            ledger.settle(
                self.connection, claim, results, finished=finished, source=SOURCE, retry_after=timedelta(minutes=1)
            )
        )

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def a_settlement_is_repeated(self, data: st.DataObject) -> None:
        """The answer to its commit was lost."""
        self._settle(*data.draw(st.sampled_from(self.said)))
        self.said.pop()

    @precondition(lambda self: self.violent and self.held)
    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        """Or hangs. What it had in hand may be at the peer, or not. Another comes in its place."""
        epoch = data.draw(st.sampled_from(sorted({held.claim.epoch for held in self.held})))
        self.living.append(self.run(workers.begin(self.connection, "mail")))
        self.living.remove(epoch)
        self.failed = True
        for held in [held for held in self.held if held.claim.epoch == epoch]:
            self.held.remove(held)
            held.done = self._fates(data, held.left)
            self.dead.append(held)
        self.run(workers.end(self.connection, epoch))

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def the_dead_one_wakes(self, data: st.DataObject) -> None:
        """It starts nothing, and records what it had sent; its claims may have passed on."""
        held = data.draw(st.sampled_from(self.dead))
        self.dead.remove(held)
        fates = {d.sequence: held.done.get(d.sequence, "given back") for d in held.left}
        # A late `failed` ends what is in doubt: test_ledger.py has that, as a failure that is known.
        self._settle(held.claim, [said(d, fates[d.sequence]) for d in held.left if fates[d.sequence] != "failed"], True)

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def its_journal_is_replayed(self, data: st.DataObject) -> None:
        """What it had answered is settled for it; what it had opened is in doubt; the rest is given back."""
        held = data.draw(st.sampled_from(self.dead))
        self.dead.remove(held)
        self.run(self._replay(held))

    async def _replay(self, held: Held) -> None:
        async with self.connection.transaction():
            batch = await recovery.hold(self.connection, held.claim.epoch, held.claim.ref)
            assert batch is not None
            results = [said(d, held.done.get(d.sequence, "given back")) for d in batch.claim.deliveries]
            if results or batch.held:
                await ledger.settle(
                    self.connection, batch.claim, results, finished=True, source=SOURCE,
                    retry_after=timedelta(minutes=1),
                )  # fmt: skip

    # What people, providers and clocks do -----------------------------------------------------------------------------

    @rule(what=st.sampled_from(["stop", "pause", "resume", "resume", "expire"]), luck=st.integers(0, 3))
    def halt(self, what: str, luck: int) -> None:
        if what == "resume" or luck == 0:  # else nearly everything would be halted nearly always
            self.run(self._halt(what))

    async def _halt(self, what: str) -> None:
        if what == "expire":
            self.expired = True
            await self.sql("UPDATE message SET expires_at = clock_timestamp() - interval '1 second'")
            return
        async with self.connection.transaction():
            found = await messages.find(self.connection, self.message.id, lock=True)
            assert found is not None
            if what == "stop":
                self.stopped = True
                await messages.stop(self.connection, found, source=SOURCE, how="stopped")
            elif what == "pause":
                self.paused = True
                await messages.pause(self.connection, found, source=SOURCE)
            else:
                self.paused = False
                await messages.resume(self.connection, found, source=SOURCE)

    @rule()
    def time_passes(self) -> None:
        """What was deferred is due, and announced once more."""
        self.run(self._announce())
        self.run(self.sql("UPDATE batch SET due = clock_timestamp() - interval '1 second' WHERE due IS NOT NULL"))

    @precondition(lambda self: any(self.copies.values()))
    @rule(data=st.data(), state=st.sampled_from([State.DELIVERED, State.BOUNCED, State.ACCEPTED]))
    def the_provider_reports(self, data: st.DataObject, state: State) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.copies)))
        reports = [Result(sequence, 0, state)]
        assert self.run(ledger.report(self.connection, self.message.number, reports, source=SOURCE)) == {sequence}

    @rule(batches=st.integers(1, BATCHES))
    def withdraw(self, batches: int) -> None:
        self.run(ledger.withdraw_unsent(self.connection, self.message.number, source=SOURCE, batches=batches))

    # What must hold -------------------------------------------------------------------------------------------------

    @invariant()
    def the_batches_count_what_the_rows_say(self) -> None:
        columns = ", ".join(f"b.{state.word}" for state in State)
        sums = ", ".join(f"coalesce(sum(d.contacts) FILTER (WHERE d.state = {state:d}), 0)" for state in State)
        wrong = f"""SELECT b.number, ARRAY[{columns}, b.possible_duplicates], n.counts FROM batch b JOIN LATERAL (
            SELECT ARRAY[{sums}, count(*) FILTER (WHERE d.again)] AS counts, max(d.accepted_at) AS last
            FROM delivery d WHERE d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
        ) n ON true WHERE ARRAY[{columns}, b.possible_duplicates]::bigint[] <> n.counts
            OR b.last_accepted_at IS DISTINCT FROM n.last"""
        assert self.run(self.sql(wrong)) == []

    @invariant()
    def nothing_that_was_accepted_is_lost(self) -> None:
        """What the peer has is never taken for not sent. With a doubt it may be `unknown`, or tried again."""
        for sequence, state, _, _ in self.rows():
            if self.copies[sequence]:
                assert state not in (State.SUPERSEDED, State.EXPIRED, State.SUPPRESSED, State.FAILED)

    @invariant()
    def what_is_claimed_is_in_a_batch_that_is_held(self) -> None:
        """Else nobody would ever carry it out, nor take it over."""
        free = """SELECT d.sequence FROM delivery d JOIN batch b ON b.message = d.message
            AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
            WHERE d.state = %s AND b.epoch IS DISTINCT FROM d.epoch"""
        assert self.run(self.sql(free, State.CLAIMED)) == []

    def rows(self) -> list[tuple[int, State, int, bool]]:
        found = self.run(self.sql("SELECT sequence, state, doubts, again FROM delivery ORDER BY sequence"))
        return [(sequence, State(state), doubts, again) for sequence, state, doubts, again in found]

    def teardown(self) -> None:
        """Everybody who lives goes on until nothing is left: then the promise must have been kept."""
        if not hasattr(self, "message"):
            return
        self.run(self._drain())
        for sequence, state, doubts, again in self.rows():
            copies = self.copies[sequence]
            assert state in FINAL, f"{state.word} at the end"
            assert copies <= 1 + doubts, "a second copy without a doubt"
            assert again or copies < 2, "a second copy that was not counted"
            assert self.failed or not again, "a possible duplicate though nothing failed"
            if state is State.ACCEPTED:
                assert copies, "recorded as accepted, and nobody has it"

    async def _drain(self) -> None:
        for held in self.held:
            results = [self._deliver(d) for d in held.left]
            if self.violent and held.claim.ref.number % 2:  # it sent everything, and dies before it can say so
                self.failed = True
                await workers.end(self.connection, held.claim.epoch)
                continue
            await ledger.settle(self.connection, held.claim, results, finished=True, source=SOURCE)
        await self._halt("resume")
        epoch = await workers.begin(self.connection, "mail")
        for _ in range(20 * BATCHES):
            await self.sql("UPDATE batch SET due = clock_timestamp() - interval '1 second' WHERE due IS NOT NULL")
            claim = await ledger.inherit(self.connection, epoch=epoch, channel="mail") or await ledger.claim(
                self.connection, epoch=epoch, channel="mail", lanes=["urgent"]
            )
            if claim is None:
                break
            results = [
                said(d, "given back") if self.stopped or self.expired else self._deliver(d) for d in claim.deliveries
            ]
            await ledger.settle(self.connection, claim, results, finished=True, source=SOURCE)
        await ledger.withdraw_unsent(self.connection, self.message.number, source=SOURCE, batches=BATCHES)

    def _deliver(self, delivery: Delivery) -> Result:
        self.copies[delivery.sequence] += 1
        return said(delivery, "accepted")


def said(delivery: Delivery, fate: str) -> Result:
    """What a worker reports of this fate."""
    sequence, attempt = delivery.sequence, delivery.attempt
    if fate == "accepted":
        return Result(sequence, attempt, State.ACCEPTED, handed_over=True, code=250, at=now())
    if fate == "bounced":
        return Result(sequence, attempt, State.BOUNCED, code=550, reason="refused")
    if fate in ("failed", "suppressed"):
        state = State.UNKNOWN if delivery.doubts else State[fate.upper()]
        return Result(sequence, attempt, state, handed_over=fate == "failed", reason=fate)
    if fate == "greylisted":
        return Result(sequence, attempt, State.DEFERRED, code=450)
    if fate == "given back":
        return Result(sequence, attempt, State.PLANNED)
    return Result(sequence, attempt, State.DEFERRED, handed_over=True, in_doubt=True, reason="no-answer")


@pytest.fixture
def machine(database_url: str, background: stack.Background) -> Iterator[type[Ledger]]:
    """The machine, connected."""

    class Connected(Ledger):
        pass

    Connected.background = background
    Connected.connection = background.run(connect(database_url))
    Connected.author = background.run(add_user(Connected.connection, "author@ccvo.example", "author"))
    yield Connected
    background.run(Connected.connection.close())


def test_nothing_is_lost_and_a_second_copy_comes_only_from_a_doubt_and_is_counted(machine: type[Ledger]) -> None:
    """The promise of docs/delivery.md, in any order of events that hypothesis can think of."""
    settings = hypothesis.settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=settings)
