"""A worker that cannot say that it lives must stop before a peer takes over: settings that break this are refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.fanout.settings import WorkerSettings
from services.runtime.errors import Foreseen


@pytest.mark.parametrize(
    "given",
    [
        {"lease_seconds": 5},  # alone: its fitness would outlive its lease
        {"lease_seconds": 10},
        {"fit_seconds": 15},
        {"beat_seconds": 10},
        {"beat_seconds": 3, "fit_seconds": 2, "lease_seconds": 20},
    ],
)
def test_a_lease_that_ends_before_the_worker_stops_is_refused_by_name(given: dict[str, float]) -> None:
    """Two would send the same; or, with a beat too slow, a worker is never fit."""
    with pytest.raises(Foreseen) as said:
        WorkerSettings(**given)
    names = ("ROELAND_BEAT_SECONDS", "ROELAND_FIT_SECONDS", "ROELAND_LEASE_SECONDS", "change them together")
    assert [name for name in names if name not in str(said.value)] == []


def test_a_worker_that_could_never_be_sure_of_stops_is_refused() -> None:
    """Its last reading would always be too old, so that it sent nothing, and said nothing about it."""
    with pytest.raises(Foreseen, match="ROELAND_HALT_SECONDS"):
        WorkerSettings(halt_seconds=0.25)


@pytest.mark.parametrize(
    "given", [{}, {"lease_seconds": 300}, {"beat_seconds": 0.25, "fit_seconds": 2, "lease_seconds": 3}]
)
def test_the_defaults_and_shorter_ones_in_order_are_taken(given: dict[str, float]) -> None:
    """What operations and the fault tests set."""
    WorkerSettings(**given)


@pytest.mark.stack
def test_the_service_says_so_in_one_line_and_ends(settings_env: dict[str, str], tmp_path: Path) -> None:
    """As whoever supervises it sees it."""
    env = {**os.environ, **settings_env, "ROELAND_LEASE_SECONDS": "5", "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-m", "services.newsfeed"],
        env=env, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "ROELAND_LEASE_SECONDS (5)" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
