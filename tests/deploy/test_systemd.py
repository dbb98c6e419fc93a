"""deploy/systemd, held to the code that it starts; read by systemd itself where there is one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.devstack.up import SERVICES
from tests.deploy.settings_in_code import DEPLOY, fields, health_ports

UNITS = DEPLOY / "systemd"
TEMPLATE, SETUP, TARGET = "roeland@.service", "roeland-setup.service", "roeland.target"
HARDENING = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "CapabilityBoundingSet": "", "UMask": "0077",
}  # fmt: skip


def test_the_target_wants_every_service_that_roeland_up_starts() -> None:
    """A service that is forgotten here is missed in a crisis: its work stands still, and nothing says so."""
    wanted = [unit for name, value in _lines(TARGET) if name == "Wants" for unit in value.split()]
    assert wanted == [f"roeland@{name}.service" for name in SERVICES]
    assert ("ExecStart", "/opt/roeland/bin/python -m services.%i") in _lines(TEMPLATE)
    assert ("PartOf", TARGET) in _lines(TEMPLATE)


def test_a_service_comes_back_and_is_given_time_to_stop() -> None:
    """It ends by itself only when a setting is wrong, and is there again within seconds after it was mended."""
    unit = dict(_lines(TEMPLATE))
    assert unit["Restart"] == "always"
    assert unit["StartLimitIntervalSec"] == "0", "else systemd gives up after five tries"
    assert int(unit["TimeoutStopSec"]) > 10, "DESIGN, Services: they finish or give back within 10 s"
    assert unit["EnvironmentFile"]


def test_the_journal_has_a_directory_that_outlives_the_process_and_the_boot() -> None:
    """`PrivateTmp` and `RuntimeDirectory` are gone with the service: then a crash leaves all that it held in doubt."""
    unit = _lines(TEMPLATE)
    assert dict(unit)["StateDirectory"] == "roeland"
    assert dict(unit)["StateDirectoryMode"] == "0700"
    assert any(name == "Environment" and "ROELAND_DATA_DIR=/var/lib/roeland" in value.split() for name, value in unit)


def test_setup_makes_tables_and_then_topics_before_any_service() -> None:
    """Both may be run again at any time."""
    commands = [value for name, value in _lines(SETUP) if name == "ExecStart"]
    assert commands == ["/opt/roeland/bin/roeland db migrate", "/opt/roeland/bin/roeland topics create"]
    assert SETUP in dict(_lines(TEMPLATE))["After"]


@pytest.mark.parametrize("unit", [TEMPLATE, SETUP])
def test_a_unit_is_locked_up(unit: str) -> None:
    """Who breaks into a service gets no more than its settings."""
    found = dict(_lines(unit))
    assert HARDENING.items() <= found.items()
    assert found["User"] == "roeland"


def test_both_units_are_locked_up_alike() -> None:
    """A unit has no includes; so that they do not drift apart."""
    assert _hardening(TEMPLATE) == _hardening(SETUP)


def test_every_service_has_a_health_address_of_its_own() -> None:
    """They run on one machine: the second to take a port would not start."""
    ports = {
        name: re.search(r"ROELAND_HEALTH_ADDRESS=127\.0\.0\.1:(\d+)", text) for name, text in health_ports().items()
    }
    assert all(ports.values())
    assert len({port[1] for port in ports.values() if port}) == len(SERVICES)


def test_every_variable_that_a_unit_sets_is_read_by_some_service() -> None:
    """A misspelt variable is ignored without a word."""
    texts = [path.read_text() for path in UNITS.rglob("*") if path.is_file()]
    assert {name for text in texts for name in re.findall(r"ROELAND_[A-Z_]+", text)} <= set(fields())


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """It reads what it does not know as a warning and goes on without it: hardening that is misspelt is none."""
    analyze = _systemd_analyze()
    folder = _installed(tmp_path)
    units = [TARGET, SETUP, *(f"roeland@{name}.service" for name in SERVICES)]
    told = subprocess.run(
        [analyze, "verify", "--man=no", *units],
        capture_output=True, text=True, check=False, env={"SYSTEMD_UNIT_PATH": f"{folder}:"},
    )  # fmt: skip
    ours = [line for line in told.stderr.splitlines() if "roeland" in line]
    assert (told.returncode, ours) == (0, [])


@pytest.mark.parametrize("unit", [TEMPLATE, SETUP])
def test_systemd_calls_the_exposure_ok(unit: str, tmp_path: Path) -> None:
    """Its own scale: 10 is no protection; what is 2 or more means that a line of hardening went."""
    folder = _installed(tmp_path)
    told = subprocess.run(
        [_systemd_analyze(), "security", "--offline=true", "--threshold=20", unit.replace("@", "@mail")],
        capture_output=True, text=True, check=False, env={"SYSTEMD_UNIT_PATH": f"{folder}:"},
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-300:] + told.stderr


def _lines(unit: str) -> list[tuple[str, str]]:
    """(name, value) of every line of a unit, in order."""
    lines = [line for line in (UNITS / unit).read_text().splitlines() if line and line[0] not in "#["]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


def _hardening(unit: str) -> list[tuple[str, str]]:
    lines = _lines(unit)
    return [line for line in lines[lines.index(("UMask", "0077")) :] if line[0] != "WantedBy"]


def _installed(folder: Path) -> Path:
    """The units as they would be installed, with programs that exist on this machine."""
    shutil.copytree(UNITS, folder, dirs_exist_ok=True)
    for path in folder.glob("*.service"):
        path.write_text(path.read_text().replace("/opt/roeland/bin", str(Path(sys.executable).parent)))
    return folder


def _systemd_analyze() -> str:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd on this machine")
    return analyze
