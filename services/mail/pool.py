"""The connections to the relay, shared by everything that this worker sends.

They are opened when needed and kept. A few are kept free of routine mail, so that an urgent message never waits for
one; and whoever sends routine mail gives its connection up after the mail in hand when an urgent one waits.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from services.domain.lanes import LANES
from services.mail.brake import Brake
from services.mail.relay import Open
from services.mail.replies import Verdict
from services.mail.session import Session, SessionLost
from services.mail.trouble import RelayAway, Trouble, refusal

CHECK_AFTER: Final = 15.0
"""Seconds idle after which a connection is asked whether it still stands; firewalls forget without a word."""
IDLE: Final = 60.0
"""Seconds after which one that nobody needed is closed."""
FEWER_FOR: Final = 5.0
"""Seconds for which a relay that refuses one connection more is not asked for one more."""


class Pool:
    """At most `size` connections, `reserved` of them not for routine mail."""

    def __init__(self, open_session: Open, *, size: int, reserved: int, mails_per_connection: int) -> None:
        self._open_session = open_session
        self._size, self._reserved, self._mails = size, reserved, mails_per_connection
        self._ceiling = size
        self._brake = Brake(size)
        self._leased: dict[str, int] = dict[str, int].fromkeys(LANES, 0)
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {lane: deque() for lane in LANES}
        self._hanging: dict[Session, str] = {}
        self._giving_way: dict[str, set[Session]] = {lane: set() for lane in LANES}
        self._sessions: set[Session] = set()
        self._idle: list[tuple[float, Session]] = []  # the last is the first taken: who is invited, or was used last
        self._closing: set[asyncio.Task[None]] = set()
        self.away: Trouble | None = None
        """Why nobody gets a connection now."""

    @asynccontextmanager
    async def lease(self, lane: str) -> AsyncIterator[Session]:
        """A usable connection, when it is this lane's turn. Raises RelayAway."""
        session = await self._take(lane)
        try:
            yield session
        finally:
            self._giving_way[lane].discard(session)
            self._hanging.pop(session, None)
            self._put_back(session)
            self._free(lane)

    def keep(self, session: Session, lane: str, under_way: int) -> bool:
        """Whether who has this connection, and so many mails on it, may send another one with it."""
        self._hanging.pop(session, None)
        if self._waiting["urgent"] and lane != "urgent" and self._gives_way(session, lane):
            return False
        if self._brake.on and sum(self._sending().values()) > self._brake.window:
            return False
        return session.sent + under_way < self._mails and session.usable

    def hangs(self, session: Session, lane: str) -> None:
        """The relay does not answer on this connection. Until it does, whatever pace is kept is kept by the others."""
        self._hanging[session] = lane
        self._wake()

    def took(self) -> None:
        """The relay took a mail."""
        if self._brake.took():
            self._wake()

    def slow_down(self) -> bool:
        """Send nothing for a moment, and then more slowly. False: the relay has taken nothing for too long."""
        seconds = self._brake.refused()
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._go_on)
        return not self._brake.stubborn

    def shut(self, trouble: Trouble) -> None:
        """Let nobody have a connection until `check` has succeeded; who waits is told."""
        self.away = trouble
        for waiting in self._waiting.values():
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_exception(RelayAway(trouble))

    async def check(self, sender: str) -> None:
        """See whether the relay answers, and takes mail from `sender` if it was shut; then open. Raises RelayAway.

        While all connections are in use there is none to ask with, and what is under way on them will tell.
        """
        if self.away is None and not self._idle and len(self._sessions) >= self._ceiling:
            return
        session = await self._session()
        try:
            if self.away is not None:
                reply = await session.takes_from(sender)
                if reply.verdict in {Verdict.REFUSES_US, Verdict.NOT_NOW, Verdict.CLOSING, Verdict.OUT_OF_STEP}:
                    raise RelayAway(refusal(reply))
        except SessionLost:
            raise RelayAway(Trouble("closes the connection")) from None
        finally:
            self._put_back(session)
        self.open()

    def open(self) -> None:
        """Let connections be had again."""
        if self.away is not None:
            asyncio.get_running_loop().call_later(self._brake.begin_anew(), self._go_on)
        self.away = None

    async def close(self) -> None:
        """Take leave of the relay."""
        while self._idle:
            self._dismiss(self._idle.pop()[1])
        if self._closing:
            await asyncio.wait(self._closing)

    async def _take(self, lane: str) -> Session:
        while True:
            await self._turn(lane)
            try:
                return await self._session()
            except RelayAway:
                self._free(lane)
                if not any(session.usable for session in self._sessions):
                    raise
                self._make_do()
            except BaseException:
                self._free(lane)
                raise

    async def _turn(self, lane: str) -> None:
        if self.away is not None:
            raise RelayAway(self.away)
        if self._may(lane):
            self._leased[lane] += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free(lane)  # it was our turn, and we go
            raise

    def _may(self, lane: str) -> bool:
        fits = self._fits(lane, self._leased, self._ceiling)
        return fits and (not self._brake.on or self._fits(lane, self._sending(), self._brake.window))

    def _fits(self, lane: str, taken: Mapping[str, int], most: int) -> bool:
        return sum(taken.values()) < most and (lane == "urgent" or taken[lane] < max(1, most - self._reserved))

    def _sending(self) -> Mapping[str, int]:
        """Connections in use, without those that hang."""
        return Counter(self._leased) - Counter(self._hanging.values())

    def _gives_way(self, session: Session, lane: str) -> bool:
        """Whether it is wanted for a more urgent lane. Who was told so is on the way; one goes for each that waits."""
        going = self._giving_way[lane]
        if session not in going and len(going) < len(self._waiting["urgent"]):
            going.add(session)
        return session in going

    def _free(self, lane: str) -> None:
        self._leased[lane] -= 1
        self._wake()

    def _wake(self) -> None:
        for lane in LANES:
            waiting = self._waiting[lane]
            while waiting and (waiting[0].done() or self._may(lane)):
                turn = waiting.popleft()
                if not turn.done():
                    self._leased[lane] += 1
                    turn.set_result(None)

    def _go_on(self) -> None:
        self._brake.go_on()
        self._wake()

    def _make_do(self) -> None:
        """Take it that the relay wants no more connections than it has, for a while."""
        if self._ceiling == self._size:
            asyncio.get_running_loop().call_later(FEWER_FOR, self._restore)
        self._ceiling = max(1, min(self._ceiling, len(self._sessions)))

    def _restore(self) -> None:
        self._ceiling = self._size
        self._wake()

    async def _session(self) -> Session:
        while self._idle:
            since, session = self._idle.pop()
            self._sessions.discard(session)
            if session.usable and (_now() - since < CHECK_AFTER or await session.answers()):
                self._sessions.add(session)
                return session
            session.abort()
        session = await self._open_session()
        self._sessions.add(session)
        return session

    def _put_back(self, session: Session) -> None:
        if session.usable and session.sent < self._mails and len(self._sessions) <= self._size:
            self._idle.append((_now(), session))
            self._idle.sort(key=lambda idle: idle[1].invited)
        else:
            self._dismiss(session)
        while self._idle and _now() - self._idle[0][0] > IDLE:
            self._dismiss(self._idle.pop(0)[1])

    def _dismiss(self, session: Session) -> None:
        self._sessions.discard(session)
        if session.usable:
            leaving = asyncio.create_task(session.close())
            self._closing.add(leaving)
            leaving.add_done_callback(self._closing.discard)


def _now() -> float:
    return asyncio.get_running_loop().time()
