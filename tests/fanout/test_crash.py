"""kill -9 of a real worker between the relay's answer and our record: the journal says what was in flight."""

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.fanout.book import boot_id
from services.fanout.carrier import give_back
from services.fanout.journal_format import PAGE, SLOT_BYTES, header, read
from services.fanout.left_behind import left_behind
from services.fanout.life import Life
from services.fanout.replay import Replay
from services.fanout.settings import WorkerSettings
from services.runtime.postgres import DatabaseSettings, open_pool
from services.store import ledger, workers
from tests.fanout.relay import Relay, proxy, relay, worker
from tests.store.world import SOURCE, add_crowd, add_user, connect, counted, release, submit

pytestmark = [pytest.mark.long, pytest.mark.stack, pytest.mark.timeout(400)]

CROWD, CONNECTIONS = 450, 5
IN_FLIGHT = CONNECTIONS * 2  # for each claim in hand


class World:
    """A released message to many, a relay, and what a worker needs."""

    def __init__(self, connection, message, peer: Relay, env: dict[str, str], folder: Path) -> None:
        self.connection, self.message, self.relay, self.env, self.folder = connection, message, peer, env, folder
        self.log = folder / "log"

    def worker(self, **other):
        """A worker of this world."""
        return worker(self.relay.port, {**self.env, **other.pop("env", {})}, self.log, connections=CONNECTIONS, **other)

    @property
    def journals(self) -> list[Path]:
        """The journals that there are."""
        return sorted(self.folder.glob("data/journal/*"))

    def said(self, event: str) -> list[dict]:
        """The log lines of this event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    async def until(self, enough: Callable, seconds: float = 120) -> None:
        """Wait for it: a condition, or a coroutine function that tells."""
        async with asyncio.timeout(seconds):
            while True:
                found = enough()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.02)

    async def row(self, query: str):
        """One row, or its one value."""
        row = await (await self.connection.execute(query)).fetchone()
        return row[0] if row and len(row) == 1 else row

    async def count(self, what: str) -> int:
        """How many rows."""
        return await self.row(f"SELECT count(*) FROM {what}")

    async def done(self) -> bool:
        """Whether nobody is left."""
        return await counted(self.connection, self.message.number) == {"accepted": CROWD}

    async def possible_duplicates(self) -> int:
        """As the ledger counts them."""
        return await self.row("SELECT sum(possible_duplicates)::int FROM batch")


@pytest.fixture
async def world(database_url, tmp_path):
    """450 governors, by mail."""
    connection = await connect(database_url)
    author = await add_user(connection, "author@ccvo.example", "author")
    await add_crowd(connection, CROWD)
    message = await submit(connection, author)
    await release(connection, message, author)
    env = {
        "ROELAND_DATABASE_URL": database_url, "ROELAND_DATA_DIR": str(tmp_path / "data"),
        "ROELAND_KAFKA_BOOTSTRAP": "127.0.0.1:1", "ROELAND_BEAT_SECONDS": "0.2", "ROELAND_LEASE_SECONDS": "300",
        "ROELAND_SETTLE_SECONDS": "300", "ROELAND_CLAIMS_PER_LANE": "2",
    }  # fmt: skip
    async with relay() as peer:
        yield World(connection, message, peer, env, tmp_path)
    await connection.close()


async def killed(world: World, accepted: int = 120) -> None:
    """A worker is killed once so many were accepted, all of them unrecorded; the relay is faster afterwards."""
    world.relay.seconds = 0.03
    before = sum(world.relay.answered.values())
    with world.worker() as process:
        await world.until(lambda: sum(world.relay.answered.values()) > before + accepted)
        process.kill()
    world.relay.seconds = 0.005


async def all_told(world: World, copies: int) -> None:
    """Everybody is recorded as accepted; second copies are within the bound, and counted."""
    await world.until(world.done)
    assert len(world.relay.got) == CROWD
    assert world.relay.second_copies <= copies
    assert world.relay.second_copies <= await world.possible_duplicates()


async def test_after_kill_9_only_what_was_in_flight_is_sent_again_twice_in_a_row(world):
    """Hundreds were accepted and none of it recorded; the next worker knows it all the same, and the next two."""
    for _ in range(2):
        await killed(world)
        assert len(world.journals) == 1
    with world.worker(), world.worker():
        await all_told(world, 2 * IN_FLIGHT)
        await world.until(lambda: len(world.journals) == 2)  # their own
    assert await world.possible_duplicates() <= 2 * IN_FLIGHT
    assert await world.row("SELECT max(attempt) FROM delivery") <= 4


async def test_a_peer_on_the_same_folder_settles_at_once_and_not_after_the_lease(world):
    """Two workers, one dies: the other one knows it from the lock, long before the lease would say so."""
    world.relay.seconds = 0.05
    with world.worker() as one, world.worker():
        await world.until(lambda: len(world.journals) == 2)
        await world.until(lambda: len(world.relay.answered) > 60)
        one.kill()
        world.relay.seconds = 0.005
        await all_told(world, IN_FLIGHT)
        await world.until(lambda: len(world.journals) == 1)
    assert world.said("peer_silent") == []


@pytest.mark.long
async def test_a_worker_that_stands_still_is_not_taken_for_dead(world):
    """SIGSTOP: it holds its lock, so its journal is nobody else's; it wakes and goes on, and nothing is sent twice."""
    world.relay.seconds = 0.03
    with world.worker() as one:
        await world.until(lambda: len(world.relay.answered) > 50)
        one.send_signal(signal.SIGSTOP)
        with world.worker() as other:
            await world.until(lambda: len(world.journals) == 2)
            await world.until(lambda: len(world.relay.got) > CROWD // 10 + 50)  # what the first one does not hold
            await asyncio.sleep(1)  # five of its looks
            assert world.said("journal_replayed") == []
            other.terminate()
            assert await asyncio.to_thread(other.wait, 20) == 0
        one.send_signal(signal.SIGCONT)
        await all_told(world, 0)


async def test_sigterm_leaves_no_journal_and_no_doubt(world):
    """It gives back what it has not sent, and there is nothing to replay."""
    world.relay.seconds = 0.03
    with world.worker() as process:
        await world.until(lambda: len(world.relay.answered) > 50)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 20) == 0
    assert world.journals == []
    assert await world.row("SELECT count(*) FROM delivery WHERE state = 20 OR doubts > 0") == 0
    assert await world.row("SELECT count(*) FROM batch WHERE epoch IS NOT NULL") == 0


