"""One log event per fact, JSON lines on stderr, and nothing about persons in any of them.

Libraries log through the same door, each place in them at most once in ten seconds. aiokafka writes thousands of
errors while a broker is away and is heard only when it gives up: the health page and one line of ours say what is so.
"""

import logging
import sys
import time
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

import structlog

QUIET: Final = {
    "aiokafka": logging.CRITICAL,
    "faust": logging.ERROR,
    "mode": logging.ERROR,
    "aiohttp.access": logging.ERROR,
    "psycopg.pool": logging.ERROR,
    "alembic": logging.WARNING,
    "asyncio": logging.ERROR,
}
SECONDS_BETWEEN: Final = 10.0


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Send everything that is logged from here on to stderr as JSON lines that name the service."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_its_words,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(level)
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    handler.addFilter(_SeldomSame())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def _without_its_words(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What was raised and where, without its text: PostgreSQL's has people's addresses, a parser's what it read."""
    given = event.pop("exc_info", None)
    problem = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(problem, BaseException):
        event["exception"] = "\nby\n".join(_ways(problem))
    return event


def _ways(problem: BaseException) -> Iterator[str]:
    """The way to it, to each error of a group, and to what it came from."""
    yield "".join(traceback.format_tb(problem.__traceback__)) + type(problem).__qualname__
    came_from = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    for each in [*getattr(problem, "exceptions", ()), *([came_from] if came_from else [])]:
        yield from _ways(each)


class _SeldomSame(logging.Filter):
    """Lets one line per place in a library through in ten seconds; ours all pass. No library's traceback passes."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("services"):
            return True
        record.exc_info = None
        place, now = (record.name, record.lineno), time.monotonic()
        seldom = now - self._last.get(place, -SECONDS_BETWEEN) >= SECONDS_BETWEEN
        if seldom:
            self._last[place] = now
        return seldom
