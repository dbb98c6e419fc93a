"""Where the mails go, and what they are compared with: smtp-sink, smtp-source, and a relay of our own that is slow."""

import os
import pwd
import re
import smtplib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from services.devstack import processes
from services.devstack.processes import Program
from tests.benchmarks.judgement import FailedRun
from tests.benchmarks.postfix import postfix
from tests.stack import Background

CONNECTIONS: Final = 20
FROM, TO = "source@bench.example", "target@bench.example"
_COUNTED: Final = re.compile(rb"mesg=(\d+)")


class Relay(Protocol):
    """A process that takes mails and counts them."""

    port: int
    program: Program

    def mails(self) -> int:
        """How many it has taken since it was started."""
        ...


@dataclass(frozen=True)
class SmtpSink:
    """Postfix's smtp-sink, counting (`-c`): it writes its counters before it answers a mail's end."""

    port: int
    program: Program

    def mails(self) -> int:
        """How many it has taken: the last counter that it wrote."""
        with self.program.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 400))
            counted = _COUNTED.findall(log.read())
        return int(counted[-1]) if counted else 0


@dataclass(frozen=True)
class SlowRelay:
    """Our own relay (slow_relay.py), which can also say how many bytes it took."""

    port: int
    program: Program

    def mails(self) -> int:
        """How many it has taken."""
        return self.counted()[0]

    def counted(self) -> tuple[int, int]:
        """Mails and their bytes."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            _, said = client.docmd("XCOUNT")
        mails, size = said.split()
        return int(mails), int(size)


def start_smtp_sink(folder: Path, background: Background) -> SmtpSink:
    """A fresh smtp-sink; ended with us. Raises `NotHere`."""
    found, port = postfix(), processes.free_port()
    drop = ["-u", "nobody"] if os.geteuid() == 0 and found.fetched else []  # it may lie where only root can read
    argv = [found.sink, "-4", "-c", *drop, f"127.0.0.1:{port}", "1024"]
    user = None if drop else _unprivileged()
    return SmtpSink(port, _started(f"smtp-sink-{port}", argv, folder, port, background, env=found.env, user=user))


def _unprivileged() -> processes.User | None:
    """smtp-sink will not run as root. Its own `-u` makes it outlive us when we crash: setuid(2) undoes prctl(2)."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return processes.User(entry.pw_uid, entry.pw_gid)


def start_slow_relay(folder: Path, background: Background, *, delay: float = 0.0) -> SlowRelay:
    """A relay that answers each command after `delay` seconds."""
    port = processes.free_port()
    argv = [sys.executable, "-m", "tests.benchmarks.slow_relay", "--port", str(port), "--delay", str(delay)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return SlowRelay(port, _started(f"slow-relay-{port}", argv, folder, port, background, env=env))


def smtp_source(relay: Relay, mails: int, size: int) -> float:
    """Mails per second of `smtp-source -s 20 -d`. Raises `FailedRun` when the sink did not get them all."""
    found, before = postfix(), relay.mails()
    argv = [found.source, "-4", "-s", CONNECTIONS, "-d", "-l", size, "-m", mails, "-f", FROM, "-t", TO]
    began = time.monotonic()
    done = subprocess.run(
        [*map(str, argv), f"127.0.0.1:{relay.port}"], env=found.env, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - began
    if done.returncode != 0 or relay.mails() - before != mails:
        raise FailedRun(f"smtp-source: {relay.mails() - before} of {mails} arrived; {done.stderr.strip()[-200:]}")
    return mails / seconds


def length_for(scale: SlowRelay, size: int) -> int:
    """What to give `smtp-source -l` so that its mails have `size` bytes, its own headers included."""
    mails, before = scale.counted()
    smtp_source(scale, 20, 1000)
    after_mails, after = scale.counted()
    return size - ((after - before) // (after_mails - mails) - 1000)


def _started(
    name: str,
    argv: list[object],
    folder: Path,
    port: int,
    background: Background,
    *,
    env: dict[str, str],
    user: processes.User | None = None,
) -> Program:
    async def start() -> Program:
        return processes.start(
            name, list(map(str, argv)), log=folder / f"{name}.log", pid_file=folder / f"{name}.pid", env=env, user=user
        )

    program, deadline = background.run(start()), time.monotonic() + 20
    while processes.is_free(port):
        if not program.running or time.monotonic() > deadline:
            raise FailedRun(f"{name} does not run: {processes.tail(program.log)}")
        time.sleep(0.02)
    return program