@pytest.mark.long
async def test_sigterm_while_postgresql_is_away_loses_nothing_that_was_accepted(world, database_url):
    """It ends within ten seconds with its results unrecorded. They are in the journal, for whoever comes next."""
    world.relay.seconds = 0.03
    async with proxy(database_url) as wire:
        with world.worker(env={"ROELAND_DATABASE_URL": wire.url}) as process:
            await world.until(lambda: len(world.relay.answered) > 100)
            wire.cut()
            process.terminate()
            assert await asyncio.to_thread(process.wait, 20) is not None
    accepted = len(world.relay.answered)
    assert len(world.journals) == 1
    assert await counted(world.connection, world.message.number) == {"planned": 50, "claimed": 400}
    with world.worker():
        await all_told(world, 0)
    assert accepted < CROWD
    assert await world.possible_duplicates() == 0


@pytest.mark.long
async def test_with_the_journal_gone_all_that_was_claimed_and_not_recorded_is_in_doubt_and_no_more(world):
    """The machine is lost with it: a peer takes over after the lease."""
    await killed(world)
    claimed = await world.row("SELECT count(*) FROM delivery WHERE state = 20")
    for path in world.journals:
        path.unlink()
    with world.worker(env={"ROELAND_LEASE_SECONDS": "1", "ROELAND_FIT_SECONDS": "0.8"}):
        await all_told(world, claimed)
    assert world.relay.second_copies > 100
    assert await world.possible_duplicates() <= claimed


@pytest.mark.long
async def test_replay_waits_for_postgresql_and_loses_nothing(world, database_url):
    """It is away when the next worker starts, and goes away again in the middle of settling for the dead one."""
    await killed(world)
    async with proxy(database_url) as wire:
        env = {"ROELAND_DATABASE_URL": wire.url}
        wire.open, commits = False, []
        wire.cut_after = lambda data, _: b"COMMIT" in data and not commits.append(1) and len(commits) == 5
        with world.worker(env=env):
            await world.until(lambda: world.said("failing"))
            wire.open = True
            await all_told(world, IN_FLIGHT)
    assert len(commits) > 5


@pytest.mark.long
async def test_what_a_peer_took_over_meanwhile_is_merged(world):
    """The lease was quicker than the journal: what the dead one had accepted counts as a late report, once."""
    await killed(world)
    async with world.connection.transaction():
        epoch = await world.row("SELECT max(epoch) FROM worker")
        assert await workers.end(world.connection, epoch)
        peer = await workers.begin(world.connection, "mail")
        taken = await ledger.inherit(world.connection, epoch=peer, channel="mail")
    assert taken is not None
    ours = [delivery.sequence for delivery in taken.deliveries]
    accepted = [sequence for sequence in world.relay.answered if sequence in ours]
    assert len(accepted) > IN_FLIGHT
    with world.worker():
        await world.until(lambda: [line for line in world.said("journal_replayed") if line["ended"]])
        known = await world.connection.execute(
            "SELECT sequence FROM delivery WHERE state = 80 AND sequence = ANY(%s) AND accepted_at IS NOT NULL", (ours,)
        )
        merged = {sequence for (sequence,) in await known.fetchall()}
        assert len(set(accepted) - merged) <= IN_FLIGHT  # answered, and killed before it read the answer
        results = [give_back(delivery) for delivery in taken.deliveries]
        async with world.connection.transaction():
            await ledger.settle(world.connection, taken, results, finished=True, source=SOURCE)
        await all_told(world, IN_FLIGHT)
    assert not [sequence for sequence in merged if world.relay.got[sequence] > 1]


