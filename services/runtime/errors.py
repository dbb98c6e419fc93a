"""Failures that were foreseen. Each says what happens next, so that nobody has to guess from a traceback."""

from collections.abc import Iterable


class Foreseen(Exception):
    """A failure that is one line to whoever reads it: what is wrong, and what to do.

    `missing`: what was named, as it was, and is not there.
    """

    def __init__(self, told: str = "", *, missing: Iterable[object] = ()) -> None:
        super().__init__(told)
        self.missing = [str(each) for each in missing]


class Unavailable(Foreseen):
    """Something that we depend on is away. Wait and try again; nothing is lost."""
