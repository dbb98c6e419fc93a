"""The real servers that tests run against: started once per session, or once for many sessions.

`python -m tests.stack COMMAND …` runs a command, such as pytest, with one Kafka and one PostgreSQL for all of it.
Without a command it keeps them running and prints two `export` lines; with those set, every pytest session uses these
instead of starting its own. Ctrl-C ends them.

All files are in memory (/dev/shm) where there is room for them, the command's `TMPDIR` too: on disk, databases and
folders for each test take ten times as long. They go when it ends; with `TMPDIR` set they are there, and pytest's stay.
"""

import asyncio
import email
import email.policy
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import psycopg
from psycopg import sql

from services.devstack import kafka, maildir, postgres, postgres_home, processes, stand_ins

KAFKA_VARIABLE = "ROELAND_TEST_KAFKA"
POSTGRES_VARIABLE = "ROELAND_TEST_POSTGRES"

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only folders of our own are made in it
ROOM: Final = 6 << 30
"""Bytes that must be free in memory: twice what a run was seen to need."""

T = TypeVar("T")


class Background:
    """An event loop in a thread of its own, that lives as long as the session.

    Fixtures use it to start and stop servers: their loop must not be the test's, and the thread that starts a program
    must outlive it (the kernel ends a program with the thread that started it).
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="stack", daemon=True).start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it to its end and give back what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


@contextmanager
def folder(prefix: str = "roeland-test-", *, where: Path | None = None) -> Iterator[Path]:
    """A folder that PostgreSQL's user may pass through too; pytest's own are closed to everyone but us."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
    path.chmod(0o711)
    try:
        yield path
    finally:
        postgres_home.remove(path / "postgres")
        shutil.rmtree(path, ignore_errors=True)


