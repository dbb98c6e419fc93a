"""What can be watched (the board, a message), as it is now: in parts, each with the version at which it changed.

Nothing waits in a queue. Whoever watches asks for the parts that changed since what they have, so that who reads slowly
gets the newest state and never all that came before it, and holds up nobody.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

Name = UUID | None
"""A message's id; None is the board."""
Form = tuple[str, ...]
"""How a part is written: as JSON, or as HTML in a language for these roles."""

EPOCH: Final = f"{time.time_ns():x}"
"""A version says nothing to another process, or to this one's next life."""
_versions: Final = itertools.count(1)


@dataclass
class Part:
    """`facts` are plain, as JSON has them; `minute`: they are read beside a clock. `made`: frames, by form."""

    version: int
    facts: Any
    minute: int
    made: dict[Form, bytes] = field(default_factory=dict)


@dataclass
class Subject:
    """What is known of one of them, by event. `watched`: by how many; `left_at`: since nobody does (monotonic)."""

    name: Name
    parts: dict[str, Part] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    watched: int = 0
    left_at: float = 0.0

    def put(self, event: str, facts: Any, *, minute: int = 0) -> bool:
        """This is how it is now: whether that is news. `announce` when all is put."""
        part = self.parts.get(event)
        if part is not None and part.facts == facts and part.minute == minute:
            return False
        self.parts[event] = Part(next(_versions), facts, minute)
        return True

    def announce(self) -> None:
        """Wake all who watch."""
        before, self.changed = self.changed, asyncio.Event()
        before.set()

    def since(self, version: int) -> list[tuple[str, Part]]:
        """The parts that changed after that version, in that order: what was read up to a part is never missed."""
        found = [(event, part) for event, part in self.parts.items() if part.version > version]
        return sorted(found, key=lambda each: each[1].version)


def frames(fresh: list[tuple[str, Part]], form: Form, write: Callable[[str, Any], str]) -> Iterator[bytes]:
    """These parts as events of a stream (WHATWG HTML §9.2), each written once for all who read it in this form."""
    for event, part in fresh:
        if form not in part.made:
            part.made[form] = frame(event, write(event, part.facts), f"{EPOCH}-{part.version}")
        yield part.made[form]


def frame(event: str, text: str, id_: str = "") -> bytes:
    """One event. Any of the three ends of a line ends one here, so that no text makes a field of its own."""
    lines = [f"event: {event}", *([f"id: {id_}"] if id_ else [])]
    lines += [f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


def version_of(last_event_id: str | None) -> int:
    """The version that a reader has, by what their browser gives back; 0 for none of ours, who gets everything."""
    epoch, _, version = (last_event_id or "").partition("-")
    return int(version) if epoch == EPOCH and version.isascii() and version.isdigit() and len(version) < 19 else 0
