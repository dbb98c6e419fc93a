"""`roeland` as people and programs run it: a process with arguments, an exit code and two streams."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Ran:
    """What became of one call."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; fails when there is more or less than one."""
        return json.loads(self.out)


Roeland = Callable[..., Ran]


@pytest.fixture
def roeland_env(tmp_path: Path) -> dict[str, str]:
    """No settings but these, so that nothing of this machine shows through."""
    return {"ROELAND_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def roeland(roeland_env: dict[str, str], tmp_path: Path) -> Roeland:
    """Runs `roeland ARGUMENTS…` in an empty folder; `env` adds to the environment."""

    def run(*arguments: str, env: dict[str, str] | None = None) -> Ran:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ROELAND_")}
        clean |= {"PYTHONPATH": str(Path(__file__).parents[2]), **roeland_env, **(env or {})}
        argv = [sys.executable, "-m", "services.admin", *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path, env=clean, timeout=60)
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
