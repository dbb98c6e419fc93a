"""What all mail workers share in PostgreSQL: one alarm while the relay takes nothing of ours, and one limit."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio

from services.domain.states import State
from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.runtime.postgres import DatabaseSettings, Pool, open_pool
from services.store import alarms
from tests import stack
from tests.mail.jobs import carrier, job, people
from tests.mail.relays import Logins, Relay, running, until

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def database_url(postgres: str) -> Iterator[str]:
    """One for all of these tests: each leaves no alarm standing, and has a limit of its own name."""
    with stack.fresh_database(postgres) as url:
        yield url


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """As a service has it."""
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        yield pool


async def _standing(pool: Pool) -> list[tuple[str, str]]:
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT kind, detail ->> 'why' FROM alarm WHERE cleared_at IS NULL")
        return [(row[0], row[1]) for row in await rows.fetchall()]


async def _until_standing(pool: Pool, count: int) -> list[tuple[str, str]]:
    while True:
        found = await _standing(pool)
        if len(found) == count:
            return found
        await asyncio.sleep(0.02)


def _heard(monkeypatch: pytest.MonkeyPatch, what: Literal["ring", "hush"]) -> list[str]:
    """Each time that a bell is told this; a table would be looked at too early to show what is not to happen."""
    heard: list[str] = []
    told = getattr(Bell, what)

    def tell(bell: Bell, *why: str) -> None:
        heard.append(what)
        told(bell, *why)

    monkeypatch.setattr(Bell, what, tell)
    return heard


async def test_a_wrong_password_is_one_alarm(tmp_path: Path, pool: Pool) -> None:
    """Two workers notice it, again and again: one alarm, which the first mail that is taken puts out."""
    logins = Logins("roeland", "changed")
    async with running(tmp_path, **logins.options()) as relay:
        url = relay.url(login="roeland:secret@")
        sending = [carrier(url, bell=Bell(pool, "mail")) for _ in range(2)]
        waiting = [asyncio.create_task(each.available()) for each in sending]
        for each in sending:
            work, reports = job(people(3))
            await each.carry_out(work)
            assert set(reports.states().values()) == {State.PLANNED}
        assert await _until_standing(pool, 1) == [(alarms.CANNOT_SEND, "refuses our login")]
        logins.password = "secret"
        await asyncio.wait_for(asyncio.gather(*waiting), 60)
        await _until_standing(pool, 0)


async def test_a_relay_that_is_merely_away_is_no_alarm(
    relay: Relay, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back by itself; only what somebody must mend wakes somebody."""
    rung = _heard(monkeypatch, "ring")
    relay.vanish()
    sending = carrier(relay.url(), bell=Bell(pool, "mail"))
    work, reports = job(people(3))
    await sending.carry_out(work)
    assert set(reports.states().values()) == {State.PLANNED}
    assert rung == []


async def test_an_alarm_of_a_former_life_is_put_out(relay: Relay, pool: Pool) -> None:
    """The password was mended, and the worker restarted."""
    async with pool.connection() as connection, connection.transaction():
        await alarms.ring(connection, alarms.Alarm(alarms.CANNOT_SEND, "mail", {"why": "refuses our login"}))
    await _until_standing(pool, 1)
    await carrier(relay.url(), bell=Bell(pool, "mail")).available()
    await _until_standing(pool, 0)


async def test_a_refusal_at_the_recipient_rings_until_a_mail_gets_through(
    relay: Relay, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay answers when asked, and takes no mail: the alarm must not go out each time that it is asked."""
    hushed = _heard(monkeypatch, "hush")
    relay.faults.put({"at": "rcpt", "do": "reply", "code": 530})
    sending = carrier(relay.url(), bell=Bell(pool, "mail"))
    work, reports = job(people(3))
    await sending.carry_out(work)
    assert set(reports.states().values()) == {State.PLANNED}
    await _until_standing(pool, 1)
    await asyncio.wait_for(sending.available(), 60)
    assert hushed == []
    relay.faults.put([])
    work, reports = job(people(3))
    await sending.carry_out(work)
    assert set(reports.states().values()) == {State.ACCEPTED}
    await _until_standing(pool, 0)


async def test_no_more_mails_a_second_than_the_relay_takes(relay: Relay, pool: Pool) -> None:
    """Two workers under one limit: together they take at least the time that it gives them."""
    sending = [carrier(relay.url(), bucket=Bucket(pool, "smtp:relay:25", 40)) for _ in range(2)]
    works = [job(people(20, first=100 * number)) for number in range(2)]
    begin = time.monotonic()
    await asyncio.gather(*(each.carry_out(work) for each, (work, _) in zip(sending, works, strict=True)))
    assert time.monotonic() - begin >= 0.7  # 40 mails in steps of 25 ms, the first 10 slots at once
    assert all(set(reports.states().values()) == {State.ACCEPTED} for _, reports in works)
    assert len(relay.mails()) == 40


async def test_a_stop_does_not_wait_for_the_limit(relay: Relay, pool: Pool) -> None:
    """A mail every ten minutes: what may not start any more is given back at once."""
    stopped = asyncio.Event()
    sending = carrier(relay.url(), bucket=Bucket(pool, "smtp:other:25", 1 / 600))
    work, reports = job(people(20), may_start=lambda: not stopped.is_set())
    carrying = asyncio.create_task(sending.carry_out(work))
    await until(lambda: len(reports.results) > 0)
    stopped.set()
    await asyncio.wait_for(carrying, 30)
    assert sorted(set(reports.states().values())) == [State.PLANNED, State.ACCEPTED]
    assert len(relay.mails()) == 1
