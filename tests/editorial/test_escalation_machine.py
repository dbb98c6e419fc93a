"""The promise, in any order: accepts, callbacks, answers, deadlines, crashes, pauses, and an end.

One final state for each delivery, each step once, nothing added twice or after the end, and one SMS for one delivery.
`ROELAND_TEST_MACHINE_EXAMPLES` and `_STEPS` make it longer (`make faults`).
"""

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
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

from services.dispatch.falling_back import fall_back
from services.dispatch.silence import Silence
from services.domain.states import FINAL, State
from services.editorial.escalating import escalating
from services.runtime import timers
from services.runtime.postgres import Connection
from services.store import calls, escalations, fallbacks, ledger, messages
from services.store.ledger import Claim, Result
from tests import stack
from tests.editorial.escalating import MINUTES, Crisis, crisis
from tests.store.world import SOURCE, Person, submit

pytestmark = pytest.mark.stack

EXAMPLES = int(os.environ.get("ROELAND_TEST_MACHINE_EXAMPLES", "8"))
STEPS = int(os.environ.get("ROELAND_TEST_MACHINE_STEPS", "25"))
REASONS = ("landline", "unreachable", "some-other-word")
PEOPLE = [
    Person("An", ["governors"], "an@gent.example", "+32470000001"),
    Person("Bo", ["governors"], "samen@gent.example", "+32470000002"),
    Person("Cas", ["governors"], "samen@gent.example", "+32470000002"),
    Person("Dee", ["governors"], "dee@gent.example"),
]
OTHERS = [Person("Xia", [], None, None), Person("Yan", [], "yan@gent.example", "+32470000008")]


class Crash(Exception):
    """The process dies before its transaction commits."""


