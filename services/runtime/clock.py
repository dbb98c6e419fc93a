"""What time it is by the database's clock, also while PostgreSQL is away.

That clock says when a message was released and when it expires; this machine's may be an hour off. So it is read once a
second, and counted on from there by our monotonic clock. Until it was first read, this machine's has to do.
"""

import time
from datetime import UTC, datetime, timedelta

_read: tuple[datetime, float] | None = None


def now() -> datetime:
    """This moment, aware."""
    if _read is None:
        return datetime.now(UTC)
    at, counted_from = _read
    return at + timedelta(seconds=time.monotonic() - counted_from)


def told(at: datetime, *, asked: float) -> None:
    """PostgreSQL said so, asked at this moment of our monotonic clock: on average it looked half-way."""
    global _read  # noqa: PLW0603 - a process has one clock, as it has one `time.time`
    _read = at, (asked + time.monotonic()) / 2
