"""What holds for one call of `roeland`, whatever the command: `--json` and `--as EMAIL`, before or after it."""

import hashlib
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.admin.answers import WrongUsage

if TYPE_CHECKING:
    from services.runtime.commands import Voucher


@dataclass(frozen=True, slots=True)
class Invocation:
    """`json`: one JSON document on stdout. `as_email`: who acts; None leaves it to ROELAND_USER.

    `voucher`: the console calls, and knows by a session or a key who acts (`services.console.calling`).
    """

    json: bool = False
    as_email: str | None = None
    voucher: "Voucher | None" = None


NOTHING_SAID: Final = Invocation()
current: ContextVar[Invocation] = ContextVar("invocation", default=NOTHING_SAID)


@dataclass(slots=True)
class Once:
    """A call that may be made again and must not do its work twice: its ids follow from `seed` and `began`, in ms."""

    seed: bytes
    began: int
    made: int = 0


once: ContextVar[Once | None] = ContextVar("once", default=None)


def new_id() -> UUID:
    """A new UUID of version 7; in a call that may be made again, that which it had the first time."""
    from uuid_utils.compat import uuid7

    call = once.get()
    if call is None:
        return uuid7()
    call.made += 1
    random = int.from_bytes(hashlib.sha256(call.seed + call.made.to_bytes(4)).digest()[:10])
    return UUID(int=call.began << 80 | 0x7 << 76 | (random >> 64 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1)


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` stands anywhere before `--`; asked first, so that even wrong usage is told as JSON."""
    return "--json" in _options(arguments)


def without_common(arguments: Sequence[str]) -> tuple[Invocation, list[str]]:
    """The call's own `--json` and `--as`, and the arguments that are left. Raises `WrongUsage`."""
    options = _options(arguments)
    rest: list[str] = []
    as_email = None
    words = iter(options)
    for word in words:
        if word == "--as":
            as_email = next(words, None)
            if not as_email or as_email.startswith("-"):
                raise WrongUsage("--as needs the address of a user: --as EMAIL")
        elif word.startswith("--as="):
            as_email = word.removeprefix("--as=")
        elif word != "--json":
            rest.append(word)
    return Invocation("--json" in options, as_email), [*rest, *arguments[len(options) :]]


def _options(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments
