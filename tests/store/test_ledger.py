"""The ledger's promise: only what was claimed is sent, nothing accepted is lost, a stop is a stop."""

import asyncio
from datetime import timedelta

import pytest

from services.domain.batches import BatchRef
from services.domain.states import State
from services.store import ledger, messages, recovery, workers
from services.store.ledger import Result
from tests.store.world import SOURCE, add_crowd, add_user, connect, counted, now, release, states, submit

pytestmark = pytest.mark.stack


@pytest.fixture
async def world(database_url):
    """A connection, and a released message to 450 governors by mail."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 450)
    message = await submit(connection, author)
    await release(connection, message, author)
    yield connection, message
    await connection.close()


async def take(connection, epoch, *, channel="mail", lanes=("urgent", "routine")):
    async with connection.transaction():
        return await ledger.claim(connection, epoch=epoch, channel=channel, lanes=lanes)


async def put_down(connection, claim, results, *, finished=True, retry_after=None):
    async with connection.transaction():
        return await ledger.settle(
            connection, claim, results, finished=finished, source=SOURCE, retry_after=retry_after
        )


def accepted(claim, at=None):
    return [Result(d.sequence, d.attempt, State.ACCEPTED, handed_over=True, at=at or now()) for d in claim.deliveries]


async def test_every_delivery_is_claimed_by_exactly_one_of_many_workers(world, database_url):
    """Workers that claim at the same time never get the same delivery."""
    connection, message = world
    others = [await connect(database_url) for _ in range(4)]

    async def work(mine):
        epoch, taken = await workers.begin(mine, "mail"), []
        while claim := await take(mine, epoch):
            taken += [d.sequence for d in claim.deliveries]
            await put_down(mine, claim, accepted(claim))
        return taken

    taken = [sequence for each in await asyncio.gather(*map(work, others)) for sequence in each]
    assert sorted(taken) == list(range(1, 451))
    assert await counted(connection, message.number) == {"accepted": 450}


async def test_a_batch_that_someone_made_up_has_no_work(world):
    """A forged announcement, or one of a message that is not released, finds nothing."""
    connection, message = world
    unreleased = await submit(connection, message.submitted_by)
    wanted = [BatchRef(message.number, 1), BatchRef(message.number, 99), BatchRef(unreleased.number, 1)]
    assert await ledger.with_work(connection, wanted, "mail") == {BatchRef(message.number, 1)}
    assert await ledger.with_work(connection, wanted, "sms") == set()


async def test_after_a_stop_has_returned_nothing_is_claimed_any_more(world, database_url):
    """The race of KNOWN.md: workers claim at full speed while someone stops. No claim commits after the stop did."""
    connection, message = world
    others = [await connect(database_url) for _ in range(3)]
    late = []
    stopped = asyncio.Event()

    async def work(mine):
        epoch = await workers.begin(mine, "mail")
        for _ in range(200):
            was_stopped = stopped.is_set()
            claim = await take(mine, epoch)
            if claim and was_stopped:
                late.append(claim.ref)
            if claim:  # given back at once, so that there is always something to claim
                given = [Result(d.sequence, d.attempt, State.PLANNED) for d in claim.deliveries]
                await put_down(mine, claim, given)

    async def stop():
        await asyncio.sleep(0.05)
        async with connection.transaction():
            found = await messages.find(connection, message.id, lock=True)
            await messages.stop(connection, found, source=SOURCE, how="stopped")
        stopped.set()

    await asyncio.gather(stop(), *map(work, others))
    while True:
        async with connection.transaction():
            if not await ledger.withdraw_unsent(connection, message.number, source=SOURCE):
                break
    assert late == []
    assert await states(connection, message.number) == {State.SUPERSEDED: 450}
    assert await counted(connection, message.number) == {"superseded": 450}


async def test_what_is_given_back_after_a_stop_is_superseded_and_what_was_accepted_stays(world):
    """Half a batch had gone out when the stop came; the rest must not go out, and the record says both."""
    connection, message = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    async with connection.transaction():
        found = await messages.find(connection, message.id, lock=True)
        await messages.stop(connection, found, source=SOURCE, how="stopped")
    results = accepted(claim)[:100] + [Result(d.sequence, d.attempt, State.PLANNED) for d in claim.deliveries[100:]]
    await put_down(connection, claim, results)
    assert await counted(connection, message.number) == {"accepted": 100, "superseded": 100, "planned": 250}


async def test_a_late_acceptance_of_a_fenced_worker_is_merged_not_lost(world):
    """A worker woke after its claims were taken over: what it had sent counts, and the second copy is counted too."""
    connection, message = world
    dead, living = await workers.begin(connection, "mail"), await workers.begin(connection, "mail")
    first = await take(connection, dead)
    assert await workers.end(connection, dead, seen=0)
    async with connection.transaction():
        second = await ledger.inherit(connection, epoch=living, channel="mail")
    assert second.ref == first.ref
    assert {(d.attempt, d.doubts) for d in second.deliveries} == {(2, 1)}
    await put_down(connection, first, accepted(first))
    assert (await counted(connection, message.number))["accepted"] == 200
    await put_down(connection, second, accepted(second))
    assert (await counted(connection, message.number))["accepted"] == 200
    row = await (await connection.execute("SELECT sum(possible_duplicates) FROM batch")).fetchone()
    assert row == (200,)


async def test_a_doubt_is_a_possible_duplicate_only_once_it_was_handed_over_again(world):
    """The count is of second copies, not of worries."""
    connection, message = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    doubt = [Result(d.sequence, d.attempt, State.DEFERRED, handed_over=True, in_doubt=True) for d in claim.deliveries]
    await put_down(connection, claim, doubt, retry_after=timedelta(0))
    duplicates = "SELECT sum(possible_duplicates) FROM batch WHERE message = %s"
    assert await (await connection.execute(duplicates, (message.number,))).fetchone() == (0,)
    again = await take(connection, epoch)
    assert again.ref == claim.ref
    assert {d.doubts for d in again.deliveries} == {1}
    refused = [Result(d.sequence, d.attempt, State.BOUNCED, code=550) for d in again.deliveries[:150]]
    await put_down(connection, again, refused + accepted(again)[150:])
    assert await (await connection.execute(duplicates, (message.number,))).fetchone() == (50,)


async def test_a_report_that_comes_before_our_own_record_is_not_undone_by_it(world):
    """Twilio may call back before our settlement commits."""
    connection, message = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    delivery = claim.deliveries[0]
    async with connection.transaction():
        early = Result(delivery.sequence, 0, State.DELIVERED, at=now())
        again = Result(delivery.sequence, 0, State.ACCEPTED)
        unknown = Result(99_999, 0, State.DELIVERED)
        reports = [early, again, unknown]
        assert await ledger.report(connection, message.number, reports, source=SOURCE) == {delivery.sequence}
    await put_down(connection, claim, accepted(claim))
    assert await counted(connection, message.number) == {"planned": 250, "accepted": 199, "delivered": 1}


async def test_an_expired_message_is_claimed_no_more_and_says_so(world):
    """By the database's clock; the worker's may be wrong."""
    connection, message = world
    await connection.execute("UPDATE message SET expires_at = clock_timestamp() - interval '1 second'")
    epoch = await workers.begin(connection, "mail")
    assert await take(connection, epoch) is None
    while True:
        async with connection.transaction():
            if not await ledger.withdraw_unsent(connection, message.number, source=SOURCE):
                break
    assert await counted(connection, message.number) == {"expired": 450}


async def test_what_nobody_approved_in_time_has_expired_whoever_notices_first(world):
    """`superseded` is for stop and correction: clearing up may come a moment before the timer that ends the message."""
    connection, released = world
    waiting = await submit(connection, released.submitted_by, expires_at=now())
    async with connection.transaction():
        while await ledger.withdraw_unsent(connection, waiting.number, source=SOURCE):
            pass
    assert await counted(connection, waiting.number) == {"expired": 450}


async def test_a_correction_goes_before_the_alert_that_it_corrects(world):
    """Topics cannot order; the ledger does."""
    connection, message = world
    correction = await submit(connection, message.submitted_by, kind="correction", corrects=message.number)
    await release(connection, correction, message.submitted_by)
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    assert claim.ref.message == correction.number


async def test_a_deferred_delivery_waits_until_it_is_due(world):
    """Greylisting: not at once, not never."""
    connection, _ = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    deferred = [Result(d.sequence, d.attempt, State.DEFERRED, code=450) for d in claim.deliveries]
    await put_down(connection, claim, deferred, retry_after=timedelta(hours=1))
    refs = set()
    while other := await take(connection, epoch):
        refs.add(other.ref)
        await put_down(connection, other, accepted(other))
    assert claim.ref not in refs
    timer = await (await connection.execute("SELECT kind, subject FROM timer WHERE kind = 'retry'")).fetchall()
    assert timer == [("retry", str(claim.ref))]
    await connection.execute("UPDATE batch SET due = clock_timestamp() WHERE due IS NOT NULL")
    again = await take(connection, epoch)
    assert again is not None
    assert again.ref == claim.ref


async def test_settling_twice_changes_nothing(world):
    """A commit whose answer was lost is repeated."""
    connection, message = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    at = now()
    for _ in range(2):
        await put_down(connection, claim, accepted(claim, at))
    assert await counted(connection, message.number) == {"planned": 250, "accepted": 200}
    row = await (
        await connection.execute("SELECT sum(possible_duplicates), max(last_accepted_at) FROM batch")
    ).fetchone()
    assert row == (0, at)


async def test_a_doubt_that_was_cleared_up_is_superseded_after_a_stop_and_not_unknown(world):
    """An SMS was looked up and the provider never had it: nobody need be called about it."""
    connection, message = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    doubt = [Result(d.sequence, d.attempt, State.DEFERRED, handed_over=True, in_doubt=True) for d in claim.deliveries]
    await put_down(connection, claim, doubt, retry_after=timedelta(0))
    again = await take(connection, epoch)
    async with connection.transaction():
        found = await messages.find(connection, message.id, lock=True)
        await messages.stop(connection, found, source=SOURCE, how="stopped")
    given_back = [Result(d.sequence, d.attempt, State.PLANNED, cleared=d.sequence <= 150) for d in again.deliveries]
    await put_down(connection, again, given_back)
    assert await counted(connection, message.number) == {"superseded": 150, "unknown": 50, "planned": 250}


async def test_a_late_report_of_the_same_provider_message_is_no_second_copy(world):
    """The new owner found by look-up what the stalled worker had sent; then that one reports it too."""
    connection, _ = world
    dead, living = await workers.begin(connection, "mail"), await workers.begin(connection, "mail")
    first = await take(connection, dead)
    await workers.end(connection, dead)
    async with connection.transaction():
        second = await ledger.inherit(connection, epoch=living, channel="mail")
    held = {d.sequence: f"SM{d.sequence}" for d in first.deliveries}
    for claim, handed_over in ((second, False), (first, True)):
        results = [
            Result(
                d.sequence, d.attempt, State.ACCEPTED, handed_over=handed_over, provider_id=held[d.sequence], at=now()
            )
            for d in claim.deliveries
        ]
        await put_down(connection, claim, results)
    assert await (await connection.execute("SELECT sum(possible_duplicates) FROM batch")).fetchone() == (0,)


async def test_a_settlement_whose_answer_was_lost_lets_nothing_go_that_was_claimed_again_meanwhile(world):
    """It is repeated; by then the same worker may hold the batch once more, and nobody else may get it."""
    connection, _ = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    given_back = [Result(d.sequence, d.attempt, State.PLANNED) for d in claim.deliveries]
    await put_down(connection, claim, given_back)
    again = await take(connection, epoch)
    assert again.ref == claim.ref
    await put_down(connection, claim, given_back)
    other = await take(connection, await workers.begin(connection, "mail"))
    assert other.ref != again.ref
    held = "SELECT epoch, claimed FROM batch WHERE message = %s AND number = %s"
    row = await (await connection.execute(held, (again.ref.message, again.ref.number))).fetchone()
    assert row == (epoch, 200)


async def test_a_repeated_settlement_in_doubt_is_no_second_copy(world):
    """The commit was in doubt, not the mail: `possible_duplicates` counts mails."""
    connection, _ = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    doubt = [Result(d.sequence, d.attempt, State.DEFERRED, handed_over=True, in_doubt=True) for d in claim.deliveries]
    for _ in range(2):
        await put_down(connection, claim, doubt, retry_after=timedelta(0))
    assert await (await connection.execute("SELECT sum(possible_duplicates) FROM batch")).fetchone() == (0,)


async def test_a_batch_that_changed_while_its_settlement_began_is_counted_as_it_is_now(world, database_url):
    """A statement reads as of its beginning, and this one waited for the lock: the counts must not be of before."""
    connection, message = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    halves = accepted(claim)[:100], accepted(claim)[100:]
    other = await connect(database_url)
    async with other.transaction():
        await ledger.settle(other, claim, halves[0], finished=False, source=SOURCE)
        waiting = asyncio.create_task(put_down(connection, claim, halves[1]))
        locks = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"
        while not (await (await other.execute(locks, (connection.info.backend_pid,))).fetchone())[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await waiting
    await other.close()
    assert await counted(connection, message.number) == {"accepted": 200, "planned": 250}


async def test_two_take_overs_in_doubt_may_be_two_copies_and_are_counted(world):
    """Two workers died with it in hand, and nobody will ever say whether the second had sent it."""
    connection, _ = world
    first, second, third = [await workers.begin(connection, "mail") for _ in range(3)]
    await take(connection, first)
    await workers.end(connection, first)
    assert await ledger.inherit(connection, epoch=second, channel="mail")
    duplicates = "SELECT sum(possible_duplicates) FROM batch"
    assert await (await connection.execute(duplicates)).fetchone() == (0,)
    await workers.end(connection, second)
    assert await ledger.inherit(connection, epoch=third, channel="mail")
    assert await (await connection.execute(duplicates)).fetchone() == (200,)


async def test_what_somebody_else_reported_while_a_worker_held_it_is_counted_when_that_worker_dies(world):
    """Taken over in doubt, it may have been sent again; who could say so is dead. What was given back was not."""
    connection, _ = world
    first, second, third = [await workers.begin(connection, "mail") for _ in range(3)]
    claim = await take(connection, first)
    await workers.end(connection, first)
    taken = await ledger.inherit(connection, epoch=second, channel="mail")
    await put_down(connection, claim, accepted(claim)[:3], finished=False)  # the first one wakes
    given_back = Result(taken.deliveries[0].sequence, taken.deliveries[0].attempt, State.PLANNED)
    await put_down(connection, taken, [given_back], finished=False)
    await workers.end(connection, second)
    assert await ledger.inherit(connection, epoch=third, channel="mail")
    counted_again = "SELECT array_agg(sequence ORDER BY sequence) FROM delivery WHERE again"
    assert await (await connection.execute(counted_again)).fetchone() == ([d.sequence for d in taken.deliveries[1:]],)
    assert await (await connection.execute("SELECT sum(possible_duplicates) FROM batch")).fetchone() == (199,)


async def test_a_late_refusal_does_not_end_what_is_in_doubt_since(world):
    """The one that woke was refused; its successor's mail may have arrived. Nobody may be told that nobody has it."""
    connection, message = world
    first, second = [await workers.begin(connection, "mail") for _ in range(2)]
    claim = await take(connection, first)
    await workers.end(connection, first)
    inherited = await ledger.inherit(connection, epoch=second, channel="mail")
    doubts = [
        Result(d.sequence, d.attempt, State.DEFERRED, handed_over=True, in_doubt=True) for d in inherited.deliveries
    ]
    await put_down(connection, inherited, doubts, retry_after=timedelta(minutes=1))
    refused = [Result(d.sequence, d.attempt, State.FAILED, handed_over=True, code=554) for d in claim.deliveries]
    await put_down(connection, claim, refused)
    assert "failed" not in await counted(connection, message.number)


