"""Somebody who reads a stream of server-sent events, over real HTTP, as a browser would."""

import json
import queue
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """One event, as it was dispatched."""

    event: str
    data: str
    id: str

    @property
    def facts(self) -> Any:
        """Its data as JSON."""
        return json.loads(self.data)


@dataclass
class Reading:
    """A stream that is being read, in a thread of its own. `comments`: how many there were."""

    url: str
    headers: dict[str, str]
    events: "queue.Queue[Event]" = field(default_factory=queue.Queue)
    over: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    status: int = 0
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._client = httpx.Client(timeout=None, headers=self.headers)  # noqa: S113 - a stream has no end
        threading.Thread(target=self._read, daemon=True).start()

    def next(self, event: str, seconds: float = 5.0, **facts: Any) -> Event:
        """The next event of this name, whose JSON has these facts; those before it are dropped."""
        while True:
            found = self.events.get(timeout=seconds)
            if found.event == event and all(found.facts.get(name) == value for name, value in facts.items()):
                return found

    def nothing(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            self.events.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        """Go away, as a browser does that is closed."""
        self._client.close()

    def _read(self) -> None:
        event, data, id_ = "message", list[str](), ""
        try:
            with self._client.stream("GET", self.url) as answer:
                self.status = answer.status_code
                self.opened.set()
                for line in answer.iter_lines():
                    self.lines.append(line)
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    if name == "event":
                        event = value
                    elif name == "data":
                        data.append(value)
                    elif name == "id":
                        id_ = value
                    elif not line and data:
                        self.events.put(Event(event, "\n".join(data), id_))
                        event, data = "message", []
        except (httpx.HTTPError, RuntimeError, OSError):
            pass
        finally:
            self.opened.set()
            self.over.set()
