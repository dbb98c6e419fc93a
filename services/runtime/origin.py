"""From where something is done: which door or service, on which host. The audit records it (docs/audit.md)."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_SOUND: Final = re.compile(r"/[A-Za-z0-9_.:@/-]{1,150}")
_origin: ContextVar[str] = ContextVar("origin", default="")


def here(name: str) -> str:
    """`/roeland/<name>@<host>`."""
    return f"/roeland/{name}@{socket.gethostname()}"


def set_origin(origin: str) -> None:
    """From now on what this process records was done from there."""
    _origin.set(origin)


def origin() -> str:
    """Where what is recorded now is done from; empty when nobody said."""
    return _origin.get()


@contextmanager
def given_from(source: str, *, by: str | None = None) -> Iterator[None]:
    """What is recorded within was asked for from there, and is done here. `by`: what a door knew the user by.

    `source` is what a command's record says of itself, which no signature covers: anything that does not look like
    one is `/unreadable`, so that nobody writes free text into the audit.
    """
    asked = source if _SOUND.fullmatch(source) else "/unreadable"
    asked = f"{asked} by {by}" if by else asked
    token = _origin.set(f"{asked} via {origin()}" if origin() else asked)
    try:
        yield
    finally:
        _origin.reset(token)
