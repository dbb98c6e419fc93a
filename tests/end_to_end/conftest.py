"""One running Roeland for a module of end-to-end tests, on the session's Kafka and PostgreSQL."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests import stack
from tests.end_to_end.running import APPROVER, AUTHOR, Roeland, roeland_up


@pytest.fixture(scope="module")
def module_env(kafka: str, postgres: str) -> Iterator[dict[str, str]]:
    """Settings of a stack of this module's own; leases are short, so that take-overs need not be waited for."""
    with stack.fresh_database(postgres) as database_url:
        yield {
            "ROELAND_KAFKA_BOOTSTRAP": kafka,
            "ROELAND_KAFKA_TOPIC_PREFIX": f"t{uuid4().hex[:8]}.",
            "ROELAND_DATABASE_URL": database_url,
            "ROELAND_LEASE_SECONDS": "2",
            "ROELAND_FIT_SECONDS": "1.5",
            "ROELAND_BEAT_SECONDS": "0.25",
            "ROELAND_SWEEP_SECONDS": "1",
        }


@pytest.fixture(scope="module")
def roeland(module_env: dict[str, str]) -> Iterator[Roeland]:
    """A Roeland that runs, with an author and an approver and without contacts."""
    with tempfile.TemporaryDirectory(prefix="roeland-e2e-") as folder, roeland_up(Path(folder), module_env) as running:
        running.run("users", "add", AUTHOR, "--role", "author")
        running.run("users", "add", APPROVER, "--role", "approver")
        yield running
