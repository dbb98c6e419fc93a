"""The real services as processes, on a Kafka and a PostgreSQL of the benchmark's own, driven by the real commands."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import psycopg
from psycopg import sql

from services.devstack import jars, kafka, postgres, processes, stand_ins
from services.devstack.processes import Program
from services.devstack.up import SERVICES
from tests import stack
from tests.benchmarks.judgement import FailedRun
from tests.benchmarks.meters import cpu_seconds, own_cpu_seconds, peak_megabytes
from tests.benchmarks.relays import Relay, SlowRelay, SmtpSink, start_slow_relay, start_smtp_sink

AUTHOR, APPROVER = "author@bench.example", "approver@bench.example"
TEMPLATES: Final = Path(__file__).parent / "templates"
STOP_WITHIN: Final = 12.0

R = TypeVar("R", bound=Relay)


@dataclass(frozen=True)
class Servers:
    """Kafka and PostgreSQL, both with their data on disk; PostgreSQL flushes every commit, as in production."""

    folder: Path
    background: stack.Background
    kafka: kafka.Kafka
    postgres: postgres.Postgres

    def versions(self) -> dict[str, str]:
        """What runs."""
        with psycopg.connect(self.postgres.admin_url) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return {"postgresql": str(row[0]) if row else "unknown", "kafka": jars.VERSION}


@contextmanager
def servers(*, keep: bool = False) -> Iterator[Servers]:
    """Start both in a folder of their own; end them and remove it on leaving, unless it is to be kept."""
    background = stack.Background()
    with _folder(keep=keep) as folder:
        running: list[kafka.Kafka | postgres.Postgres] = []
        try:
            running.append(background.run(kafka.start(folder / "kafka", report=say)))
            running.append(background.run(postgres.start(folder / "postgres", durable=True, create_databases=True)))
            yield Servers(folder, background, *running)  # type: ignore[arg-type]
        finally:
            for server in reversed(running):
                background.run(server.stop())


@dataclass
class Deployment:
    """Roeland on a database and topics of its own."""

    servers: Servers
    folder: Path
    database_url: str
    env: dict[str, str]
    twilio: stand_ins.Twilio
    programs: dict[str, Program] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)
    relays: list[Relay] = field(default_factory=list)
    _written: int = 0

    def start(self, service: str, relay: Relay | None = None, *, number: int = 1, **env: str) -> None:
        """Start a service, the `number`th of its kind, and wait until it is ready. `relay`: where its mails go."""
        name, port = f"{service}-{number}" if number > 1 else service, processes.free_port()
        smtp = {"ROELAND_SMTP_URL": f"smtp://127.0.0.1:{relay.port}"} if relay else {}
        whole = {**self.env, **smtp, **env, "ROELAND_HEALTH_ADDRESS": f"127.0.0.1:{port}"}
        profile = whole.pop("BENCH_PROFILE", "")
        argv = [sys.executable, *(["-m", "cProfile", "-o", profile] if profile else []), "-m", f"services.{service}"]

        async def begin() -> Program:
            program = processes.start(
                name, argv, env=whole, cwd=self.folder, log=self.folder / f"{name}.log",
                pid_file=self.folder / f"{name}.pid",
            )  # fmt: skip
            await stand_ins.answers(program, f"http://127.0.0.1:{port}/readyz", within=90)
            return program

        self.programs[name] = self.servers.background.run(begin())
        self.health[name] = f"127.0.0.1:{port}"

    def stop(self, *names: str) -> None:
        """Stop these services, all when none is named."""
        for name in names or reversed(list(self.programs)):
            program = self.programs.pop(name)
            if not self.servers.background.run(processes.stop(program, within=STOP_WITHIN)):
                say(f"{name} did not stop within {STOP_WITHIN:g} s and was killed")

    def smtp_sink(self) -> SmtpSink:
        """A fresh smtp-sink, ended with the deployment. Raises `NotHere`."""
        return self._keep(start_smtp_sink(self.folder, self.servers.background))

    def slow_relay(self, delay: float = 0.0) -> SlowRelay:
        """A relay of our own, ended with the deployment, that answers each command after `delay` seconds."""
        return self._keep(start_slow_relay(self.folder, self.servers.background, delay=delay))

    def run(self, *arguments: str, as_: str | None = None, seconds: float = 120) -> Any:
        """What `roeland … --json` prints. Raises `FailedRun` when it is refused."""
        argv = [sys.executable, "-m", "services.admin", *arguments, "--json", *(["--as", as_] if as_ else [])]
        ended = subprocess.run(
            argv, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=seconds, check=False
        )
        if ended.returncode != 0:
            raise FailedRun(f"roeland {' '.join(arguments[:2])}: {(ended.stdout + ended.stderr).strip()[-400:]}")
        return json.loads(ended.stdout)

    def submit(self, message: Mapping[str, Any], *, seconds: float = 600) -> str:
        """Submit a message; its id once it is proofed, however long that takes."""
        self._written += 1
        file = self.folder / f"message-{self._written}.json"
        file.write_text(json.dumps(message))
        answer = self.run("message", "submit", str(file), "--again", as_=AUTHOR)
        deadline, status = time.monotonic() + seconds, answer
        while status["state"] == "submitted" and time.monotonic() < deadline:
            time.sleep(0.5)
            status = self.status(answer["id"])
        if status["state"] != "proofed":
            raise FailedRun(f"the message is {status['state']}, not proofed")
        return str(answer["id"])

    def approve(self, message_id: str) -> None:
        """Approve a message: it is released at once."""
        self.run("message", "approve", message_id, as_=APPROVER)

    def status(self, message_id: str) -> dict[str, Any]:
        """`roeland message status`."""
        found: dict[str, Any] = self.run("message", "status", message_id)
        return found

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection of the benchmark's own, in autocommit."""
        return psycopg.connect(self.database_url, autocommit=True)

    def until_done(self, message_id: str, *, seconds: float = 3600, look_every: float = 0.05) -> None:
        """Return as soon as nothing of the message is open; that costs PostgreSQL one look at a small index."""
        deadline = time.monotonic() + seconds
        with self.connect() as connection:
            while (connection.execute(_OPEN, (message_id,)).fetchone() or (True,))[0]:
                if time.monotonic() > deadline:
                    raise FailedRun(f"not done after {seconds:.0f} s: {self.status(message_id)}")
                self._all_run()
                time.sleep(look_every)

    def texts(self) -> int:
        """How many messages Twilio's stand-in holds."""
        return len(self._moments())

    def asked_at(self, text: str) -> list[datetime]:
        """When the requests came in to send such messages, the first first."""
        return sorted(datetime.fromisoformat(at) for body, at in self._moments() if body == text)

    def _moments(self) -> list[tuple[str, str]]:
        with urllib.request.urlopen(f"{self.twilio.control_url}/moments", timeout=60) as answer:
            found: list[tuple[str, str]] = json.load(answer)
            return found

    def twilio_faults(self, *rules: Mapping[str, Any]) -> None:
        """Put these faults in force at Twilio's stand-in (docs/devstack.md)."""
        url, body = f"{self.twilio.control_url}/faults", json.dumps(rules).encode()
        urllib.request.urlopen(urllib.request.Request(url, method="PUT", data=body), timeout=10).close()

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far: each service, PostgreSQL whole, Kafka, the stand-ins, and the benchmark itself."""
        return {
            **{name: cpu_seconds(program.popen.pid) for name, program in self.programs.items()},
            "sink": sum(cpu_seconds(relay.program.popen.pid) for relay in self.relays),
            "postgresql": cpu_seconds(self.servers.postgres.program.popen.pid),
            "kafka": cpu_seconds(self.servers.kafka.program.popen.pid),
            "twilio": cpu_seconds(self.twilio.program.popen.pid),
            "benchmark": own_cpu_seconds(os.getpid()),
        }

    def memory(self) -> dict[str, float]:
        """Peak memory of each service in MB."""
        return {name: peak_megabytes(program.popen.pid) for name, program in self.programs.items()}

    def _keep(self, relay: R) -> R:
        self.relays.append(relay)
        return relay

    def _all_run(self) -> None:
        for name, program in self.programs.items():
            if not program.running:
                raise FailedRun(f"{name} ended with {program.popen.returncode}: {processes.tail(program.log, 5)}")


@contextmanager
def deployment(servers: Servers, name: str, **env: str) -> Iterator[Deployment]:
    """A database, topics and users of its own, and Twilio's stand-in; the services are yet to be started.

    Leaving it ends all that was started for it, and drops the database.
    """
    prefix = f"{name}-{uuid4().hex[:6]}"
    folder = servers.folder / prefix
    folder.mkdir()
    with psycopg.connect(servers.postgres.url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(prefix)))
    twilio = servers.background.run(stand_ins.start_twilio(folder / "twilio", log=folder / "twilio.log"))
    public = f"127.0.0.1:{processes.free_port()}"
    settings = {
        "ROELAND_KAFKA_BOOTSTRAP": servers.kafka.bootstrap, "ROELAND_KAFKA_TOPIC_PREFIX": f"{prefix}.",
        "ROELAND_DATABASE_URL": f"{servers.postgres.url.rpartition('/')[0]}/{prefix}",
        "ROELAND_DATA_DIR": str(folder), "ROELAND_MAIL_FROM": "roeland@ccvo.example", "ROELAND_SMTP_CONNECTIONS": "20",
        "ROELAND_TWILIO_ACCOUNT_SID": twilio.account_sid, "ROELAND_TWILIO_AUTH_TOKEN": twilio.auth_token,
        "ROELAND_TWILIO_BASE_URL": twilio.url, "ROELAND_TWILIO_FROM": stand_ins.FROM, "ROELAND_SMS_PER_SECOND": "0",
        "ROELAND_PUBLIC_ADDRESS": public, "ROELAND_TEMPLATES_DIR": str(TEMPLATES), "NO_COLOR": "1",
        "ROELAND_TAKE_BACK_SECONDS": "0",
    }  # fmt: skip
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ROELAND_")}
    made = Deployment(servers, folder, settings["ROELAND_DATABASE_URL"], {**ours, **settings, **env}, twilio)
    try:
        made.run("db", "migrate")
        made.run("topics", "create")
        for user, role in ((AUTHOR, "author"), (APPROVER, "approver")):
            made.run("users", "add", user, "--role", role)
        yield made
    finally:
        made.stop()
        for program in (twilio.program, *(relay.program for relay in made.relays)):
            servers.background.run(processes.stop(program))
        with psycopg.connect(servers.postgres.url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(prefix)))


def start_all(made: Deployment, relay: Relay, services: Sequence[str] = SERVICES, **mail_env: str) -> None:
    """Start the services, mail with its relay and settings."""
    for service in services:
        made.start(service, relay if service == "mail" else None, **(mail_env if service == "mail" else {}))


def say(line: str) -> None:
    """Tell whoever watches."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    if not keep:
        with stack.folder("roeland-bench-") as folder:
            yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="roeland-bench-"))
    folder.chmod(0o711)
    yield folder
    say(f"kept: {folder}")


_OPEN: Final = """
SELECT EXISTS (
    SELECT FROM batch b JOIN message m ON m.number = b.message
    WHERE m.id = %s AND b.planned + b.deferred + b.claimed > 0
)"""
