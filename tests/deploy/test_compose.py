"""deploy/compose.yaml, held to the code that it starts."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.devstack import jars, kafka, postgres, postgres_home
from services.devstack.up import SERVICES
from tests.deploy.settings_in_code import DEPLOY, ROOT, fields, variables_of

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_compose_starts_every_service_that_roeland_up_starts() -> None:
    """A service that is forgotten here is missed in a crisis: its work stands still, and nothing says so."""
    started = {part["command"][2] for part in PARTS.values() if part.get("command", [])[:2] == ["python", "-m"]}
    assert started == {f"services.{name}" for name in SERVICES}
    assert all(PARTS[name]["command"] == ["python", "-m", f"services.{name}"] for name in SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_limited_and_locked_up(name: str) -> None:
    """One that hangs, fills the machine's memory, or is broken into must not take the others along."""
    part = PARTS[name]
    assert part["healthcheck"]["test"] == ["CMD", "probe", "readyz"]
    assert part["restart"] == "unless-stopped"
    assert {"cpus", "memory", "pids"} <= set(part["deploy"]["resources"]["limits"])
    assert part["read_only"] and part["init"]
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert _seconds(part["stop_grace_period"]) > 10, "DESIGN, Services: they finish or give back within 10 s"
    assert part["depends_on"]["setup"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", ["mail", "sms", "newsfeed"])
def test_the_journal_outlives_the_container_of_whoever_writes_it(name: str) -> None:
    """In the container's own memory it would die with its writer, and a crash would leave all that it held in doubt."""
    assert PARTS[name]["volumes"] == ["journal:/var/lib/roeland/journal"], "the same for all: any of them settles by it"
    assert "journal" in COMPOSE["volumes"]
    assert all("/journal" not in mount for mount in PARTS[name]["tmpfs"])
    image = (DEPLOY / "Containerfile").read_text()
    assert "ROELAND_DATA_DIR=/var/lib/roeland " in image or "ROELAND_DATA_DIR=/var/lib/roeland\n" in image
    assert "--owner=10001 --group=10001 --mode=0700 /var/lib/roeland /var/lib/roeland/journal" in image


def test_setup_waits_for_both_servers_and_makes_tables_and_topics() -> None:
    """Topics do not make themselves: Kafka is told not to."""
    setup = PARTS["setup"]
    assert setup["command"][-1] == "roeland db migrate && roeland topics create"
    assert {name: how["condition"] for name, how in setup["depends_on"].items()} == {
        "kafka": "service_healthy",
        "postgres": "service_healthy",
    }
    assert setup["restart"].startswith("on-failure")


def test_every_variable_that_compose_sets_or_shows_is_read_by_some_service() -> None:
    """A misspelt variable is ignored without a word, and its default is used."""
    known = set(fields())
    used = {name for part in PARTS.values() for name in part.get("environment", {}) if name.startswith("ROELAND_")}
    assert used <= known
    assert variables_of(DEPLOY / "roeland.env.example") <= known


def test_no_secret_is_in_the_file_itself() -> None:
    """What is in the repository is known to everybody."""
    assert all("PASSWORD" not in name and "TOKEN" not in name for part in PARTS.values() for name in _set_in(part))
    for name in ("roeland", "postgres", "relay"):
        assert not (DEPLOY / f"{name}.env").exists() or _ignored(DEPLOY / f"{name}.env")
        assert (DEPLOY / f"{name}.env.example").exists()
        for line in (DEPLOY / f"{name}.env.example").read_text().splitlines():
            variable, _, value = line.partition("=")
            assert not value or not variable.endswith(("_PASSWORD", "_TOKEN", "_KEYS")), f"{variable} has a value"


def test_kafka_is_the_version_of_the_devstack_with_its_settings(tmp_path: Path) -> None:
    """What the tests run on is what runs."""
    assert PARTS["kafka"]["image"] == f"apache/kafka:{jars.VERSION}"
    kafka._configure(tmp_path, port=9092, controller_port=9093)
    lines = (tmp_path / "server.properties").read_text().splitlines()
    tested = dict(line.split("=", 1) for line in lines)
    own = PARTS["kafka"]["environment"]
    for name, value in tested.items():
        variable = f"KAFKA_{name.upper().replace('.', '_')}"
        if variable in own and name not in {
            "listeners",
            "advertised.listeners",
            "controller.quorum.voters",
            "log.dirs",
        }:
            assert own[variable] == value, name
    single = {name for name in tested if name.endswith(("replication.factor", "min.isr", "insync.replicas"))}
    assert {f"KAFKA_{name.upper().replace('.', '_')}" for name in single} <= set(own)
    assert own["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert own["KAFKA_LOG_DIRS"].startswith(_target("kafka")), "its data must be in its volume"


def test_postgres_is_the_version_of_the_devstack_and_keeps_people_out_of_its_log(tmp_path: Path) -> None:
    """DETAIL and statements hold addresses of people."""
    server = postgres_home.binaries(tmp_path, None) / "postgres"
    told = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    assert PARTS["postgres"]["image"] == f"postgres:{told.split()[2].split('.')[0]}"
    given = dict(argument[2:].split("=", 1) for argument in PARTS["postgres"]["command"][1:])
    tested = {name: value for name, value in postgres.SETTINGS.items() if name.startswith(("log_", "timezone", "max_"))}
    assert tested.items() <= given.items()
    assert _target("postgres") == "/var/lib/postgresql", "since 18 the image refuses a volume at …/data"


def test_every_image_has_a_version() -> None:
    """`latest` is another program tomorrow."""
    images = [part["image"] for part in PARTS.values()]
    assert all(":" in image and not image.endswith(":latest") for image in images)
    assert PARTS["mail"]["image"] == "${ROELAND_IMAGE:-roeland:0.1.0}"
    assert 'version = "0.1.0"' in (ROOT / "pyproject.toml").read_text()


def test_what_is_named_exists_and_only_loopback_is_published() -> None:
    """Kafka asks nobody for a password here: nobody outside may reach it."""
    for name, part in PARTS.items():
        assert set(part.get("networks", [])) <= set(COMPOSE["networks"]), name
        assert set(part.get("depends_on", {})) <= set(PARTS), name
        assert {v.split(":")[0] for v in part.get("volumes", []) if v[0] != "."} <= set(COMPOSE["volumes"]), name
        assert all(port.startswith("127.0.0.1:") for port in part.get("ports", [])), name
    for server in ("kafka", "postgres"):
        assert PARTS[server]["networks"] == ["inside"]
        assert "healthcheck" in PARTS[server]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_docker_compose_itself_accepts_it(tmp_path: Path) -> None:
    """Where there is a compose plugin; deploy/README.md says what else read it."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker compose on this machine")
    (tmp_path / "deploy").mkdir()
    for name in ("compose.yaml", "roeland.env.example", "postgres.env.example"):
        shutil.copy(DEPLOY / name, tmp_path / "deploy" / name.removesuffix(".example"))
    told = subprocess.run(
        [docker, "compose", "--file", tmp_path / "deploy/compose.yaml", "--profile", "*", "config", "--quiet"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


def _seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def _set_in(part: dict[str, Any]) -> list[str]:
    return list(part.get("environment", {}))


def _target(name: str) -> str:
    """Where the named volume of a server is mounted."""
    (mount,) = [v for v in PARTS[name]["volumes"] if v.startswith(f"{name}:")]
    return str(mount.split(":")[1])


def _ignored(path: Path) -> bool:
    return subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode == 0
