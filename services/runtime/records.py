"""One record that we cannot cope with stops nobody: whatever nobody foresaw makes a dead letter of it.

The log and the dead letter say what was raised and where, never its text: a database's error repeats values.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from traceback import extract_tb

import structlog

from services.domain.events import Envelope, Unreadable, read_envelope
from services.runtime.kafka import Handle, Record
from services.runtime.postgres import until_there

log = structlog.get_logger(__name__)


def handler(handle: Callable[[Envelope], Awaitable[None]], *, what: str) -> Handle:
    """A handler of records from a handler of envelopes, which is run again for as long as PostgreSQL is away."""

    async def handle_record(record: Record) -> None:
        event = read_envelope(record.value)
        try:
            await until_there(lambda: handle(event), what=what)
        except Unreadable:
            raise
        except Exception as problem:
            log.error("unforeseen", during=what, problem=unforeseen(problem))
            raise Unreadable(unforeseen(problem)) from None

    return handle_record


def unforeseen(problem: Exception) -> str:
    """What was raised and where in our code, without its text."""
    places = [frame for frame in extract_tb(problem.__traceback__) if "/services/" in frame.filename]
    where = f" at {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"unforeseen {type(problem).__name__}{where}"
