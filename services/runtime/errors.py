"""Failures that were foreseen. Each says what happens next, so that nobody has to guess from a traceback."""


class Foreseen(Exception):
    """A failure that is one line to whoever reads it: what is wrong, and what to do."""


class Unavailable(Foreseen):
    """Something that we depend on is away. Wait and try again; nothing is lost."""
