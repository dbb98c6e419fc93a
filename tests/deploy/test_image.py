"""deploy/Containerfile and the two programs that it needs. No engine builds it here: see deploy/README.md."""

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from services.runtime.health import Health, HealthSettings, serve_health
from tests.deploy.settings_in_code import DEPLOY, ROOT, fields

CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_image_is_of_one_python_runs_as_nobody_in_particular_and_holds_no_setting_of_a_centre() -> None:
    """Who gets into a container that runs as root may get out of it; and a secret in a layer stays there."""
    last = CONTAINERFILE.split("\nFROM ")[-1]
    assert re.search(r"^ARG PYTHON=python:3\.11-slim", CONTAINERFILE, flags=re.MULTILINE)
    assert re.search(r"^USER \d+:\d+$", last, flags=re.MULTILINE)
    assert "HEALTHCHECK" in last and '"probe", "healthz"' in last
    used = set(re.findall(r"\bROELAND_[A-Z_]+", CONTAINERFILE))
    assert used == {"ROELAND_DATA_DIR", "ROELAND_HEALTH_ADDRESS"} <= set(fields())


def test_only_what_is_needed_is_sent_to_the_builder() -> None:
    """A .env, or .roeland with private keys in it, has no business in an image."""
    allowed = re.findall(r"^!(.+)$", (DEPLOY / "Containerfile.dockerignore").read_text(), flags=re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+) \S+$", CONTAINERFILE, flags=re.MULTILINE)
    assert {name for names in copied for name in names.split()} == set(allowed)
    assert all((ROOT / name).exists() for name in allowed)
    assert "COPY . " not in CONTAINERFILE


def test_everything_that_is_installed_has_a_hash() -> None:
    """Somebody between us and the registry must not be able to put something else in."""
    installs = re.findall(r"pip (?:install|wheel) (.+?)(?: \\|$)", CONTAINERFILE, flags=re.MULTILINE)
    assert installs
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)


def test_the_image_gets_what_roeland_needs_to_run_and_not_the_devstack() -> None:
    """What is missing shows only when it is imported, maybe in the middle of a crisis."""
    names = _names(_locked())
    assert _closure(PROJECT["dependencies"]) <= names
    extras = [Requirement(each).name for extra in PROJECT["optional-dependencies"].values() for each in extra]
    assert not {canonicalize_name(each) for each in extras} & names


def test_the_wheel_is_built_with_what_the_lock_names() -> None:
    """Without isolation, because isolation downloads whatever is newest."""
    assert "hatchling" in _names(_locked("hatchling"))
    assert "python deploy/locked.py hatchling" in CONTAINERFILE
    assert _locked("hatchling").count("--hash=sha256:") >= len(_names(_locked("hatchling")))


def test_what_is_not_in_the_lock_is_an_error() -> None:
    """A name that was misspelt would otherwise make an empty list, and an image without it."""
    told = subprocess.run(
        [sys.executable, DEPLOY / "locked.py", "no-such"], capture_output=True, text=True, check=False
    )
    assert told.returncode != 0
    assert "not in the lock: no-such" in told.stderr


@pytest.mark.parametrize(("page", "code"), [("healthz", 0), ("readyz", 1), ("nothing", 1)])
async def test_the_probe_tells_alive_from_ready(page: str, code: int, unused_tcp_port: int) -> None:
    """A service that waits for Kafka is alive and not ready; it must not be restarted for that."""
    address = f"0.0.0.0:{unused_tcp_port}"
    async with serve_health(Health("kafka"), HealthSettings(health_address=address)):
        assert await _probe(page, address) == code


@pytest.mark.parametrize("address", ["", "127.0.0.1:1", "nonsense"])
async def test_the_probe_says_no_when_nobody_answers(address: str) -> None:
    """No answer, and no address to ask at, are no good news."""
    assert await _probe("healthz", address) == 1


async def _probe(page: str, address: str) -> int:
    import asyncio

    environment = {**os.environ, "ROELAND_HEALTH_ADDRESS": address}
    argv = [sys.executable, str(DEPLOY / "probe.py"), page]
    process = await asyncio.create_subprocess_exec(*argv, env=environment, stdout=subprocess.DEVNULL)
    return await process.wait()


def _locked(*packages: str) -> str:
    argv = [sys.executable, str(DEPLOY / "locked.py"), *packages]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _names(lines: str) -> set[str]:
    return {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lines, flags=re.MULTILINE)}


def _closure(requirements: list[str]) -> set[str]:
    """What these need on this machine, by what is installed here says of itself."""
    found: set[str] = set()
    waiting = [Requirement(each) for each in requirements]
    seen = set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), *sorted(wanted.extras))
        if key in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add(key)
        found.add(key[0])
        for each in map(Requirement, metadata.requires(wanted.name) or []):
            extras = wanted.extras or {""}
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras):
                each.marker = None
                waiting.append(each)
    return found
