"""A PostgreSQL whose disk is full: it answers, and refuses to write (SQLSTATE 53100)."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from services.devstack import postgres, postgres_home
from services.store import migrate
from tests import stack
from tests.conftest import delete_topics
from tests.faults.harness import Crew, crew_of

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(200)]

SIZE = 64 * 1024 * 1024


class Disk:
    """A small disk of its own, which a test fills."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def fill(self) -> None:
        """Until not a page fits any more."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass

    def free(self) -> None:
        """As it was."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(place: Path) -> Iterator[Disk]:
    """A disk in memory; needs the right to mount, which CI's container and root have."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "roeland-test", str(place)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"NOT TESTED HERE: a full disk, for nothing can be mounted: {mounted.stderr.strip()}")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


@pytest.fixture
def full_stack(
    kafka: str, sink: stack.Sink, twilio: stack.Twilio, background: stack.Background
) -> Iterator[tuple[Crew, Disk]]:
    """Dispatch, mail and sms on a PostgreSQL that has its tables on a small disk, and its log elsewhere."""
    prefix = f"t{uuid4().hex[:8]}."
    with stack.folder("roeland-faults-disk-") as folder, small_disk(folder / "disk") as disk:
        server = background.run(postgres.start(folder / "postgres", durable=False, create_databases=True))
        try:
            user = postgres_home.server_user()
            tables = disk.place / "tables"
            tables.mkdir(mode=0o700)
            if user:
                os.chown(tables, user.uid, user.gid)
            with psycopg.connect(server.admin_url, autocommit=True) as admin:
                admin.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(tables))))
                admin.execute("CREATE DATABASE small OWNER roeland TABLESPACE small")
            url = f"{server.url.rpartition('/')[0]}/small"
            migrate.migrate(url)
            env = {
                "ROELAND_KAFKA_BOOTSTRAP": kafka,
                "ROELAND_KAFKA_TOPIC_PREFIX": prefix,
                "ROELAND_DATABASE_URL": url,
            }
            with crew_of(env, folder / "crew", sink=sink, twilio=twilio, background=background) as crew:
                for service in ("dispatch", "mail", "sms"):
                    crew.start(service, ready=False, smtp_connections=10, sms_connections=10)
                for program in crew.programs:
                    program.wait_ready()
                yield crew, disk
        finally:
            background.run(server.stop())
    background.run(delete_topics(kafka, prefix))


async def test_a_full_disk_is_waited_for_and_what_was_sent_meanwhile_is_recorded(
    full_stack: tuple[Crew, Disk],
) -> None:
    """Nothing new is claimed that could not be recorded; when there is room again it all goes on, by itself."""
    crew, disk = full_stack
    assert crew.sink
    assert crew.twilio
    crew.sink.faults({"at": "mail", "do": "delay", "delay_seconds": 0.15})
    crew.twilio.faults({"at": "request", "do": "delay", "delay_seconds": 0.15})
    message = await crew.release(600, ("mail", "sms"))
    await crew.until(lambda account: account.states.get("accepted", 0) > 100, message)
    disk.fill()
    deadline = time.monotonic() + 30
    while not crew.logged("postgres_away"):
        assert time.monotonic() < deadline, crew.report()
        await asyncio.sleep(0.1)
    await asyncio.sleep(4)
    assert (await crew.account(message)).open
    disk.free()
    (await crew.until_done(message)).holds()
    assert not crew.logged("peer_silent")
    assert all(program.running and program.lives == 1 for program in crew.programs), crew.report()
