"""A service as a process that a test kills, freezes, thaws and stops; its handle outlives its lives."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.devstack import processes
from services.devstack.processes import Program as Process

HERE = Path(__file__).parents[2]
READY_WITHIN = 60.0
"""Seconds; it takes one or two on a quiet machine."""
STOPPED_WITHIN = 10.0
"""Seconds: the contract's, after SIGTERM."""


@dataclass
class Program:
    """One service. `start` may be called again after it ended: the handle then stands for its next life."""

    service: str
    name: str
    env: Mapping[str, str]
    folder: Path
    code: Path = HERE
    lives: int = 0
    wanted: bool = False
    """Whether it should run: what a supervisor restarts. False once it was stopped, or killed for good."""
    process: Process = field(init=False, repr=False)
    health: str = field(init=False)

    def start(self) -> None:
        """Start it, and return at once."""
        self.lives += 1
        self.wanted = True
        self.health = f"127.0.0.1:{processes.free_port()}"
        env = {**os.environ, **self.env, "ROELAND_HEALTH_ADDRESS": self.health}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [self.env.get("PYTHONPATH"), str(self.code)]))
        self.process = processes.start(
            self.name,
            [sys.executable, "-m", f"services.{self.service}"],
            log=self.folder / f"{self.name}.{self.lives}.log",
            pid_file=self.folder / f"{self.name}.pid",
            env=env,
            cwd=self.folder,
        )

    def wait_ready(self, seconds: float = READY_WITHIN) -> None:
        """Return once /readyz is 200; blocks, as nothing else happens in a test meanwhile."""
        deadline = time.monotonic() + seconds
        while not self.ready():
            assert self.running, f"{self.name} ended with {self.process.popen.returncode}:\n{self.tail()}"
            assert time.monotonic() < deadline, f"{self.name} is not ready after {seconds} s:\n{self.tail()}"
            time.sleep(0.05)

    def ready(self) -> bool:
        """Whether /readyz is 200 now."""
        try:
            with urllib.request.urlopen(f"http://{self.health}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:  # urllib's 503 too
            return False

    def missing(self) -> dict[str, str]:
        """What /readyz says is missing; {} when it is ready."""
        try:
            with urllib.request.urlopen(f"http://{self.health}/readyz", timeout=2) as answer:
                return dict(json.load(answer)["missing"])
        except urllib.error.HTTPError as unready:
            return dict(json.load(unready)["missing"])

    @property
    def running(self) -> bool:
        """Whether its latest life goes on."""
        return self.lives > 0 and self.process.running

    @property
    def pid(self) -> int:
        """Process id of its latest life."""
        return self.process.popen.pid

    def kill(self) -> None:
        """kill -9, and wait until it is gone. A supervisor starts it again."""
        self.process.popen.kill()
        self.process.popen.wait()

    def freeze(self) -> None:
        """SIGSTOP: it lives, and does nothing."""
        self.process.popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.popen.send_signal(signal.SIGCONT)

    def stop(self) -> tuple[int, float]:
        """SIGTERM: its exit code, and the seconds it took. Killed, and code -9, when it takes twice what it may."""
        self.wanted = False
        began = time.monotonic()
        self.process.popen.terminate()
        try:
            self.process.popen.wait(2 * STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.process.popen.returncode, time.monotonic() - began

    def end(self) -> None:
        """Leave nothing running, whatever state it is in."""
        self.wanted = False
        if self.running:
            self.kill()
        if self.lives:
            self.process.pid_file.unlink(missing_ok=True)

    def resident(self, *, peak: bool = False) -> int:
        """Resident memory in kB, now or at its highest in this life (proc(5))."""
        wanted = "VmHWM:" if peak else "VmRSS:"
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(wanted)), 0)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, in all its lives."""
        found = []
        for life in range(1, self.lives + 1):
            for line in (self.folder / f"{self.name}.{life}.log").read_text(errors="replace").splitlines():
                if line.startswith("{"):
                    found.append(json.loads(line))
        return found

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of this event, of all its lives."""
        return [line for line in self.lines() if line.get("event") == event]

    def tail(self, lines: int = 15) -> str:
        """The end of the log of its latest life."""
        return processes.tail(self.process.log, lines) if self.lives else "(never started)"
