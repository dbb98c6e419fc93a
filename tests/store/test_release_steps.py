"""Release in order: who is in which step, when it opens, and that nothing of a later one gets out before."""

import asyncio
from datetime import timedelta

import pytest

from services.domain.batches import BatchRef
from services.domain.events import BatchAnnounced, envelope
from services.domain.release_order import Condition, ReleaseStep
from services.domain.states import State
from services.store import announcements, claims, ledger, messages, release_steps, step_status, workers
from services.store.ledger import Result
from services.store.recovery import hold
from tests.store.world import SOURCE, Person, add_crowd, add_people, add_user, connect, now, release, submit

pytestmark = pytest.mark.stack

GOVERNORS = ReleaseStep(audiences=("governors",))
FEEDS_LAST = ReleaseStep(channels=("newsfeed",), after=300)
HALF = ReleaseStep(audiences=("bcm-leads",), when=Condition(accepted=50, at_most=600))


async def world(database_url, *people, order, **fields):
    """A connection, and a message to governors and BCM leads in this order that is released."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_people(connection, people)
    message = await submit(connection, author, audiences=["governors", "bcm-leads"], release_order=order, **fields)
    await release(connection, message, author)
    return connection, message


def governor(n):
    return Person(f"G{n}", ["governors"], mail=f"g{n}@crowd.example")


def lead(n):
    return Person(f"B{n}", ["bcm-leads"], mail=f"b{n}@crowd.example")


async def send(connection, state=State.ACCEPTED, *, most=None, channel="mail"):
    """Claim one batch and settle the first so many as this, the others as failed; returns its reference."""
    epoch = await workers.begin(connection, channel)
    claim = await ledger.claim(connection, epoch=epoch, channel=channel, lanes=["urgent"])
    if claim is None:
        return None
    results = [
        Result(d.sequence, d.attempt, state if most is None or n < most else State.FAILED, at=now())
        for n, d in enumerate(claim.deliveries)
    ]
    await ledger.settle(connection, claim, results, finished=True, source=SOURCE)
    return claim.ref


async def opened(connection, message):
    async with connection.transaction():
        return await release_steps.open_next(connection, message.number)


async def later(connection, message, seconds):
    """So many seconds pass, as far as its steps know."""
    await connection.execute(
        "UPDATE release_step SET clock_from = clock_from - make_interval(secs => %s) WHERE message = %s",
        (seconds, message.number),
    )


async def test_batches_are_of_one_step_and_steps_follow_each_other(database_url):
    """A batch is opened whole: one with a mayor's mail and a journalist's in it could only be wrong."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, 250, "bcm-leads")
    await connection.execute("INSERT INTO contact_audience SELECT 'governors', id FROM contact WHERE id % 50 = 0")
    order = [GOVERNORS, ReleaseStep(channels=("sms",), after=60), FEEDS_LAST]
    fields = {"audiences": ["governors", "bcm-leads"], "channels": ["mail", "sms", "newsfeed"]}
    message = await submit(connection, author, release_order=order, **fields)
    rows = await connection.execute(
        """SELECT b.number, b.channel, b.step, b.planned, b.last_sequence - b.first_sequence + 1,
            array_agg(DISTINCT d.step), count(d.*) FROM batch b JOIN delivery d ON d.message = b.message
            AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
            WHERE b.message = %s GROUP BY b.message, b.number ORDER BY 1""",
        (message.number,),
    )  # fmt: skip
    assert await rows.fetchall() == [
        (1, "mail", 0, 5, 5, [0], 5), (2, "mail", 2, 200, 200, [2], 200), (3, "mail", 2, 45, 45, [2], 45),
        (4, "sms", 0, 5, 5, [0], 5), (5, "sms", 1, 200, 200, [1], 200), (6, "sms", 1, 45, 45, [1], 45),
        (7, "newsfeed", 0, 1, 1, [0], 1), (8, "newsfeed", 2, 1, 1, [2], 1),
    ]  # fmt: skip


async def test_who_shares_an_address_is_in_the_step_of_the_copy_that_stands(database_url):
    """One mailbox gets one mail; the one who reads it first decides when."""
    both = [Person("B", ["bcm-leads"], mail="x@crowd.example"), Person("G", ["governors"], mail="X@crowd.example")]
    connection, message = await world(database_url, *both, order=[GOVERNORS, HALF])
    rows = await connection.execute("SELECT contact, step, contacts FROM delivery")
    assert await rows.fetchall() == [(both[1].id, 0, 2)]
    assert [each.recipients for each in await step_status.steps_of(connection, message.number)] == [{"planned": 2}, {}]


