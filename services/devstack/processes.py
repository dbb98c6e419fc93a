"""Starting and ending programs so that none is ever left behind.

Three nets, each for when the one before it fails: a bounded stop (SIGTERM, then SIGKILL); the kernel's word that
a child is told when its parent dies (Linux); and a file with the process id and its start time, by which the next
start finds and ends what a crash left behind.
"""

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOG_LIMIT: Final = 20 * 1024 * 1024
"""A log larger than this, in bytes, is set aside as `<name>.log.1` when its program starts."""

_CHANCE: Final = random.SystemRandom()
_GIVEN_OUT: Final[set[int]] = set()
"""Free ports are chosen below 32768: above, the kernel takes them for connections at any moment (ip(7))."""

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class DevstackError(Exception):
    """Something on this machine cannot be started; the message says what and how to mend it."""


@dataclass(frozen=True)
class Program:
    """A running program and how it wants to be told to end."""

    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path
    pid_file: Path
    stop_signal: signal.Signals

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None


@dataclass(frozen=True)
class User:
    """A system user to run as: what `subprocess` needs of it."""

    uid: int
    gid: int


def start(
    name: str,
    argv: Sequence[str | Path],
    *,
    log: Path,
    pid_file: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: User | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Program:
    """Start a program with its output in `log`; what a crash left of an earlier one is ended first.

    It gets a session of its own, so that Ctrl-C in the terminal reaches only us, who stop things in order.
    """
    end_leftover(pid_file, stop_signal)
    log.parent.mkdir(parents=True, exist_ok=True)
    _rotate(log)
    with log.open("ab") as output:
        popen = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None, cwd=cwd,
            start_new_session=True,
            user=user.uid if user else None, group=user.gid if user else None, extra_groups=[] if user else None,
            # It only calls prctl; `user=` has been applied by then, which would otherwise clear the signal again.
            preexec_fn=_die_with_parent(stop_signal),  # noqa: PLW1509
        )  # fmt: skip
    pid_file.write_text(f"{popen.pid} {_started_at(popen.pid)}\n")
    return Program(name, popen, log, pid_file, stop_signal)


async def ended(program: Program, *, within: float) -> int | None:
    """Wait for a program that ends by itself; its exit code, or None when it had to be killed."""
    obeyed = await _signal_and_wait(program, None, within)
    await stop(program, within=1)
    return program.popen.returncode if obeyed else None


async def stop(program: Program, *, within: float = 10.0) -> bool:
    """End a program; True when it ended by itself `within` seconds, False when it had to be killed."""
    obeyed = await _signal_and_wait(program, program.stop_signal, within)
    if not obeyed:
        await _signal_and_wait(program, signal.SIGKILL, 5.0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.popen.pid, signal.SIGKILL)  # children that outlived it
    program.pid_file.unlink(missing_ok=True)
    return obeyed


def end_leftover(pid_file: Path, number: signal.Signals = signal.SIGTERM) -> None:
    """End the program that `pid_file` names, if it is still that very one (same start time); killed after 5 s."""
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
        pid, started_at = pid_file.read_text().split()
        deadline = time.monotonic() + 5
        os.kill(int(pid), number if _started_at(int(pid)) == started_at else 0)
        while _started_at(int(pid)) == started_at:
            if time.monotonic() > deadline:
                os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.02)
    pid_file.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether there is such a process (a zombie is none)."""
    return _started_at(pid) != ""


def free_port(preferred: int | None = None, *, no_other: bool = False) -> int:
    """`preferred` if nobody listens there on 127.0.0.1, else a port that is free now and was not given out before.

    With `no_other` (a restart, whose clients know the port) raises `DevstackError` instead of choosing another.
    """
    others = [] if no_other else [_CHANCE.randrange(20_000, 32_768) for _ in range(100)]
    for port in [preferred, *others]:
        if port and (port == preferred or port not in _GIVEN_OUT) and is_free(port):
            _GIVEN_OUT.add(port)
            return port
    raise DevstackError(f"port {preferred} on 127.0.0.1 is taken")


def is_free(port: int) -> bool:
    """Whether nobody listens at this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


async def _signal_and_wait(program: Program, number: signal.Signals | None, within: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    if program.running and number is not None:
        program.popen.send_signal(number)
    while program.running and loop.time() < deadline:  # noqa: ASYNC110  (Popen belongs to no loop, on purpose)
        await asyncio.sleep(0.02)
    return not program.running


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What the child does between fork and exec: ask for `number` when the thread that started it ends."""
    if _LIBC is None:
        return None
    prctl, parent = _LIBC.prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask


def _started_at(pid: int) -> str:
    """Start time in clock ticks since boot, field 22 of proc(5); empty when it is gone, a zombie, or without /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))
