"""Fixtures for the servers. A test that uses one of them carries the marker `stack`.

`kafka`         bootstrap (host:port) of a real Kafka, one per session, or the one that ROELAND_TEST_KAFKA names
`topic_prefix`  a prefix for topics that no other test has; its topics are deleted afterwards
`postgres`      URL of a real PostgreSQL as a role that may create databases, one per session, or ROELAND_TEST_POSTGRES
`database_url`  URL of a migrated, empty database of this test's own
`empty_database` URL of a database of this test's own without tables
`sink`          a mail sink (`.url`, `.mails()`, `.faults(…)`), empty and well-behaved at the start of each test
`twilio`        a Twilio stand-in (`.url`, `.account_sid`, `.auth_token`, `.messages()`, `.faults(…)`), likewise
`sinch`         a Sinch stand-in (`.url`, `.service_plan`, `.api_token`, `.messages()`, `.faults(…)`), likewise
`settings_env`  the ROELAND_* variables for Kafka and PostgreSQL; for `monkeypatch.setenv` or a subprocess
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from services.devstack.processes import free_port
from tests import stack, twilio_requests

# Machines are shared and noisy: how long an example takes to draw or to run says nothing about the code.
hypothesis.settings.register_profile("noisy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("noisy")


@pytest.fixture(scope="session")
def background() -> stack.Background:
    """An event loop in a thread of its own, for fixtures that start servers."""
    return stack.Background()


@pytest.fixture(scope="session")
def unused_tcp_port_factory() -> Callable[[], int]:
    """That of pytest-asyncio, but below the ports from which this machine's own connections go out: these took some."""
    return free_port


@pytest.fixture(scope="session")
def kafka(background: stack.Background) -> Iterator[str]:
    """Bootstrap of a real Kafka, shared by the session."""
    with stack.kafka_server(background) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def postgres(background: stack.Background) -> Iterator[str]:
    """URL of a real PostgreSQL, shared by the session, as a role that may create databases but is no superuser."""
    with stack.postgres_server(background) as url:
        yield url


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """URL of a database of this test's own: migrated and empty."""
    with stack.fresh_database(postgres) as url:
        yield url


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """URL of a database of this test's own, without tables."""
    with stack.empty_database(postgres) as url:
        yield url


@pytest.fixture
def topic_prefix(kafka: str, background: stack.Background) -> Iterator[str]:
    """A prefix such as `t1a2b3c4.` instead of `roeland.`; topics that begin with it are deleted after the test."""
    prefix = f"t{uuid4().hex[:8]}."
    yield prefix
    background.run(delete_topics(kafka, prefix))


@pytest.fixture(scope="session")
def sink_process(background: stack.Background) -> Iterator[stack.Sink]:
    """The mail sink that the session shares; use `sink`."""
    with stack.mail_sink(background) as process:
        yield process


@pytest.fixture
def sink(sink_process: stack.Sink) -> Iterator[stack.Sink]:
    """A mail sink without mails and without faults."""
    yield sink_process
    sink_process.clear()


@pytest.fixture(scope="session")
def twilio_process(background: stack.Background) -> Iterator[stack.Twilio]:
    """The Twilio stand-in that the session shares; use `twilio`."""
    with stack.twilio_stand_in(background) as process:
        yield process


@pytest.fixture
def twilio(twilio_process: stack.Twilio) -> Iterator[stack.Twilio]:
    """A Twilio stand-in without messages and without faults. What it was asked is held against Twilio's description."""
    yield twilio_process
    asked = twilio_process.requests()
    twilio_process.clear()
    twilio_requests.hold(asked)


@pytest.fixture(scope="session")
def sinch_process(background: stack.Background) -> Iterator[stack.Sinch]:
    """The Sinch stand-in that the session shares; use `sinch`."""
    with stack.sinch_stand_in(background) as process:
        yield process


@pytest.fixture
def sinch(sinch_process: stack.Sinch) -> Iterator[stack.Sinch]:
    """A Sinch stand-in without batches and without faults."""
    yield sinch_process
    sinch_process.clear()


@pytest.fixture
def settings_env(kafka: str, topic_prefix: str, database_url: str, tmp_path: Path) -> dict[str, str]:
    """The settings of a stack of this test's own, as environment variables."""
    return {
        "ROELAND_KAFKA_BOOTSTRAP": kafka,
        "ROELAND_KAFKA_TOPIC_PREFIX": topic_prefix,
        "ROELAND_DATABASE_URL": database_url,
        "ROELAND_DATA_DIR": str(tmp_path / "data"),
    }


async def delete_topics(bootstrap: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic for topic in await admin.list_topics() if topic.startswith(prefix)])
    finally:
        await admin.close()