async def test_two_names_at_the_provider_are_two_copies_whoever_reports_them_and_in_whatever_order(world):
    """An heir looked up, found nothing and sent; the stalled one woke and sent as well. No doubt is left by then."""
    connection, _ = world
    dead, living = await workers.begin(connection, "mail"), await workers.begin(connection, "mail")
    first = await take(connection, dead)
    await workers.end(connection, dead)
    second = await ledger.inherit(connection, epoch=living, channel="mail")
    early, late = first.deliveries[:100], first.deliveries[100:]

    def by(name, deliveries, **how):
        return [
            Result(d.sequence, d.attempt, State.ACCEPTED, provider_id=f"{name}{d.sequence}", at=now(), **how)
            for d in deliveries
        ]

    await put_down(connection, first, by("SM-first", early, handed_over=True), finished=False)
    await put_down(connection, second, by("SM-second", second.deliveries, cleared=True))
    await put_down(connection, first, by("SM-first", late, handed_over=True))
    assert await (await connection.execute("SELECT sum(possible_duplicates) FROM batch")).fetchone() == (200,)


async def test_a_batch_is_due_when_the_first_of_its_deferred_is_whichever_group_is_recorded_last(world):
    """A doubt is cleared up after three seconds: somebody may not have been told. A greylisting can wait."""
    connection, _ = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    deferred = [Result(d.sequence, d.attempt, State.DEFERRED) for d in claim.deliveries]
    stand = await put_down(connection, claim, deferred[:1], finished=False, retry_after=timedelta(minutes=9))
    assert stand.due is not None
    later = stand.due
    stand = await put_down(connection, claim, deferred[1:2], finished=False, retry_after=timedelta(seconds=3))
    assert stand.due < later
    soon = stand.due
    stand = await put_down(connection, claim, accepted(claim)[2:3], finished=False)
    assert stand.due == soon
    stand = await put_down(connection, claim, deferred[3:], retry_after=timedelta(minutes=1))
    assert stand.due == soon