async def test_a_plan_made_anew_at_release_keeps_its_steps(database_url):
    """Addresses changed after the proof: it is the same order that was approved."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    people = [governor(1), lead(1), Person("B2", ["bcm-leads"], mail="B1@crowd.example")]
    await add_people(connection, people)
    audiences = ["governors", "bcm-leads"]
    message = await submit(connection, author, audiences=audiences, release_order=[GOVERNORS, HALF])
    from services.store import plan

    async with connection.transaction():
        again = plan.PlanFor(
            message=message.number, language="nl", channels=["mail"], people=audiences, feeds=[],
            audience_order=audiences, release_order=[GOVERNORS, HALF],
        )  # fmt: skip
        assert await plan.write_again(connection, again) == 3
    rows = await connection.execute("SELECT step, planned FROM batch ORDER BY number")
    assert await rows.fetchall() == [(0, 1), (1, 2)]


async def test_nothing_of_a_step_that_is_not_open_can_be_had(database_url):
    """Not announced, not swept up, not claimed: not even if a forged announcement marks it, for the row decides."""
    connection, message = await world(database_url, governor(1), lead(1), order=[GOVERNORS, HALF])
    hidden = BatchRef(message.number, 2)
    async with connection.transaction():
        assert await announcements.announce(connection, message.number, source=SOURCE) == 1
        assert await announcements.announce_one(connection, hidden, source=SOURCE) == 0
    forged = BatchAnnounced(message=message.number, batch=2)
    assert envelope(forged, event_type=forged.TYPE, source="/forger")  # says no more than this reference:
    assert await claims.with_work(connection, [hidden], "mail") == set()
    await connection.execute("UPDATE batch SET announced_at = now() - interval '1 hour', announcements = 1")
    assert await claims.with_work(connection, [hidden], "mail") == set()
    async with connection.transaction():
        assert await announcements.announce_overdue(connection, source=SOURCE) == 1
    assert await send(connection) == BatchRef(message.number, 1)
    assert await send(connection) is None
    rows = await connection.execute("SELECT DISTINCT event->'data'->>'batch' FROM outbox WHERE topic LIKE 'deliver%'")
    assert await rows.fetchall() == [("1",)]


async def test_a_step_opens_by_its_share_of_those_who_can_be_reached(database_url):
    """Nine without an address do not count; of the two others one is half, and a failure is none."""
    people = [governor(1), governor(2), *(Person(f"N{n}", ["governors"]) for n in range(9)), lead(1)]
    connection, message = await world(database_url, *people, order=[GOVERNORS, HALF])
    assert await opened(connection, message) is None
    assert await send(connection, most=1) == BatchRef(message.number, 1)
    assert await release_steps.due(connection) == [message.number]
    assert await opened(connection, message) == release_steps.Opened(1, "share")
    assert await opened(connection, message) is None
    assert await release_steps.due(connection) == []
    async with connection.transaction():
        assert await announcements.announce(connection, message.number, source=SOURCE, step=1) == 1
    assert await send(connection) == BatchRef(message.number, 2)


@pytest.mark.parametrize(
    ("percent", "accepted", "opens"),
    [(10, 1, True), (30, 3, True), (70, 7, True), (90, 9, True), (90, 8, False), (100, 9, False), (100, 10, True),
     (95, 9, False), (1, 0, False)],
)  # fmt: skip
async def test_a_share_is_counted_in_whole_percents(database_url, percent, accepted, opens):
    """Nine of ten are 90%, though no float says so exactly."""
    order = [GOVERNORS, HALF.model_copy(update={"when": Condition(accepted=percent, at_most=600)})]
    connection, message = await world(database_url, *map(governor, range(10)), lead(1), order=order)
    await send(connection, most=accepted)
    assert (await opened(connection, message) is not None) is opens


async def test_a_share_is_waited_for_no_longer_than_at_most(database_url):
    """A relay that is down holds up the mayors; not for ever."""
    connection, message = await world(database_url, governor(1), lead(1), order=[GOVERNORS, HALF])
    await later(connection, message, 599)
    assert await opened(connection, message) is None
    await later(connection, message, 1)
    assert await opened(connection, message) == release_steps.Opened(1, "at-most")


async def test_a_delay_counts_from_the_step_before_and_comes_before_any_share(database_url):
    """Five minutes for the mayors are five minutes, however fast the governors had it."""
    order = [GOVERNORS, HALF.model_copy(update={"after": 60}), FEEDS_LAST]
    connection, message = await world(database_url, governor(1), lead(1), order=order, channels=["mail", "newsfeed"])
    await send(connection)
    await send(connection, channel="newsfeed")
    assert await opened(connection, message) is None
    await later(connection, message, 61)
    assert await opened(connection, message) == release_steps.Opened(1, "share")
    await later(connection, message, 200)
    assert await opened(connection, message) is None
    await later(connection, message, 100)
    assert await opened(connection, message) == release_steps.Opened(2, "delay")
    assert [each.opened_by for each in await step_status.steps_of(connection, message.number)] == [
        "release", "share", "delay",
    ]  # fmt: skip


async def test_an_empty_step_makes_nobody_wait(database_url):
    """There are no governors in this list: nobody is there to have a lead."""
    connection, message = await world(
        database_url, Person("N", ["governors"]), lead(1), order=[GOVERNORS, HALF.model_copy(update={"after": 600})]
    )
    assert await opened(connection, message) == release_steps.Opened(1, "empty")


async def test_a_pause_stops_the_clock(database_url):
    """Whoever pauses to think finds as much time left as there was; and nothing opens meanwhile."""
    connection, message = await world(database_url, governor(1), lead(1), order=[GOVERNORS, HALF])
    await later(connection, message, 500)
    async with connection.transaction():
        await messages.pause(connection, message, source=SOURCE)
    await later(connection, message, 3600)
    await connection.execute("UPDATE message SET paused_at = paused_at - interval '1 hour'")
    assert await opened(connection, message) is None
    async with connection.transaction():
        await messages.resume(connection, message, source=SOURCE)
    assert await opened(connection, message) is None
    await later(connection, message, 99)
    assert await opened(connection, message) is None
    await later(connection, message, 2)
    assert await opened(connection, message) == release_steps.Opened(1, "at-most")


@pytest.mark.parametrize("how", ["stopped", "expired", "not released"])
async def test_what_has_ended_or_never_began_opens_nothing(database_url, how):
    """A stop in the middle of an order is the end of it."""
    connection, message = await world(database_url, governor(1), lead(1), order=[GOVERNORS, HALF])
    if how == "stopped":
        async with connection.transaction():
            await messages.stop(connection, message, source=SOURCE, how="stopped")
    elif how == "expired":
        await connection.execute("UPDATE message SET expires_at = now()")
    else:
        await connection.execute("UPDATE message SET state = 'approved'")
    await later(connection, message, 3600)
    assert await release_steps.due(connection) == []
    assert await opened(connection, message) is None


async def test_what_is_refused_for_now_is_tried_as_long_in_each_step(database_url):
    """The horizon of its retries, and the date of its mail, count from when it could first be sent."""
    connection, message = await world(database_url, governor(1), lead(1), order=[GOVERNORS, HALF])
    await send(connection)
    await connection.execute("UPDATE message SET released_at = released_at - interval '5 hours'")
    assert await opened(connection, message)
    async with connection.transaction():
        await announcements.announce(connection, message.number, source=SOURCE)
    epoch = await workers.begin(connection, "mail")
    claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
    assert claim is not None
    assert now() - claim.released_at < timedelta(minutes=1)
    held = await hold(connection, epoch, claim.ref)
    assert held is not None
    assert held.claim.released_at == claim.released_at


async def test_two_dispatchers_open_a_step_once(database_url):
    """One of them waits for the other's transaction and finds it done."""
    order = [GOVERNORS, HALF.model_copy(update={"when": None, "after": 1}), FEEDS_LAST]
    connection, message = await world(database_url, governor(1), lead(1), order=order, channels=["mail", "newsfeed"])
    other = await connect(database_url)
    await later(connection, message, 2)
    async with connection.transaction():
        assert await release_steps.open_next(connection, message.number)
        waiting = asyncio.create_task(opened(other, message))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert await waiting is None
    rows = await connection.execute("SELECT open_step FROM message")
    assert await rows.fetchone() == (1,)
    await other.close()