@pytest.mark.long
async def test_a_journal_of_another_boot_proves_only_what_was_answered(world):
    """A power cut loses the last pages, so the rest is in doubt; and it waits for the lease, for a lock proves less."""
    await killed(world)
    (path,) = world.journals
    _write_anew(path, boot=bytes(16))
    with world.worker() as waiting:  # whose lease is long
        await world.until(lambda: world.said("journal_of_another_boot"))
        assert world.said("journal_replayed") == []
        waiting.terminate()
        await asyncio.to_thread(waiting.wait, 20)
    with world.worker(env={"ROELAND_LEASE_SECONDS": "1", "ROELAND_FIT_SECONDS": "0.8"}):
        await all_told(world, IN_FLIGHT)
        await world.until(lambda: path not in world.journals)
    assert await world.possible_duplicates() > 2 * IN_FLIGHT  # doubts that were none: nobody could know


@pytest.mark.long
async def test_the_lease_ends_an_epoch_together_with_what_its_journal_knows(world, database_url):
    """In one transaction: else a peer inherits in between, and sends again what a rebooted machine has on its disk."""
    await killed(world)
    (path,) = world.journals
    _write_anew(path, boot=bytes(16))
    settings = WorkerSettings(beat_seconds=0.05, fit_seconds=0.4, lease_seconds=0.5)
    looking = left_behind(path.parent)  # another worker, at that very moment
    assert next(looking)[0] == path
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        replay = Replay(pool, SOURCE, path.parent, boot_id())
        living = asyncio.create_task(Life(pool, "mail", settings, ending=replay.silent).run())
        await world.until(lambda: world.count("worker WHERE ended_at IS NOT NULL"))
        living.cancel()
    accepted = await world.count("delivery WHERE state = 80")
    assert len(world.relay.answered) - IN_FLIGHT <= accepted <= len(world.relay.answered)
    assert await world.count("delivery WHERE state = 20") == 0
    assert await world.count("batch WHERE epoch IS NOT NULL") == 0


async def test_bad_journals_are_set_aside_and_those_of_another_database_left_alone(world):
    """Nothing in that folder keeps a worker from starting, and each is told once."""
    await killed(world)
    (path,) = world.journals
    foreign, restored, junk, half = (
        path.with_name(f"{name}.journal") for name in ("mail-1-ffff", "mail-9-0", "a", "b")
    )
    for copy in (foreign, restored):
        copy.write_bytes(path.read_bytes())
    _write_anew(foreign, database=bytes(16))
    _write_anew(restored, began=1)
    junk.write_bytes(b"junk" * 5000)
    half.with_suffix(".new").write_bytes(b"")
    with world.worker():
        await all_told(world, IN_FLIGHT)
        await world.until(lambda: len(world.journals) == 4)
        there = {each.name for each in world.journals}
    assert {foreign.name, "mail-9-0.bad", "a.bad"} < there
    assert len(world.said("journal_set_aside")) == 2
    assert len(world.said("journal_of_another_database")) == 1


async def test_without_room_for_a_journal_everything_is_sent_all_the_same(world):
    """The disk is full: one line in the log, and the message goes out."""
    with world.worker(limit=4096):
        await all_told(world, 0)
        assert world.journals == []
    assert len(world.said("journal_off")) == 1


@pytest.mark.long
async def test_a_claim_that_was_not_answered_is_given_back_while_its_worker_lives(world, database_url):
    """The connection breaks before a claim is answered: it happened, the worker does not know, and its epoch lives."""
    async with proxy(database_url) as wire:
        claiming = []
        wire.cut_after = lambda data, _: b"claimed_at" in data and not claiming and not claiming.append("cut")
        with world.worker(env={"ROELAND_DATABASE_URL": wire.url}):
            await all_told(world, 0)
    assert claiming == ["cut"]
    assert len(world.said("claim_given_back")) == 1
    assert len(world.said("epoch_begun")) == 1
    assert await world.possible_duplicates() == 0


def _write_anew(path: Path, **other) -> None:
    content = path.read_bytes()
    slots = (len(content) - PAGE) // SLOT_BYTES
    head = header(replace(read(content).author, **other), slots)
    path.write_bytes(head + content[len(head) :])