async def test_what_was_due_before_holds_nobody_to_it_once_all_of_it_was_claimed(world):
    """Else who is greylisted again would be tried again at once, for as long as the relay says no."""
    connection, _ = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    deferred = [Result(d.sequence, d.attempt, State.DEFERRED) for d in claim.deliveries]
    first = await put_down(connection, claim, deferred, retry_after=timedelta(0))
    again = await take(connection, epoch)
    assert again.ref == claim.ref
    deferred = [Result(d.sequence, d.attempt, State.DEFERRED) for d in again.deliveries]
    second = await put_down(connection, again, deferred, retry_after=timedelta(minutes=1))
    assert second.due - first.due > timedelta(seconds=50)


async def test_who_holds_nothing_any_more_does_not_say_when_the_rest_is_due(world):
    """A late report, or a settlement that is repeated because its answer was lost."""
    connection, _ = world
    dead, living = await workers.begin(connection, "mail"), await workers.begin(connection, "mail")
    first = await take(connection, dead)
    await workers.end(connection, dead)
    second = await ledger.inherit(connection, epoch=living, channel="mail")
    deferred = [Result(d.sequence, d.attempt, State.DEFERRED) for d in second.deliveries]
    stand = await put_down(connection, second, deferred, retry_after=timedelta(minutes=5))
    late = [Result(d.sequence, d.attempt, State.DEFERRED) for d in first.deliveries]
    for claim, results in ((first, late), (second, deferred)):
        later = await put_down(connection, claim, results, retry_after=timedelta(seconds=3))
        assert later.due == stand.due


