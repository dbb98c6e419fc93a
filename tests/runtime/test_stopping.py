"""SIGTERM ends a service within ten seconds, whatever it waits for: who restarts it must not have to kill it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack

DEAF = """
import asyncio
from services.runtime import service
service.GRACE_SECONDS, service.LAST_SECONDS, service.LIMIT_SECONDS = 0.2, 0.2, 0.8

async def start(running):
    print("started", flush=True)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

service.run("deaf", start, needs=("postgres",))
"""


def test_a_service_that_cannot_let_go_is_ended(database_url: str, tmp_path: Path) -> None:
    """A query to a PostgreSQL that hangs cannot be cancelled in time; one line says that it was not waited for."""
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "ROELAND_DATABASE_URL": database_url, "ROELAND_DATA_DIR": str(tmp_path), "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, "-c", DEAF], env=env, stdout=-1, stderr=-1, text=True, cwd=tmp_path) as deaf:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == "started\n"
        began = time.monotonic()
        deaf.terminate()
        _, log = deaf.communicate(timeout=10)
    assert deaf.returncode == 1
    assert time.monotonic() - began < 5
    assert "not_stopped_in_time" in log.splitlines()[-1]
    assert "Traceback" not in log


def test_sigterm_while_a_service_still_loads_ends_it_well() -> None:
    """A deployment that changes its mind at once: nothing is in hand, and no supervisor sees a failure."""
    program = subprocess.Popen([sys.executable, "-X", "importtime", "-m", "services.mail"], stderr=subprocess.PIPE)
    assert program.stderr
    while b"services.runtime" not in program.stderr.readline():  # in the middle of it
        pass
    program.terminate()
    program.communicate()
    assert program.returncode == 0