def memory() -> Path | None:
    """A folder in memory for what tests write, or None: too small, closed to programs, or `TMPDIR` says otherwise."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    found = os.statvfs(MEMORY)
    room = min(found.f_bavail * found.f_frsize, _memory_available())
    return MEMORY if room >= ROOM and not found.f_flag & os.ST_NOEXEC else None


@contextmanager
def kafka_server(background: Background) -> Iterator[str]:
    """Bootstrap of Kafka: the shared one, else one of our own."""
    if shared := os.environ.get(KAFKA_VARIABLE):
        yield shared
        return
    with folder() as path:
        server = background.run(kafka.start(path / "kafka", report=_say))
        try:
            yield server.bootstrap
        finally:
            background.run(server.stop())


@contextmanager
def postgres_server(background: Background) -> Iterator[str]:
    """URL of PostgreSQL for a role that may create databases: the shared one, else one of our own, without fsync."""
    if shared := os.environ.get(POSTGRES_VARIABLE):
        yield shared
        return
    with folder() as path:
        server = background.run(postgres.start(path / "postgres", durable=False, create_databases=True))
        try:
            yield server.url
        finally:
            background.run(server.stop())


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """URL of a migrated, empty database of its own; dropped afterwards.

    Its files are copied, 20 to 30 ms in memory: PostgreSQL's usual way, by its log, takes twice that.
    """
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        template = _migrated_template(server, server_url)
        copy = sql.SQL("create database {} template {} strategy file_copy")
        server.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield _with_database(server_url, name)
    finally:
        with psycopg.connect(server_url, autocommit=True) as server:
            drop_database(server, name)


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """URL of a database without tables; dropped afterwards."""
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        yield _with_database(server_url, name)
        drop_database(server, name)


def drop_database(server: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    """Whoever is in it."""
    try:
        server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:  # autovacuum is in it: only a drop without force sends it away
        server.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


class StandIn:
    """What the mail sink and the Twilio stand-in have in common: faults (docs/devstack.md)."""

    def __init__(self, control_url: str) -> None:
        self.control_url = control_url

    def faults(self, *rules: dict[str, Any]) -> None:
        """Put these rules in force instead of all that were."""
        self._control("PUT", "/faults", list(rules))

    def no_faults(self) -> None:
        """Take all rules away."""
        self._control("DELETE", "/faults")

    def _control(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self.control_url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise ValueError(json.load(refused)["error"]) from None


class Sink(StandIn):
    """A mail sink and what it received."""

    def __init__(self, server: stand_ins.MailSink) -> None:
        super().__init__(server.control_url)
        self.port, self.url, self.maildir = server.port, server.url, server.maildir

    def mails(self) -> list[EmailMessage]:
        """Every mail kept, oldest first, with its envelope in `Return-Path` and `Delivered-To`."""
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw()]

    def raw(self) -> list[bytes]:
        """Every mail kept, as its bytes."""
        return [path.read_bytes() for path in maildir.kept(self.maildir)]

    def clear(self) -> None:
        """Forget mails and faults."""
        self.no_faults()
        self._control("DELETE", "/mails")


class Twilio(StandIn):
    """A Twilio stand-in and what it holds."""

    def __init__(self, server: stand_ins.Twilio, file: Path) -> None:
        """`file`: a JSON line for each message, `created` to the microsecond, and one for each later change of it."""
        super().__init__(server.control_url)
        self.file = file
        self.port, self.url = server.port, server.url
        self.account_sid, self.auth_token = server.account_sid, server.auth_token

    def messages(self) -> list[dict[str, Any]]:
        """Every message held, newest first, as the API shows it."""
        found: list[dict[str, Any]] = self._control("GET", "/messages")
        return found

    def requests(self) -> list[tuple[str, str, dict[str, str]]]:
        """The last requests: method, what follows `Messages` in the address, parameters (`tests.twilio_requests`)."""
        found: list[list[Any]] = self._control("GET", "/requests")
        return [(method, rest, given) for method, rest, given in found]

    def clear(self) -> None:
        """Forget messages and faults."""
        self.no_faults()
        self._control("DELETE", "/messages")


class Sinch(StandIn):
    """A Sinch stand-in and what it holds."""

    def __init__(self, server: stand_ins.Sinch) -> None:
        super().__init__(server.control_url)
        self.port, self.url = server.port, server.url
        self.service_plan, self.api_token = server.service_plan, server.api_token

    def messages(self) -> list[dict[str, Any]]:
        """Every batch held, newest first, as the API shows it, with its status and code."""
        found: list[dict[str, Any]] = self._control("GET", "/messages")
        return found

    def clear(self) -> None:
        """Forget batches and faults."""
        self.no_faults()
        self._control("DELETE", "/messages")


@contextmanager
def mail_sink(background: Background) -> Iterator[Sink]:
    """A mail sink in a process of its own."""
    with folder() as path:
        server = background.run(stand_ins.start_mail_sink(path, log=path / "log"))
        try:
            yield Sink(server)
        finally:
            background.run(processes.stop(server.program))


@contextmanager
def twilio_stand_in(background: Background) -> Iterator[Twilio]:
    """A Twilio stand-in in a process of its own."""
    with folder() as path:
        server = background.run(stand_ins.start_twilio(path, log=path / "log", pause=0.1))
        try:
            yield Twilio(server, path / "messages.jsonl")
        finally:
            background.run(processes.stop(server.program))


@contextmanager
def sinch_stand_in(background: Background) -> Iterator[Sinch]:
    """A Sinch stand-in in a process of its own."""
    with folder() as path:
        server = background.run(stand_ins.start_sinch(path, log=path / "log", pause=0.1))
        try:
            yield Sinch(server)
        finally:
            background.run(processes.stop(server.program))


def _migrated_template(server: "psycopg.Connection[Any]", server_url: str) -> str:
    """A database at the newest revision, made once per state of the migrations and shared by every session."""
    from services.store import migrate

    files = sorted(path for path in migrate.MIGRATIONS.rglob("*") if path.suffix in {".py", ".sql"})
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
    name, half = f"template_{digest[:12]}", f"half_{digest[:12]}"
    server.execute("select pg_advisory_lock(hashtext('roeland test template'))")
    try:
        if server.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            return name
        server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(half)))
        server.execute(sql.SQL("create database {}").format(sql.Identifier(half)))
        migrate.migrate(_with_database(server_url, half))
        server.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(half), sql.Identifier(name)))
    finally:
        server.execute("select pg_advisory_unlock(hashtext('roeland test template'))")
    return name


def _memory_available() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)


def _with_database(server_url: str, name: str) -> str:
    return f"{server_url.rpartition('/')[0]}/{name}"


def _say(line: str) -> None:
    print(line, file=sys.stderr)


async def _main(command: list[str]) -> int:
    """Start both; run the command with their addresses in its environment, or wait to be told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    place = memory()
    with folder("roeland-test-stack-", where=place) as path:
        server, database = await asyncio.gather(
            kafka.start(path / "kafka", report=_say),
            postgres.start(path / "postgres", durable=False, create_databases=True),
        )
        addresses = {KAFKA_VARIABLE: server.bootstrap, POSTGRES_VARIABLE: database.url}
        inside = {"TMPDIR": str(path)} if place else {}
        try:
            return await (_run(command, addresses | inside, stop) if command else _wait(addresses, stop))
        finally:
            await asyncio.gather(server.stop(), database.stop())


async def _run(command: list[str], addresses: dict[str, str], stop: asyncio.Event) -> int:
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **addresses})
    ended, stopped = asyncio.ensure_future(process.wait()), asyncio.ensure_future(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        process.send_signal(signal.SIGINT)
    stopped.cancel()
    return await ended


async def _wait(addresses: dict[str, str], stop: asyncio.Event) -> int:
    for name, value in addresses.items():
        print(f"export {name}={value}", flush=True)
    await stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1:])))
