"""How every running message stands, batch by batch, and how fast it moves. Pure: no clock, no I/O.

An entry is a batch's newest absolute counts. A record that comes again or late overwrites nothing, and whatever is
asked is summed from the entries when it is asked, so that replays and disorder do no harm (`KNOWN.md`, faust).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from services.domain.events import BatchSettled
from services.domain.states import FINAL, OPEN, State
from services.store.progress import BatchStand, Progress

WINDOW_SECONDS: Final = 10
"""The rate is over a window of so many seconds that moves on by one."""

FAILED: Final = frozenset({State.FAILED, State.BOUNCED, State.UNKNOWN})
SETTLED: Final = FINAL - {State.SUPPRESSED}  # what the plan suppressed took no time
TRIED: Final = FAILED | {State.ACCEPTED, State.DELIVERED}


@dataclass
class Running:
    """One message: its batches by number, and contacts settled by channel and second (Unix time)."""

    batches: dict[int, BatchStand] = field(default_factory=dict)
    settled: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    heard_at: float = 0.0
    written: dict[str, Progress] = field(default_factory=dict)


class Board:
    """The messages that this worker watches, by number."""

    def __init__(self) -> None:
        self.running: dict[int, Running] = {}

    def seed(self, message: int, stands: Iterable[BatchStand], now: datetime) -> None:
        """Take in how the record says that the message stands. A message without batches is none."""
        for stand in stands:
            running = self.running.setdefault(message, Running())
            running.heard_at = now.timestamp()
            _put(running, stand, min(stand.last_accepted_at or _LONG_AGO, now))

    def knows(self, message: int, batch: int) -> bool:
        """Whether this batch can be updated by an event; if not, the record must be asked."""
        return message in self.running and batch in self.running[message].batches

    def update(self, event: BatchSettled, at: datetime, now: datetime) -> bool:
        """Take in what an event says that happened `at`; its channel is as the record has it.

        False when it cannot be about this batch: as many contacts are in it as ever, in whatever states.
        """
        running = self.running[event.message]
        if min(event.counts.values(), default=0) < 0 or _size(event.counts) != _size(
            running.batches[event.batch].counts
        ):
            return False
        running.heard_at = now.timestamp()
        stand = BatchStand(
            event.batch, running.batches[event.batch].channel, event.version, event.counts, event.last_accepted_at
        )
        _put(running, stand, min(at, now))
        return True

    def progress(self, message: int, now: datetime) -> list[Progress]:
        """How each channel of the message stands now."""
        running = self.running[message]
        channels = sorted({stand.channel for stand in running.batches.values()})
        return [_progress(message, channel, running, now) for channel in channels]

    def finished(self, message: int, now: datetime) -> bool:
        """Whether nothing is open and nothing moves any more, so that there is nothing to watch."""
        return all(each.remaining == 0 and each.rate == 0 for each in self.progress(message, now))

    def note_written(self, written: Iterable[Progress], now: datetime) -> None:
        """Remember what was written, and let go of the messages about which there is nothing more to write."""
        for each in written:
            if each.message in self.running:
                self.running[each.message].written[each.channel] = each
        for message in [message for message in self.running if self._told(message, now)]:
            del self.running[message]

    def _told(self, message: int, now: datetime) -> bool:
        written = self.running[message].written
        return self.finished(message, now) and all(
            written.get(each.channel) == each for each in self.progress(message, now)
        )


def _put(running: Running, stand: BatchStand, at: datetime) -> None:
    known = running.batches.get(stand.number)
    if known and known.version >= stand.version:
        return
    more = _sum(stand.counts, SETTLED) - _sum(known.counts if known else {}, SETTLED)
    if more > 0:
        running.settled[stand.channel][int(at.timestamp())] += more
    running.batches[stand.number] = stand


def _progress(message: int, channel: str, running: Running, now: datetime) -> Progress:
    stands = [stand for stand in running.batches.values() if stand.channel == channel]
    remaining, tried, failed = (sum(_sum(stand.counts, among) for stand in stands) for among in (OPEN, TRIED, FAILED))
    rate = _rate(running.settled[channel], int(now.timestamp()))
    completes_at = now + timedelta(seconds=min(remaining / rate, _FOR_EVER)) if rate and remaining else None
    return Progress(message, channel, rate, remaining, failed / tried if tried else 0.0, completes_at)


def _rate(settled: dict[int, int], now: int) -> float:
    """Contacts per second over the window, or over what has passed of it since the first was settled."""
    for second in [second for second in settled if second <= now - WINDOW_SECONDS]:
        del settled[second]
    if not settled:
        return 0.0
    return sum(settled.values()) / min(WINDOW_SECONDS, now - min(settled) + 1)


def _size(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


def _sum(counts: Mapping[str, int], among: Iterable[State]) -> int:
    return sum(counts.get(state.word, 0) for state in among)


_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER: Final = 365 * 24 * 3600.0