async def test_what_is_deferred_is_due_at_some_time_even_if_nobody_says_when(world):
    """Without a time it would never be claimed again."""
    connection, _ = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    stand = await put_down(connection, claim, [Result(d.sequence, d.attempt, State.DEFERRED) for d in claim.deliveries])
    assert stand.due is not None


async def test_a_claim_that_was_given_back_is_no_try_and_every_other_is(world):
    """A relay that was away for hours must not have used up what everybody gets. The attempt, which fences, rises."""
    connection, _ = world
    await connection.execute("UPDATE batch SET announced_at = NULL WHERE number > 1")
    epoch = await workers.begin(connection, "mail")
    for state, tries in ((State.PLANNED, 1), (State.PLANNED, 1), (State.DEFERRED, 1), (State.PLANNED, 2)):
        claim = await take(connection, epoch)
        assert {d.tries for d in claim.deliveries} == {tries}
        results = [Result(d.sequence, d.attempt, state) for d in claim.deliveries]
        for _ in range(2):  # its answer was lost once
            await put_down(connection, claim, results, retry_after=timedelta(0))
    claim = await take(connection, epoch)
    assert {(d.attempt, d.tries) for d in claim.deliveries} == {(5, 2)}
    await workers.end(connection, epoch)
    heir = await ledger.inherit(connection, epoch=await workers.begin(connection, "mail"), channel="mail")
    assert {(d.attempt, d.tries) for d in heir.deliveries} == {(6, 3)}  # the dead one may have handed it over
    late = [Result(d.sequence, d.attempt, State.PLANNED) for d in claim.deliveries]
    await put_down(connection, claim, late)
    batch = await recovery.hold(connection, heir.epoch, heir.ref)
    assert {(d.attempt, d.tries) for d in batch.claim.deliveries} == {(6, 3)}


