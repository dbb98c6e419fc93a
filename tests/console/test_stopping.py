"""A console that is stopped while people watch."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from services.console.access import COOKIE
from services.console.tokens import new_token
from services.devstack.processes import free_port
from services.store import sessions
from services.store.users import save_user
from tests.console.watching import Reading
from tests.store.world import connect

pytestmark = pytest.mark.stack


async def test_sigterm_ends_the_streams_and_the_process_within_a_second(
    settings_env: dict[str, str], database_url: str
) -> None:
    """A stream has no end of its own: an update of the console must not wait for forty open pages."""
    token = new_token()
    async with await connect(database_url) as connection:
        user = await save_user(connection, "an@ccvo.example", ["author"])
        await sessions.begin(connection, user.id, token, "password")
    address = f"127.0.0.1:{free_port()}"
    env = {**os.environ, **settings_env, "ROELAND_CONSOLE_ADDRESS": address}
    process = start(env)
    try:
        await until_it_answers(f"http://{address}/static/bell.svg")
        reading = Reading(f"http://{address}/live/board", {"cookie": f"{COOKIE}={token}"})
        await asyncio.to_thread(reading.next, "board")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 5) == 0
        assert time.monotonic() - began < 1.5
        assert reading.over.wait(1)
        assert reading.lines[-1] == "", "cut off in the middle of an event"
    finally:
        process.kill()
        process.wait()


def start(env: dict[str, str]) -> "subprocess.Popen[bytes]":
    """A console as a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "services.console"], env=env, stderr=subprocess.DEVNULL)


async def until_it_answers(url: str) -> None:
    """For 20 seconds at most."""
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.2)
            else:
                return
    raise AssertionError("the console did not start")
