"""The promise, whatever happens in whatever order: claims, crashes, stalls, take-overs, journals, late results, stops.

A hypothesis state machine drives the ledger on real PostgreSQL, beside a model that knows only what a peer received:
a relay, to which what is in doubt is sent again, or a provider, where it is looked up first and copies have names.
`ROELAND_TEST_MACHINE_EXAMPLES` and `_STEPS` make it longer (`make faults`).
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
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

from services.domain.batches import BatchRef
from services.domain.states import FINAL, State
from services.fanout.carrier import give_back
from services.fanout.journal_format import Author, Journalled, Written
from services.fanout.replay import Replay
from services.store import announcements, ledger, messages, recovery, workers
from services.store.ledger import Claim, Delivery, Result
from tests import stack
from tests.store.world import SOURCE, add_user, connect, now, submit

pytestmark = pytest.mark.stack

SIZE, BATCHES = 4, 2
BOOT, DATABASE = b"b" * 16, b"d" * 16
EXAMPLES = int(os.environ.get("ROELAND_TEST_MACHINE_EXAMPLES", "25"))
STEPS = int(os.environ.get("ROELAND_TEST_MACHINE_STEPS", "25"))

RECEIVED = frozenset({"accepted", "no answer, received"})
"""After these the peer has a copy."""
FATES = (
    "accepted", "bounced", "failed", "suppressed", "greylisted", "no answer, received", "no answer, lost", "given back",
)  # fmt: skip


@dataclass
class Held:
    """A claim in a worker's hands, what became of it, and how much of that is recorded."""

    claim: Claim
    done: dict[int, Result] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)

    @property
    def left(self) -> list[Delivery]:
        return [d for d in self.claim.deliveries if d.sequence not in self.settled]

    @property
    def page(self) -> dict[int, Written]:
        """What its journal has of it: of what is in doubt, that it was opened."""
        done = {d.sequence: self.done.get(d.sequence) for d in self.claim.deliveries}
        return {
            d.sequence: Written(d.attempt, (result := done[d.sequence]) is not None, _read(result))
            for d in self.claim.deliveries
        }


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

    @initialize(violent=st.booleans(), looks_up=st.booleans(), doubted=st.booleans())
    def begin(self, violent: bool, looks_up: bool, doubted: bool) -> None:
        self.violent = violent  # else nothing fails, and nothing may be counted as a possible duplicate
        self.looks_up = looks_up  # as an SMS worker does, before it sends again what is in doubt
        self.copies: Counter[int] = Counter()
        self.names: dict[int, list[str]] = {}
        self.held: list[Held] = []
        self.unheard: list[tuple[int, BatchRef]] = []
        self.living: list[int] = []
        self.dead: dict[int, list[Held]] = {}  # or stalled: nobody can tell
        self.buried: set[int] = set()  # whose locks were free
        self.ended: set[int] = set()
        self.said: list[tuple[Claim, list[Result], bool]] = []
        self.stopped = self.paused = self.expired = self.failed = False
        self.run(self._begin())
        self._claim(self.living[0])
        if violent and doubted:  # much begins with a doubt, and drawing one takes many steps
            (held,) = self.held
            self._put_down(held, {d.sequence: self._happens(d, "no answer, received") for d in held.left})
            self.time_passes()
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

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def a_claim_is_not_answered(self, data: st.DataObject) -> None:
        """It happened, and its worker does not know."""
        epoch = data.draw(st.sampled_from(self.living))
        claim = self.run(ledger.claim(self.connection, epoch=epoch, channel="mail", lanes=["urgent"]))
        if claim is not None:
            self.unheard.append((epoch, claim.ref))

    @precondition(lambda self: any(epoch in self.living for epoch, _ in self.unheard))
    @rule(data=st.data())
    def it_is_found_and_given_back(self, data: st.DataObject) -> None:
        found = data.draw(st.sampled_from([(epoch, ref) for epoch, ref in self.unheard if epoch in self.living]))
        self.unheard.remove(found)
        self.run(self._tidy(*found))

    async def _tidy(self, epoch: int, ref: BatchRef) -> None:
        async with self.connection.transaction():
            batch = await recovery.hold(self.connection, epoch, ref)
            assert batch is not None
            assert batch.held
            results = [give_back(delivery) for delivery in batch.claim.deliveries]
            await ledger.settle(self.connection, batch.claim, results, finished=True, source=SOURCE)

    def _take(self, claim: Claim) -> None:
        others = {d.sequence for held in self.held for d in held.left}
        assert others.isdisjoint(d.sequence for d in claim.deliveries), "two living workers hold one delivery"
        self.held.append(Held(claim))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), finished=st.booleans())
    def settle(self, data: st.DataObject, finished: bool) -> None:
        held = data.draw(st.sampled_from(self.held))
        done = self._fates(data, held.left)
        if finished:
            done |= {d.sequence: give_back(d) for d in held.left if d.sequence not in done}
        self._put_down(held, done)

    def _put_down(self, held: Held, done: dict[int, Result]) -> None:
        """Record this; once that is all, the batch is free."""
        held.done |= done
        results = [held.done[d.sequence] for d in held.left if d.sequence in held.done]
        held.settled |= done.keys()
        if not held.left:
            self.held.remove(held)
        self._settle(held.claim, results, not held.left)

    def _fates(
        self, data: st.DataObject, deliveries: list[Delivery], possible: tuple[str, ...] = FATES
    ) -> dict[int, Result]:
        """What happens to some of these at the peer, as their worker knows it."""
        possible = tuple(fate for fate in possible if self.violent or not fate.startswith("no answer"))
        drawn = data.draw(
            st.lists(st.sampled_from((*possible, None)), min_size=len(deliveries), max_size=len(deliveries))
        )
        return {d.sequence: self._happens(d, fate) for d, fate in zip(deliveries, drawn, strict=True) if fate}

    def _happens(self, delivery: Delivery, fate: str, *, looked: bool = True) -> Result:
        """`looked`: what was in doubt is looked up before; what is found there is not sent."""
        sequence, names = delivery.sequence, self.names.setdefault(delivery.sequence, [])
        looks_up = looked and self.looks_up and delivery.doubts > 0 and fate != "given back"
        if looks_up and fate == "greylisted":  # the provider cannot be asked
            return Result(sequence, delivery.attempt, State.DEFERRED, in_doubt=True)
        if looks_up and names:
            return Result(sequence, delivery.attempt, State.ACCEPTED, provider_id=names[-1], at=now())
        if fate in RECEIVED:
            self.copies[sequence] += 1
            names += [f"SM{sequence}-{self.copies[sequence]}"] * self.looks_up
        self.failed |= fate.startswith("no answer")
        result = said(delivery, fate)
        name = names[-1] if names and fate == "accepted" else None
        return replace(result, cleared=looks_up, handed_over=result.handed_over and not looks_up, provider_id=name)

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

    @precondition(lambda self: self.violent and self.living)
    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        """Or stalls. What it had in hand may be at the peer, or not. Another comes in its place."""
        epoch = data.draw(st.sampled_from(self.living))
        self.living.append(self.run(workers.begin(self.connection, "mail")))
        self.living.remove(epoch)
        self.failed = True
        self.dead[epoch] = [held for held in self.held if held.claim.epoch == epoch]
        self.held = [held for held in self.held if held.claim.epoch != epoch]
        for held in self.dead[epoch]:
            held.done |= self._fates(data, held.left)

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def the_lease_ends_it(self, data: st.DataObject) -> None:
        """From now on its claims pass on, in doubt."""
        epoch = data.draw(st.sampled_from(sorted(self.dead)))
        self.ended.add(epoch)
        self.run(workers.end(self.connection, epoch))

    @precondition(lambda self: self.dead.keys() - self.buried)
    @rule(data=st.data())
    def the_stalled_one_wakes(self, data: st.DataObject) -> None:
        """It starts nothing more, but what it was about to hand over goes out. Its claims may have passed on."""
        epoch = data.draw(st.sampled_from(sorted(self.dead.keys() - self.buried)))
        possible = ("accepted", "bounced") if self.looks_up else ("accepted", "bounced", "no answer, received")
        for held in self.dead.pop(epoch):
            about_to = [d for d in held.left if d.sequence not in held.done][:1]
            for delivery in about_to:
                if fate := data.draw(st.sampled_from((*possible, None))):
                    held.done[delivery.sequence] = self._happens(delivery, fate, looked=False)
            self._settle(held.claim, [held.done.get(d.sequence) or give_back(d) for d in held.left], True)
        if epoch not in self.ended:
            self.living.append(epoch)

    @precondition(lambda self: self.dead)
    @rule(data=st.data(), proof=st.booleans())
    def its_journal_is_replayed(self, data: st.DataObject, proof: bool) -> None:
        """Once or more often. `proof`: its lock was free; else it is another boot's, and read as the epoch ends."""
        epoch = data.draw(st.sampled_from(sorted(self.dead)))
        if proof:
            self.buried.add(epoch)
        self.run(self._replay(epoch, proof))

    async def _replay(self, epoch: int, proof: bool) -> None:
        pages = {held.claim.ref: held.page for held in self.dead[epoch]}
        left = Journalled(Author("mail", epoch, 0, DATABASE, BOOT if proof else bytes(16)), pages, overflown=False)
        async with self.connection.transaction():
            if not proof:
                self.ended.add(epoch)
                await workers.end(self.connection, epoch)
            await Replay(self.connection, SOURCE, Path(), BOOT)._settle_all(self.connection, left)

    @precondition(lambda self: self.buried & self.dead.keys())
    @rule(data=st.data())
    def its_last_words_arrive(self, data: st.DataObject) -> None:
        """A settlement that it sent with its last breath comes after its journal was replayed."""
        epoch = data.draw(st.sampled_from(sorted(self.buried & self.dead.keys())))
        for held in self.dead[epoch]:
            self._settle(held.claim, list(held.done.values()), len(held.done) == len(held.claim.deliveries))

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
        arrived = sorted(+self.copies)
        sequences = data.draw(st.sets(st.sampled_from(arrived), min_size=1)) if data.draw(st.booleans()) else arrived
        reports = [Result(n, 0, state, provider_id=self._name(data, n)) for n in sequences]
        known = self.run(ledger.report(self.connection, self.message.number, reports, source=SOURCE))
        assert known == set(sequences)

    def _name(self, data: st.DataObject, sequence: int) -> str | None:
        names = self.names[sequence]
        return data.draw(st.sampled_from(names)) if names else None

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

    @invariant()
    def what_its_worker_has_not_spoken_of_is_in_a_batch_that_it_holds(self) -> None:
        """Also what others reported: else, when the worker dies, nobody would count its copy."""
        free = """SELECT d.sequence FROM delivery d JOIN batch b ON b.message = d.message
            AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
            JOIN worker w ON w.epoch = d.epoch AND w.ended_at IS NULL WHERE b.epoch IS DISTINCT FROM d.epoch"""
        assert self.run(self.sql(free)) == []

    @invariant()
    def what_is_deferred_is_due_at_some_time(self) -> None:
        """Else nobody would ever try it again."""
        assert self.run(self.sql("SELECT number FROM batch WHERE deferred > 0 AND due IS NULL")) == []

    @invariant()
    def only_claims_that_were_given_back_are_no_tries(self) -> None:
        wrong = "SELECT sequence FROM delivery WHERE given_back > attempt - (state IN (10, 20) OR state >= 60)::int"
        assert self.run(self.sql(wrong)) == []

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
            assert self.looks_up or copies <= 1 + doubts, "a second copy without a doubt"
            assert again or copies < 2, "a second copy that was not counted"
            assert self.failed or not again, "a possible duplicate though nothing failed"
            if state is State.ACCEPTED:
                assert copies, "recorded as accepted, and nobody has it"
            if state in (State.SUPERSEDED, State.EXPIRED, State.SUPPRESSED, State.FAILED):
                assert not copies, f"recorded as {state.word}, and somebody has it"

    async def _drain(self) -> None:
        for epoch, ref in self.unheard:
            if epoch in self.living:
                await self._tidy(epoch, ref)
        for epoch in self.dead:
            await workers.end(self.connection, epoch)
        for held in self.held:
            results = [held.done.get(d.sequence) or self._deliver(d) for d in held.left]
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
            results = [give_back(d) if self.stopped or self.expired else self._deliver(d) for d in claim.deliveries]
            await ledger.settle(self.connection, claim, results, finished=True, source=SOURCE)
        await ledger.withdraw_unsent(self.connection, self.message.number, source=SOURCE, batches=BATCHES)

    def _deliver(self, delivery: Delivery) -> Result:
        return self._happens(delivery, "accepted")


def _read(result: Result | None) -> Result | None:
    """What the journal knows of an answer."""
    return None if result is None or result.in_doubt else result


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