class Escalation(RuleBasedStateMachine):
    """`background` and `crisis` are set by the test; one message an example."""

    background: stack.Background
    crisis: Crisis

    def run(self, coroutine: Any) -> Any:
        return self.background.run(coroutine)

    @initialize(channels=st.sampled_from([("sms",), ("mail",), ("mail", "sms")]))
    def begin(self, channels: tuple[str, ...]) -> None:
        self.handed = Counter[int]()
        self.held: list[Claim] = []
        self.best: dict[int, int] = {}
        self.over_with: int | None = None
        self.clock = 0.0
        self.run(self._begin(channels))

    async def _begin(self, channels: tuple[str, ...]) -> None:
        for table in ("batch", "delivery", "shared_delivery", "attempt", "timer", "outbox"):
            await self.crisis.sql(f"DELETE FROM {table}")
        self.message = await self.crisis.told(channels)
        self.silence = Silence(self.crisis.pool, SOURCE, 60, clock=lambda: self.clock)

    @rule(channel=st.sampled_from(["mail", "sms", "sms"]))
    def a_worker_claims(self, channel: str) -> None:
        claim = self.run(self.crisis.claim(channel))
        if claim:
            self.held.append(claim)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def what_became_of_it(self, data: st.DataObject) -> None:
        claim = self.held.pop(0)
        given = [data.draw(st.sampled_from(["accepted", "accepted", *REASONS])) for _ in claim.deliveries]
        self.run(self._settle(claim, given))

    async def _settle(self, claim: Claim, given: list[str]) -> None:
        for delivery, fate in zip(claim.deliveries, given, strict=True):
            state = State.ACCEPTED if fate == "accepted" else State.FAILED
            self.handed[delivery.sequence] += state is State.ACCEPTED
            await self._settle_one(claim, Result(
                delivery.sequence, delivery.attempt, state, handed_over=state is State.ACCEPTED,
                reason=None if fate == "accepted" else fate,
            ), last=delivery is claim.deliveries[-1])  # fmt: skip

    async def _settle_one(self, claim: Claim, result: Result, *, last: bool) -> None:
        async with self.crisis.connection.transaction():
            await ledger.settle(self.crisis.connection, claim, [result], finished=last, source=SOURCE)

    @rule(
        sequence=st.integers(1, 8), reason=st.sampled_from(REASONS),
        state=st.sampled_from([State.DELIVERED, State.BOUNCED, State.FAILED]),
    )  # fmt: skip
    def a_callback(self, sequence: int, state: State, reason: str) -> None:
        """Of whatever was accepted; again, late, and in any order."""
        if self.handed[sequence]:
            said = Result(sequence, 1, state, reason=None if state is State.DELIVERED else reason)
            self.run(ledger.report(self.crisis.connection, self.message.number, [said], source=SOURCE))

    @rule(person=st.sampled_from([*PEOPLE, *OTHERS]))
    def somebody_confirms(self, person: Person) -> None:
        self.run(self.crisis.confirm(self.message, person))

    @rule(person=st.sampled_from(PEOPLE), outcome=st.sampled_from(calls.OUTCOMES))
    def somebody_is_called(self, person: Person, outcome: calls.Outcome) -> None:
        async def call() -> None:
            async with self.crisis.connection.transaction():
                await calls.tick_off(self.crisis.connection, self.message, person.id, outcome, self.crisis.user)

        self.run(call())

    @rule(minutes=st.sampled_from([1, MINUTES, 10, 60]), crashes=st.booleans())
    def time_passes(self, minutes: int, crashes: bool) -> None:
        self.clock += 60 * minutes
        self.run(self._time_passes(minutes, crashes))

    async def _time_passes(self, minutes: int, crashes: bool) -> None:
        await self.crisis.escalate(minutes) if not crashes else await self._crash(
            escalations.KIND, escalating(self.crisis.desk), minutes
        )
        if not crashes:
            await self.silence.look()

    @rule(crashes=st.booleans())
    def dispatch_looks(self, crashes: bool) -> None:
        self.run(self._crash(fallbacks.KIND, fall_back(SOURCE)) if crashes else self.crisis.fall_back())

    async def _crash(self, kind: str, effect: Callable[[Connection, str], Awaitable[None]], minutes: int = 0) -> None:
        """Everything is done, and nothing of it commits."""

        async def dies(connection: Connection, subject: str) -> None:
            await effect(connection, subject)
            raise Crash

        await self.crisis.sql(
            "UPDATE timer SET due = due - make_interval(mins => %s) WHERE kind = %s AND fired_at IS NULL",
            minutes, kind,
        )  # fmt: skip
        with suppress(Crash):
            await timers.fire_due(self.crisis.pool, kind, dies)

    @rule(paused=st.booleans())
    def held_or_not(self, paused: bool) -> None:
        async def change() -> None:
            how = messages.pause if paused else messages.resume
            async with self.crisis.connection.transaction():
                await how(self.crisis.connection, self.message, source=SOURCE)

        self.run(change())

    @precondition(lambda self: self.over_with is None)
    @rule(how=st.sampled_from(["stop", "all-clear"]), really=st.integers(0, 2))
    def it_is_over(self, how: str, really: int) -> None:
        if not really:
            self.run(self._over(how))
            self.over_with = len(self.run(self.crisis.copies(self.message)))

    async def _over(self, how: str) -> None:
        connection = self.crisis.connection
        async with connection.transaction():
            if how == "all-clear":
                later = await submit(connection, self.crisis.user, kind="all-clear")
                await messages.set_released(connection, later.number, self.crisis.user)
                await self.crisis.sql("DELETE FROM batch WHERE message = %s", later.number)
            await messages.stop(connection, self.message, source=SOURCE, how="stopped")

    @invariant()
    def nothing_is_done_twice(self) -> None:
        if not hasattr(self, "message"):
            return
        copies = self.run(self.crisis.copies(self.message))
        whose = Counter((name, channel) for name, channel, origin, _ in copies if origin != "deputy")
        stands_in = Counter((name, channel) for name, channel, origin, _ in copies if origin == "deputy")
        assert not [each for each, count in (whose + stands_in).items() if count > 1], copies
        assert all(count <= 1 for count in self.handed.values()), self.handed
        if self.over_with is not None:
            assert len(copies) == self.over_with

    @invariant()
    def a_final_state_only_rises_and_the_counts_are_those_of_the_rows(self) -> None:
        if not hasattr(self, "message"):
            return
        for sequence, state in self.run(self.crisis.sql(_STATES, self.message.number)):
            before = self.best.get(sequence, 0)
            assert state >= before or before not in FINAL, (sequence, before, state)
            self.best[sequence] = state
        assert self.run(self.crisis.sql(_DIFFERENT, self.message.number)) == []

    def teardown(self) -> None:
        if hasattr(self, "message"):
            self.run(self._to_the_end())

    async def _to_the_end(self) -> None:
        """Everything that is still to be done is: then each delivery is in one final state, and each step was taken."""
        if self.over_with is None:
            async with self.crisis.connection.transaction():
                await messages.resume(self.crisis.connection, self.message, source=SOURCE)
        for claim in self.held:
            await self._settle(claim, ["accepted"] * len(claim.deliveries))
        for _ in range(4):
            await self.crisis.fall_back()
            await self.crisis.escalate(MINUTES + 60)
            for channel in ("mail", "sms"):
                while claim := await self.crisis.claim(channel):
                    await self._settle(claim, ["accepted"] * len(claim.deliveries))
        while await ledger.withdraw_unsent(self.crisis.connection, self.message.number, source=SOURCE):
            pass
        states = {State(state) for _, state in await self.crisis.sql(_STATES, self.message.number)}
        assert states <= FINAL, states
        assert all(count <= 1 for count in self.handed.values()), self.handed
        steps = await escalations.of(self.crisis.connection, self.message.number)
        if self.over_with is None:
            assert all(step.taken_at for step in steps), steps
        else:
            assert len(await self.crisis.copies(self.message)) == self.over_with


_STATES = "SELECT sequence, state FROM delivery WHERE message = %s ORDER BY sequence"

_COUNTED = ", ".join(f"coalesce(sum(d.contacts) FILTER (WHERE d.state = {state:d}), 0)" for state in State)

_DIFFERENT = f"""
SELECT b.number FROM batch b JOIN delivery d
    ON d.message = b.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
WHERE b.message = %s GROUP BY b.message, b.number
HAVING ROW({", ".join(f"b.{state.word}::bigint" for state in State)}) IS DISTINCT FROM ROW({_COUNTED})
"""


@pytest.fixture
def machine(database_url: str, background: stack.Background) -> Iterator[type[Escalation]]:
    """The machine, connected."""
    opened = crisis(database_url, PEOPLE, OTHERS)

    class Connected(Escalation):
        pass

    Connected.background = background
    Connected.crisis = background.run(opened.__aenter__())
    for person in PEOPLE[:3]:
        background.run(Connected.crisis.deputise(person, *OTHERS))
    yield Connected
    background.run(opened.__aexit__(None, None, None))


def test_whatever_happens_everybody_is_found_once(machine: type[Escalation]) -> None:
    """In any order of events that hypothesis can think of, on real PostgreSQL."""
    settings = hypothesis.settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=settings)
