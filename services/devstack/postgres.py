"""One PostgreSQL on this machine, from the binaries of a wheel, driven by our own code.

The wheel's own Python code would trust everyone on its socket and open folders to the world. Here only 127.0.0.1
listens, and only passwords open it. The role `roeland`, which the program uses, owns its database and nothing else.
"""

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from services.devstack import postgres_home, processes
from services.devstack.processes import DevstackError, Program, User

START_WITHIN: Final = 60.0
"""Seconds. Nearly always under one; after kill -9 it first replays its log."""

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # DETAIL would put addresses of people in the log
    "log_min_error_statement": "panic",  # and so would the statement
}
HASTE: Final = {"max_connections": "600", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL that answers."""

    url: str
    """For the program: role `roeland`, not a superuser, owner of database `roeland`."""
    admin_url: str
    """Superuser, database `postgres`."""
    port: int
    program: Program
    seconds: float

    async def stop(self) -> None:
        """Fast shutdown: sessions are ended, what is committed is kept; killed after 15 s."""
        await processes.stop(self.program, within=15)


async def start(
    data: Path,
    *,
    port: int | None = None,
    same_port: bool = False,
    log: Path | None = None,
    durable: bool = True,
    create_databases: bool = False,
) -> Postgres:
    """Start PostgreSQL with its data in `data`, made at the first start, and return once it answers.

    `port`: that one, or a free one when it is taken or None; with `same_port` no other will do. `durable=False` (tests)
    gives up safety against power cuts for speed. `create_databases` lets `roeland` do that (tests). Raises
    `DevstackError` with the end of its log.
    """
    began = time.monotonic()
    log, pid_file = log or data / "postgres.log", data / "postgres.pid"
    processes.end_leftover(pid_file, signal.SIGINT)
    user = postgres_home.server_user()
    home = postgres_home.home(data, user)
    bin_ = postgres_home.binaries(home, user)
    passwords = _passwords(data)
    await asyncio.to_thread(_initialise, home, bin_, user, passwords["postgres"])
    (home / "cluster" / "postmaster.pid").unlink(missing_ok=True)  # stale: ours was ended above; its pid may be reused
    port = processes.free_port(port, no_other=same_port)
    program = processes.start(
        "postgres", _argv(bin_, home, port, durable=durable),
        log=log, pid_file=pid_file, env=_env(), cwd=home, user=user, stop_signal=signal.SIGINT,
    )  # fmt: skip
    admin_url = f"postgresql://postgres:{passwords['postgres']}@127.0.0.1:{port}/postgres"
    try:
        await _make_roeland(admin_url, program, passwords["roeland"], create_databases=create_databases)
    except BaseException:
        await processes.stop(program, within=2)
        raise
    url = f"postgresql://roeland:{passwords['roeland']}@127.0.0.1:{port}/roeland"
    return Postgres(url, admin_url, port, program, time.monotonic() - began)


def _passwords(data: Path) -> dict[str, str]:
    """Random, made once, in a file that only its owner can read."""
    file = data / "passwords.json"
    if not file.exists():
        new = file.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
            json.dump({role: secrets.token_urlsafe(24) for role in ("postgres", "roeland")}, out)
        new.rename(file)
    return dict(json.loads(file.read_text()))


def _initialise(home: Path, bin_: Path, user: User | None, password: str) -> None:
    """Make the cluster, once; moved into place when it is whole, so that a crash half-way is as if never begun."""
    if (home / "cluster").exists():
        return
    shutil.rmtree(home / "new", ignore_errors=True)
    password_file = home / "password"
    password_file.unlink(missing_ok=True)
    with os.fdopen(os.open(password_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(password)
    if user:
        os.chown(password_file, user.uid, user.gid)
    argv = [
        str(bin_ / "initdb"), f"--pgdata={home / 'new'}", "--username=postgres", f"--pwfile={password_file}",
        "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]  # fmt: skip
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=_env(), cwd=home,
        user=user.uid if user else None, group=user.gid if user else None, extra_groups=[] if user else None,
    )  # fmt: skip
    password_file.unlink()
    if done.returncode != 0:
        raise DevstackError(f"PostgreSQL's cluster cannot be made in {home}:\n{done.stderr or done.stdout}")
    (home / "new").rename(home / "cluster")


def _env() -> dict[str, str]:
    """Nothing of the caller's: PGHOST and its like would mislead."""
    return {"LC_ALL": "C", "PATH": os.defpath}


def _argv(bin_: Path, home: Path, port: int, *, durable: bool) -> list[str | Path]:
    settings = {**SETTINGS, **({} if durable else HASTE), "port": str(port)}
    return [bin_ / "postgres", "-D", home / "cluster", *(f"--{name}={value}" for name, value in settings.items())]


async def _make_roeland(admin_url: str, program: Program, password: str, *, create_databases: bool) -> None:
    """Wait for the server; then the role and its database, where they are not there yet."""
    async with await _connect(admin_url, program) as admin:
        if not await (await admin.execute("select 1 from pg_roles where rolname = 'roeland'")).fetchone():
            await admin.execute(sql.SQL("create role roeland login password {}").format(sql.Literal(password)))
        if create_databases:
            await admin.execute("alter role roeland createdb")
        if not await (await admin.execute("select 1 from pg_database where datname = 'roeland'")).fetchone():
            await admin.execute("create database roeland owner roeland")


async def _connect(admin_url: str, program: Program) -> psycopg.AsyncConnection[tuple[object, ...]]:
    deadline = time.monotonic() + START_WITHIN
    while program.running and time.monotonic() < deadline:
        try:
            return await psycopg.AsyncConnection.connect(admin_url, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError:
            await asyncio.sleep(0.05)
    what = "did not answer in time" if program.running else f"ended with {program.popen.returncode}"
    raise DevstackError(f"PostgreSQL {what}; the end of {program.log}:\n{processes.tail(program.log)}")
