"""The link to a message's list of telephone calls: of one user, who was on duty, and of nobody else.

It carries the message's number, the user's number and a token over both.
"""

import re
from dataclasses import dataclass
from typing import Final

from services.runtime.tokens import Keys

PURPOSE: Final = "calls"
ROOT: Final = "/calls"
CALLER: Final = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,17})-([A-Za-z0-9._-]{1,100})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, about which message."""

    message: int
    user: int


def calls_path(caller: Caller, keys: Keys) -> str:
    """`/calls/MESSAGE-USER-TOKEN`."""
    return f"{ROOT}/{caller.message}-{caller.user}-{keys.token(_subject(caller), PURPOSE)}"


def caller_of(name: str, keys: Keys) -> Caller | None:
    """Whose link this is, from `MESSAGE-USER-TOKEN`; None unless we made it."""
    found = CALLER.fullmatch(name)
    if found is None:
        return None
    caller = Caller(int(found[1]), int(found[2]))
    return caller if keys.verify(found[3], _subject(caller), PURPOSE) else None


def _subject(caller: Caller) -> str:
    return f"{caller.message}-{caller.user}"
