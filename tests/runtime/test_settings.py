"""A wrong setting is one clear line and exit 1, in every service: nobody waits for a server that cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from services.runtime.errors import Foreseen
from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import DatabaseSettings
from services.runtime.settings import RoelandSettings


@pytest.mark.parametrize("bootstrap", ["kafka", "kafka:port", ",", "127.0.0.1:99999", "127.0.0.1:9092,", ":9092"])
def test_a_bootstrap_that_is_no_address_is_said(bootstrap: str) -> None:
    """aiokafka waits for it, or fails in words of its own."""
    with pytest.raises(Foreseen, match="ROELAND_KAFKA_BOOTSTRAP"):
        KafkaSettings(kafka_bootstrap=bootstrap).client()


def test_several_brokers_and_ipv6_are_addresses() -> None:
    """As Kafka's own clients take them."""
    assert KafkaSettings(kafka_bootstrap="a.example:9092, [::1]:9093").client()


def test_a_way_in_that_lets_nobody_in_is_said() -> None:
    """Without a user, or with authorities that cannot be read, Kafka never answers."""
    with pytest.raises(Foreseen, match="ROELAND_KAFKA_USERNAME"):
        KafkaSettings(kafka_bootstrap="a.example:9092", kafka_security_protocol="SASL_SSL").client()
    with pytest.raises(Foreseen, match="ROELAND_KAFKA_CA_FILE"):
        KafkaSettings(
            kafka_bootstrap="a.example:9092", kafka_security_protocol="SSL", kafka_ca_file="/no/such.pem"
        ).client()


@pytest.mark.parametrize("url", ["postgresql://[::1", "postgresql://u:secret@h/x?no_such_option=1", "mysql://h/x"])
def test_a_database_url_that_cannot_be_read_is_said_without_its_password(url: str) -> None:
    """What libpq says of it may repeat it."""
    with pytest.raises(Foreseen, match="ROELAND_DATABASE_URL") as said:
        DatabaseSettings(database_url=SecretStr(url)).url()
    assert "secret" not in str(said.value)


def test_an_env_file_that_is_no_text_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file saved by an old editor is no mistake of Roeland's."""
    (tmp_path / ".env").write_bytes(b"ROELAND_MAIL_FROM=caf\xe9@ccvo.example\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Foreseen, match="UTF-8"):
        RoelandSettings()


def test_what_is_missing_from_the_start_is_one_line() -> None:
    """Otherwise a service that never got anywhere would say nothing at all."""
    health = Health("postgres")
    with capture_logs() as logs:
        for _ in range(3):
            health.down("postgres", "does not answer")
    assert [each["event"] for each in logs] == ["failing"]
    assert health.missing() == {"postgres": "does not answer"}


def test_a_service_says_it_in_one_line_and_ends_with_1(tmp_path: Path) -> None:
    """As whoever supervises it sees it."""
    env = {
        **os.environ,
        "ROELAND_KAFKA_BOOTSTRAP": "kafka",
        "ROELAND_DATABASE_URL": "postgresql://h/x",
        "ROELAND_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-m", "services.dispatch"]
    ended = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "ROELAND_KAFKA_BOOTSTRAP" in ended.stderr
