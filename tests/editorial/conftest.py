"""One editorial and one dispatch for all tests of a room; each test has incidents of its own."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import delete_topics
from tests.editorial.rooms import Rooms, rooms
from tests.stack import Background


@pytest.fixture(scope="session")
def desk(
    kafka: str, postgres: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """Editorial and dispatch, running."""
    folder: Path = tmp_path_factory.mktemp("rooms")
    with rooms(kafka, postgres, folder) as made:
        try:
            with made.running("editorial"), made.running("dispatch"):
                yield made
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


@pytest.fixture
def incident() -> str:
    """An incident that no other test has."""
    return f"test-{uuid4().hex[:8]}"
