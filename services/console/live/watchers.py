"""Who watches, by which session or key, and until when: a session that ends, and a console that stops, end a stream."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from services.console.access import Who
from services.console.live.pulse import Pulse
from services.console.live.subjects import Name, Subject

OF_A_SESSION: Final = 4
"""Streams of one session: a browser has six connections to a host (HTTP/1.1), and pages need some. One more ends the
oldest, whose page says so."""
OF_A_KEY: Final = 8
"""Streams of one key; one more is refused."""
ALTOGETHER: Final = 2000
LINGER_SECONDS: Final = 5.0
"""So long a subject that nobody watches is kept up to date, for those who come back after a blink."""

Key = tuple[str, int]
"""`session` or `key`, and which."""
Why = Literal["ended", "elsewhere", "again"]
"""Why a stream ends: signed out, too many of this session, or come back (the console stops, roles changed)."""


class TooMany(Exception):
    """No more streams by this key, or at this console."""


@dataclass(eq=False)
class Watcher:
    """One open stream. `over`: why it ends, once it does."""

    key: Key
    roles: tuple[str, ...]
    subject: Subject
    over: Why | None = None

    def end(self, why: Why) -> None:
        """End it, with its last word; the first reason counts."""
        self.over = self.over or why
        self.subject.announce()


class Watchers:
    """All who watch, and what."""

    def __init__(self) -> None:
        self.subjects: dict[Name, Subject] = {}
        self.all: list[Watcher] = []
        self.wake = asyncio.Event()
        """Look now: somebody came, or something was decided."""
        self.closing = False
        self.pulse = Pulse()

    @contextmanager
    def watching(self, who: Who, name: Name) -> Iterator[Watcher]:
        """Somebody watches this, while inside. Raises `TooMany`."""
        watcher = self._watcher(who, name)
        self.all.append(watcher)
        watcher.subject.watched += 1
        self.wake.set()
        try:
            yield watcher
        finally:
            self.all.remove(watcher)
            watcher.subject.watched -= 1
            watcher.subject.left_at = asyncio.get_running_loop().time()

    def close(self) -> None:
        """The console stops: everybody comes back to another, or to this one's next life."""
        self.closing = True
        for each in self.all:
            each.end("again")

    def forget(self) -> None:
        """Let go of what nobody watched for a while."""
        now = asyncio.get_running_loop().time()
        gone = [n for n, s in self.subjects.items() if not s.watched and now - s.left_at > LINGER_SECONDS]
        for name in gone:
            del self.subjects[name]

    def judge(self, standing: dict[Key, tuple[str, ...]]) -> None:
        """End the streams of sessions and keys that stand no more, or whose user has other roles now."""
        for each in self.all:
            roles = standing.get(each.key)
            if roles is None:
                each.end("ended")
            elif roles != each.roles:
                each.end("again")

    def full(self, who: Who) -> bool:
        """Whether one more is refused."""
        of_key = who.key is not None and len(self._of(_key(who))) >= OF_A_KEY
        return self.closing or len(self.all) >= ALTOGETHER or of_key

    def _watcher(self, who: Who, name: Name) -> Watcher:
        key = _key(who)
        if self.full(who):
            raise TooMany
        same = self._of(key)
        if who.session and len(same) >= OF_A_SESSION:
            same[0].end("elsewhere")
        subject = self.subjects.setdefault(name, Subject(name))
        return Watcher(key, tuple(sorted(who.user.roles)), subject)

    def _of(self, key: Key) -> list[Watcher]:
        return [each for each in self.all if each.key == key and not each.over]


def _key(who: Who) -> Key:
    return ("session", who.session.id) if who.session else ("key", who.key.id)  # type: ignore[union-attr]
