"""A crew per module, so that services start once for many tests; each test begins with peers that behave.

`crew`       shared by the module; nothing runs until a test starts it; the peers are emptied between tests
`own_crew`   one of the test's own: a database, topics and a data folder that no other test has
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests import stack
from tests.conftest import delete_topics
from tests.faults.harness import Crew, crew_of


@pytest.fixture(scope="module")
def module_crew(
    kafka: str, postgres: str, sink_process: stack.Sink, twilio_process: stack.Twilio, background: stack.Background
) -> Iterator[Crew]:
    """The crew of the module; use `crew`."""
    yield from _crew(kafka, postgres, sink_process, twilio_process, background)


@pytest.fixture
def crew(module_crew: Crew) -> Iterator[Crew]:
    """The crew of the module, with peers that behave and hold nothing."""
    module_crew.forget()
    yield module_crew
    module_crew.forget()


@pytest.fixture
def own_crew(
    kafka: str, postgres: str, sink: stack.Sink, twilio: stack.Twilio, background: stack.Background
) -> Iterator[Crew]:
    """A crew of the test's own."""
    yield from _crew(kafka, postgres, sink, twilio, background)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test shows the ends of its services' logs."""
    report = (yield).get_result()
    crew = getattr(item, "funcargs", {}).get("crew") or getattr(item, "funcargs", {}).get("own_crew")
    if report.failed and isinstance(crew, Crew):
        report.sections.append(("services", crew.report()))


def _crew(
    kafka: str, postgres: str, sink: stack.Sink, twilio: stack.Twilio, background: stack.Background
) -> Iterator[Crew]:
    prefix = f"t{uuid4().hex[:8]}."
    with stack.fresh_database(postgres) as database_url, stack.folder("roeland-faults-") as folder:
        env = {
            "ROELAND_KAFKA_BOOTSTRAP": kafka,
            "ROELAND_KAFKA_TOPIC_PREFIX": prefix,
            "ROELAND_DATABASE_URL": database_url,
        }
        with crew_of(env, folder, sink=sink, twilio=twilio, background=background) as crew:
            yield crew
    background.run(delete_topics(kafka, prefix))
