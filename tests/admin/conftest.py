"""`roeland` as people and programs run it: arguments in, an exit code and two streams out.

Nearly all tests run it in this process, for a new one takes most of a second; a few run the real program.
"""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from services.admin.__main__ import run

ROOT = Path(__file__).parents[2]


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
def roeland(roeland_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Roeland:
    """Runs `roeland ARGUMENTS…` in an empty folder; `env` adds to the environment."""
    monkeypatch.chdir(tmp_path)

    def called(*arguments: str, env: dict[str, str] | None = None) -> Ran:
        return in_this_process(arguments, _environment(roeland_env, env))

    return called


@pytest.fixture
def editorial(roeland: Roeland, settings_env: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """Editorial, running on these settings; `roeland_env` must be they."""
    assert roeland("topics", "create").code == 0
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **settings_env}
    with (tmp_path / "editorial.log").open("wb") as log:
        argv = [sys.executable, "-m", "services.editorial"]
        with subprocess.Popen(argv, stderr=log, cwd=tmp_path, env=environment) as process:
            yield
            process.terminate()


@pytest.fixture
def roeland_program(roeland_env: dict[str, str], tmp_path: Path) -> Roeland:
    """The same as a program of its own."""

    def called(*arguments: str, env: dict[str, str] | None = None) -> Ran:
        argv = [sys.executable, "-m", "services.admin", *arguments]
        environment = {**_environment(roeland_env, env), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=60
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return called


def in_this_process(arguments: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """`roeland ARGUMENTS…` with this environment and no other."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment, clear=True),
        _logging_as_it_was(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = copy_context().run(run, arguments)
    return Ran(code, out.getvalue(), err.getvalue())


def _environment(ours: dict[str, str], more: dict[str, str] | None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROELAND_")}
    return {**clean, **ours, **(more or {})}


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Loggers do not keep what this call made of them: other tests in this process listen to the same ones."""
    handlers, level, config = logging.root.handlers[:], logging.root.level, structlog.get_config()
    configure = structlog.configure

    def keeping_nothing(**given: Any) -> None:
        configure(**given | {"cache_logger_on_first_use": False})

    try:
        with patch("structlog.configure", keeping_nothing):
            yield
    finally:
        logging.root.handlers, logging.root.level = handlers, level
        structlog.configure(**config)
