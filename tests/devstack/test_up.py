"""`roeland up`: it starts what is not given, keeps it running, and leaves nothing behind, however it ends."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from dotenv import dotenv_values

from services.devstack import processes
from services.devstack.processes import DevstackError
from services.devstack.up import stack
from tests.stack import folder

pytestmark = [pytest.mark.stack, pytest.mark.long]

UP = "import asyncio; from services.devstack.up import up; asyncio.run(up(report=print, services=()))"


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder, and no setting that names a server."""
    for name in [name for name in os.environ if name.startswith("ROELAND_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    with folder() as path:
        monkeypatch.chdir(path)  # away from anyone's .env
        monkeypatch.setenv("ROELAND_DATA_DIR", str(path / "data"))
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        yield path / "data"


@pytest.fixture
def given(data: Path, settings_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kafka and PostgreSQL are given, so that only the stand-ins are ours to start."""
    for name, value in settings_env.items():
        if name != "ROELAND_DATA_DIR":
            monkeypatch.setenv(name, value)
    return data


async def test_the_servers_come_up_and_everything_goes_away_again(data: Path) -> None:
    """A second terminal finds all in `stack.env`, which only we can read; at the end no process is left."""
    async with stack(services=(), prepare=False) as running:
        env = dotenv_values(data / "stack.env")
        assert env == running.env
        assert stat.S_IMODE((data / "stack.env").stat().st_mode) == 0o600
        assert _listens(str(env["ROELAND_KAFKA_BOOTSTRAP"]))
        async with await psycopg.AsyncConnection.connect(str(env["ROELAND_DATABASE_URL"])) as connection:
            await connection.execute("create table kept (x int)")
        pids = _programs(data)
        assert set(pids) == {"kafka", "postgres", "mailsink", "twilio"}
    assert not [name for name, pid in pids.items() if processes.alive(pid)]
    assert not (data / "stack.env").exists()
    async with (
        stack(services=(), prepare=False) as running,
        await psycopg.AsyncConnection.connect(running.env["ROELAND_DATABASE_URL"]) as connection,
    ):
        await connection.execute("select x from kept")


async def test_what_is_given_is_not_started_but_is_made_ready(given: Path, topic_prefix: str, kafka: str) -> None:
    """Settings that name a Kafka and a PostgreSQL are used as they are; topics and tables are made there."""
    async with stack(services=()) as running:
        assert set(_programs(given)) == {"mailsink", "twilio"}
        assert "ROELAND_KAFKA_BOOTSTRAP" not in running.env
        assert "ROELAND_DATABASE_URL" not in running.env
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        assert f"{topic_prefix}messages" in await admin.list_topics()
        await admin.close()


async def test_a_rate_that_is_given_holds(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries how a slow provider feels has its rate: the stand-in once came with one of its own."""
    rates = {"ROELAND_SMS_PER_SECOND": "10", "ROELAND_SMTP_PER_SECOND": "5"}
    for name, rate in rates.items():
        monkeypatch.setenv(name, rate)
    async with stack(services=(), prepare=False) as running:
        assert {name: running.environment[name] for name in rates} == rates


async def test_a_second_one_on_the_same_folder_is_refused(given: Path) -> None:
    """Two stacks on one folder would ruin its data; the message says what to do."""
    async with stack(services=(), prepare=False):
        with pytest.raises(DevstackError, match=f"process {os.getpid()}.*stop that one"):
            async with stack(services=(), prepare=False):
                pass
        assert (given / "stack.env").exists()
    async with stack(services=(), prepare=False):
        pass


async def test_what_crashes_is_started_again_on_the_same_port_and_reported(given: Path) -> None:
    """Nobody watches at night: a crash costs a second, and the log of the stack tells of it."""
    told: list[str] = []
    async with stack(services=(), prepare=False, report=told.append) as running:
        before = _programs(given)["mailsink"]
        os.kill(before, signal.SIGKILL)
        await _until(lambda: _programs(given)["mailsink"] != before)
        assert _listens(running.env["ROELAND_SMTP_URL"].removeprefix("smtp://"))
    assert [line for line in told if "mailsink ended with -9" in line]
    assert "mailsink runs again" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_however_it_ends_nothing_is_left_running(given: Path, number: signal.Signals) -> None:
    """Ctrl-C, a service manager, and kill -9 (the kernel then ends the children); and the folder is free again."""
    up = _start_up()
    await _until((given / "stack.json").exists, within=30)
    pids = _programs(given)
    began = time.monotonic()
    up.send_signal(number)
    said, _ = await asyncio.to_thread(up.communicate, timeout=20)
    await _until(lambda: not any(processes.alive(pid) for pid in pids.values()))
    assert time.monotonic() - began < 8
    if number is not signal.SIGKILL:
        assert up.returncode == 0
        assert said.splitlines()[-1] == "stopped"
    async with stack(services=(), prepare=False):
        assert set(_programs(given)) == set(pids)


async def test_a_part_that_cannot_start_says_why_and_takes_the_others_with_it(given: Path) -> None:
    """A half-started stack is worse than none."""
    (given / "sms").mkdir(parents=True)
    (given / "sms" / "twilio.json").write_text("not JSON")
    with pytest.raises(ValueError, match="Expecting value"):
        async with stack(services=(), prepare=False):
            pass
    assert _left_running(given) == []


async def test_a_service_that_ends_at_once_is_told_with_its_log(given: Path) -> None:
    """The reason stands in the log, which is shown: nobody has to look for it."""
    with pytest.raises(DevstackError, match=r"(?s)no_such_service ended with 1.*No module named"):
        async with stack(services=("no_such_service",), prepare=False):
            pass


def _start_up() -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", UP], stdout=subprocess.PIPE, text=True)


def _left_running(data: Path) -> list[Path]:
    return [path for path in data.rglob("*.pid") if processes.alive(int(path.read_text().split()[0]))]


def _programs(data: Path) -> dict[str, int]:
    description: dict[str, Any] = json.loads((data / "stack.json").read_text())
    programs: dict[str, int] = description["programs"]
    return programs


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


async def _until(holds: Callable[[], bool], within: float = 10) -> None:
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