async def test_the_lead_over_publication_is_known_of_each_step_and_each_recipient(database_url):
    """Mayors who complain that they heard it from the press get an answer in seconds."""
    from services.store.leads import leads, published_at

    people = [governor(1), Person("Shares", ["governors"], mail="G1@crowd.example"), lead(1)]
    order = [ReleaseStep(channels=("mail",)), FEEDS_LAST]
    connection, message = await world(database_url, *people, order=order, channels=["mail", "newsfeed"])
    await send(connection)
    assert await published_at(connection, message.number) is None
    assert [each.lead_seconds for each in await step_status.steps_of(connection, message.number)] == [None, None]
    await connection.execute("UPDATE message SET open_step = 1")
    async with connection.transaction():
        await announcements.announce(connection, message.number, source=SOURCE)
    await send(connection, channel="newsfeed")
    await connection.execute("UPDATE delivery SET accepted_at = now() WHERE contact IS NULL")
    await connection.execute("UPDATE delivery SET accepted_at = now() - interval '5 minutes' WHERE contact IS NOT NULL")
    await connection.execute("UPDATE batch SET first_accepted_at = now() - interval '5 minutes' WHERE channel = 'mail'")
    found = [(each.contact, each.channel, round(each.seconds or 0)) async for each in leads(connection, message.number)]
    assert found == [(people[0].id, "mail", 300), (people[1].id, "mail", 300), (people[2].id, "mail", 300)]
    steps = await step_status.steps_of(connection, message.number)
    assert steps[0].lead_seconds is not None and round(steps[0].lead_seconds) == 300
    assert steps[1].lead_seconds == pytest.approx(0, abs=1)