async def test_a_repeated_settlement_lets_no_batch_go_of_which_its_worker_still_owes_an_answer(world):
    """Claimed again, sent again, and all of it reported by others: if it dies now, that must be counted."""
    connection, message = world
    epoch = await workers.begin(connection, "mail")
    claim = await take(connection, epoch)
    doubt = [Result(d.sequence, d.attempt, State.DEFERRED, handed_over=True, in_doubt=True) for d in claim.deliveries]
    await put_down(connection, claim, doubt, retry_after=timedelta(0))
    again = await take(connection, epoch)
    assert again.ref == claim.ref
    reports = [Result(d.sequence, 0, State.DELIVERED) for d in claim.deliveries]
    await ledger.report(connection, message.number, reports, source=SOURCE)
    await put_down(connection, claim, doubt, retry_after=timedelta(0))
    await workers.end(connection, epoch)
    heir = await ledger.inherit(connection, epoch=await workers.begin(connection, "mail"), channel="mail")
    assert (heir.ref, heir.deliveries) == (claim.ref, ())
    await put_down(connection, heir, [])
    row = "SELECT epoch, possible_duplicates FROM batch WHERE message = %s AND number = %s"
    batch = await (await connection.execute(row, (claim.ref.message, claim.ref.number))).fetchone()
    assert batch == (None, 200)
