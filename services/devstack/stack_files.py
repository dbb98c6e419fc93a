"""What a running stack leaves in its data folder for others to read: the lock, `stack.env` and `stack.json`."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.devstack.processes import DevstackError
from services.runtime.settings import STACK_FILE

DESCRIPTION = "stack.json"


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the data folder; made, closed to others, when it is not there. Raises `DevstackError` when another holds it.

    Its mode lets others pass through, not look, when we are root: PostgreSQL then runs as a user of its own.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o711 if os.getuid() == 0 else 0o700)
    with (data / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            who = lock.read().strip() or "unknown"
            raise DevstackError(f"a stack runs on {data} already (process {who}); stop that one first") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        forget(data)  # what a crash left would be taken for settings that someone gave
        try:
            yield
        finally:
            forget(data)
            lock.truncate(0)


def write(data: Path, env: Mapping[str, str], description: Mapping[str, Any]) -> None:
    """Write both files, whole or not at all, readable by us alone: they hold passwords."""
    _replace(data / STACK_FILE, "".join(f"{name}={value}\n" for name, value in env.items()))
    _replace(data / DESCRIPTION, json.dumps(description, indent=2) + "\n")


def forget(data: Path) -> None:
    """Take both files away."""
    for name in (STACK_FILE, DESCRIPTION):
        (data / name).unlink(missing_ok=True)


def _replace(file: Path, text: str) -> None:
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(text)
    new.replace(file)
