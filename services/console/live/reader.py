"""The one who looks: at the board and at what is being sent, for all open pages of this process.

At most twice a second while something is sent and somebody watches, every two seconds while nothing is sent, and not at
all when nobody watches. What is decided anywhere goes through the outbox and is heard of at once; counts are not, and
are asked for.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from services.admin.answers import as_plain
from services.console.doors.settings import DoorSettings
from services.console.live import board, facts
from services.console.live.subjects import Subject
from services.console.live.watchers import Key, Watchers
from services.runtime.outbox import CHANNEL
from services.runtime.postgres import AWAY, Connection, DatabaseSettings, Pool, listen
from services.store.board import titles
from services.store.live import Stand, stands, still_stand

GAP_SECONDS: Final = 0.25
"""Between two looks at least, whoever calls."""
LOOK_SECONDS: Final = 0.5
IDLE_SECONDS: Final = 2.0
SESSIONS_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class Reader:
    """Keeps what is watched up to date."""

    def __init__(self, pool: Pool, database: DatabaseSettings, watchers: Watchers, doors: DoorSettings) -> None:
        self._pool, self._database, self._watchers, self._doors = pool, database, watchers, doors
        self._board_at = self._judged_at = 0.0
        self._titles: dict[int, str] = {}
        self._away_since: str | None = None

    async def run(self) -> None:
        """For as long as it runs; at rest while nobody watches."""
        while True:
            await self._watchers.wake.wait()
            listening = asyncio.create_task(listen(self._database.url(), CHANNEL, self._watchers.wake.set))
            try:
                while self._watchers.subjects:
                    await self._turn()
            finally:
                listening.cancel()
            self._watchers.wake.clear()

    async def _turn(self) -> None:
        """One look, and the time until the next."""
        woken = self._watchers.wake.is_set()
        self._watchers.wake.clear()
        pause = IDLE_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._pool.connection(timeout=2) as connection:
                if await self._look(connection, woken=woken):
                    pause = LOOK_SECONDS
            self._answered()
        except (*AWAY, TimeoutError) as problem:
            self._away(problem)
            pause = LOOK_SECONDS
        self._watchers.forget()
        await asyncio.sleep(GAP_SECONDS)
        try:
            async with asyncio.timeout(pause - GAP_SECONDS):
                await self._watchers.wake.wait()
        except TimeoutError:
            pass

    async def _look(self, connection: Connection, *, woken: bool) -> bool:
        """Put what is found; whether something is being sent."""
        subjects = dict(self._watchers.subjects)
        found = await stands(connection, [name for name in subjects if name])
        running = [each for each in found if each.open and each.released_at]
        for each in found:
            if (subject := subjects.get(each.id)) and facts.put_message(subject, each):
                subject.announce()
        if whole := subjects.get(None):
            await self._look_at_board(connection, whole, running, woken=woken)
        if time.monotonic() - self._judged_at > SESSIONS_SECONDS:
            await self._judge(connection)
        return bool(running)

    async def _look_at_board(
        self, connection: Connection, whole: Subject, running: Sequence[Stand], *, woken: bool
    ) -> None:
        """What is being sent each time; the rest when something was decided, or every two seconds. Its clocks show
        minutes.
        """
        titles = await self._titled(connection, running)
        news = whole.put("progress", [board.titled(each, titles) for each in running])
        if woken or "board" not in whole.parts or time.monotonic() - self._board_at > IDLE_SECONDS:
            self._board_at = time.monotonic()
            parts = await board.parts(connection, self._watchers.pulse, running=len(running))
            for name, part in parts.items():
                news = whole.put(name, part, minute=int(time.time() // 60)) or news
        if news:
            whole.announce()

    async def _titled(self, connection: Connection, found: Sequence[Stand]) -> dict[int, str]:
        """Their titles; a message's never changes, so each is asked for once."""
        unknown = [each.number for each in found if each.number not in self._titles]
        new = await titles(connection, unknown) if unknown else {}
        self._titles = {each.number: self._titles.get(each.number) or new.get(each.number, "") for each in found}
        return self._titles

    async def _judge(self, connection: Connection) -> None:
        keys: set[Key] = {each.key for each in self._watchers.all}
        of = {kind: [number for each, number in keys if each == kind] for kind in ("session", "key")}
        self._watchers.judge(
            await still_stand(
                connection, of["session"], of["key"], idle=self._doors.idle, absolute=self._doors.absolute
            )
        )
        self._judged_at = time.monotonic()

    def _away(self, problem: Exception) -> None:
        """Nothing can be seen: say so on every page, once."""
        if self._away_since is None:
            log.warning("postgres_away", during="live", problem=type(problem).__name__)
            self._away_since = as_plain(datetime.now(UTC))
        self._tell_trouble({"away_since": self._away_since})

    def _answered(self) -> None:
        if self._away_since is not None:
            log.info("postgres_back", during="live")
            self._away_since = None
        self._tell_trouble({"away_since": None})

    def _tell_trouble(self, found: dict[str, str | None]) -> None:
        for subject in self._watchers.subjects.values():
            if subject.put("trouble", found):
                subject.announce()
