"""What the worker's loop does not do."""

import asyncio
from datetime import date
from types import SimpleNamespace

import pytest

from services.fanout.claims import share_of
from services.fanout.settings import WorkerSettings
from services.fanout.worker import Worker
from services.runtime.postgres import DatabaseSettings, open_pool
from tests.public.newsletters import add_edition, add_newsletter
from tests.store.world import SOURCE, add_user, connect, submit

pytestmark = pytest.mark.stack


class AtOnce:
    """A carrier whose peer is always there."""

    channel = "mail"

    async def available(self):
        """At once."""


async def test_a_worker_that_cannot_read_what_was_stopped_claims_nothing(database_url, tmp_path, monkeypatch):
    """Nothing may start then: it would claim and give back as fast as it can, until the attempts overflow."""
    monkeypatch.setenv("ROELAND_DATA_DIR", str(tmp_path))
    asked = asyncio.Event()

    async def take(_connection, *, epoch):
        asked.set()

    async with open_pool(DatabaseSettings(database_url=database_url)) as pool:
        service = SimpleNamespace(name="mail", source=SOURCE, pool=pool, stopping=asyncio.Event())
        worker = Worker(service, AtOnce(), WorkerSettings(halt_seconds=60), pool)
        await worker._life.beat()
        working = asyncio.create_task(worker._work(take, share_of(pool, 1), asyncio.Event(), 1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asked.wait(), 0.5)
        await worker._halts.read()
        await asyncio.wait_for(asked.wait(), 10)
        service.stopping.set()
        await asyncio.wait_for(working, 10)


async def test_the_list_that_a_message_is_on_is_read_with_its_versions(database_url, tmp_path, monkeypatch):
    """Once for a message, and not for each mail; no message but an edition is on any, and only mail has lists."""
    monkeypatch.setenv("ROELAND_DATA_DIR", str(tmp_path))
    async with open_pool(DatabaseSettings(database_url=database_url)) as pool, await connect(database_url) as direct:
        user = await add_user(direct, "an@ccvo.example", "author")
        edition = await add_edition(direct, user, await add_newsletter(direct, user), date(2026, 11, 26))
        alert = await submit(direct, user)
        await direct.execute("UPDATE newsletter SET slug = 'anders'")
        service = SimpleNamespace(name="mail", source=SOURCE, pool=pool, stopping=asyncio.Event())
        worker = Worker(service, AtOnce(), WorkerSettings(), pool)
        versions, mailing_list = await worker._read_message(edition.number)
        assert len(versions) == 4 and mailing_list.list_id == "dagelijks"
        assert mailing_list.titles.in_language("fr") == "Lettre quotidienne"
        assert (await worker._read_message(alert.number))[1] is None
        monkeypatch.setattr(AtOnce, "channel", "sms")
        assert (await Worker(service, AtOnce(), WorkerSettings(), pool)._read_message(edition.number))[1] is None
