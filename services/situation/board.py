"""How every running message stands, batch by batch, and how fast it moves. Pure: no clock, no I/O.

An entry is what a batch's newest absolute counts say. A record that comes again or late overwrites nothing, and what a
newer one says replaces in the channel's sum what the former said, so that replays and disorder do no harm
(`KNOWN.md`, faust). A message to a million is ten thousand batches, asked about twice a second: hence sums that are
kept, and entries that are a few numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from services.domain.events import BatchSettled
from services.domain.states import FINAL, OPEN, State
from services.store.progress import BatchStand, Progress

WINDOW_SECONDS: Final = 10
"""The rate is over a window of so many seconds that moves on by one."""

FAILED: Final = frozenset({State.FAILED, State.BOUNCED, State.UNKNOWN})
SETTLED: Final = FINAL - {State.SUPPRESSED}  # what the plan suppressed took no time
TRIED: Final = FAILED | {State.ACCEPTED, State.DELIVERED}


class Entry(NamedTuple):
    """A batch at a version: how many contacts are in it, and how many of them in which sort of state."""

    version: int
    channel: str
    contacts: int
    open: int
    tried: int
    failed: int
    settled: int


@dataclass
class Sum:
    """All batches of a channel together, in contacts."""

    open: int = 0
    tried: int = 0
    failed: int = 0


@dataclass
class Running:
    """One message: its batches by number, their sums by channel, and contacts settled by channel and second (Unix)."""

    batches: dict[int, Entry] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    settled: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    heard_at: float = 0.0
    written: dict[str, Progress] = field(default_factory=dict)


Noted = tuple[int, Entry, datetime | None]
"""A batch's number, how it stands, and when the last in it was accepted."""


def note(stand: BatchStand) -> Noted:
    """What is kept of how the record says that a batch stands."""
    return stand.number, _entry(stand.channel, stand.version, stand.counts), stand.last_accepted_at


class Board:
    """The messages that this worker watches, by number."""

    def __init__(self) -> None:
        self.running: dict[int, Running] = {}

    def seed(self, message: int, noted: Iterable[Noted], now: datetime) -> None:
        """Take in how the record says that the message stands, all of it. A message without batches is none."""
        for number, entry, last_accepted_at in noted:
            running = self.running.setdefault(message, Running())
            running.heard_at = now.timestamp()
            _put(running, number, entry, min(last_accepted_at or _LONG_AGO, now))

    def knows(self, message: int, batch: int) -> bool:
        """Whether this batch can be updated by an event; if not, the record must be asked."""
        return message in self.running and batch in self.running[message].batches

    def update(self, event: BatchSettled, at: datetime, now: datetime) -> bool:
        """Take in what an event says that happened `at`; its channel is as the record has it.

        False when it cannot be about this batch: as many contacts are in it as ever, in whatever states.
        """
        running = self.running[event.message]
        known = running.batches[event.batch]
        entry = _entry(known.channel, event.version, event.counts)
        if min(event.counts.values(), default=0) < 0 or entry.contacts != known.contacts:
            return False
        running.heard_at = now.timestamp()
        _put(running, event.batch, entry, min(at, now))
        return True

    def progress(self, message: int, now: datetime) -> list[Progress]:
        """How each channel of the message stands now."""
        running = self.running[message]
        return [_progress(message, channel, running, now) for channel in sorted(running.sums)]

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


def _entry(channel: str, version: int, counts: Mapping[str, int]) -> Entry:
    return Entry(
        version, channel, sum(counts.values()),
        _sum(counts, OPEN), _sum(counts, TRIED), _sum(counts, FAILED), _sum(counts, SETTLED),
    )  # fmt: skip


def _put(running: Running, number: int, entry: Entry, at: datetime) -> None:
    known = running.batches.get(number) or Entry(-1, entry.channel, 0, 0, 0, 0, 0)
    if known.version >= entry.version:
        return
    if (more := entry.settled - known.settled) > 0:
        running.settled[entry.channel][int(at.timestamp())] += more
    of_channel = running.sums[entry.channel]
    of_channel.open += entry.open - known.open
    of_channel.tried += entry.tried - known.tried
    of_channel.failed += entry.failed - known.failed
    running.batches[number] = entry


def _progress(message: int, channel: str, running: Running, now: datetime) -> Progress:
    of_channel = running.sums[channel]
    rate = _rate(running.settled[channel], int(now.timestamp()))
    left = of_channel.open
    completes_at = now + timedelta(seconds=min(left / rate, _FOR_EVER)) if rate and left else None
    share = of_channel.failed / of_channel.tried if of_channel.tried else 0.0
    return Progress(message, channel, rate, left, share, completes_at)


def _rate(settled: dict[int, int], now: int) -> float:
    """Contacts per second over the window, or over what has passed of it since the first was settled."""
    for second in [second for second in settled if second <= now - WINDOW_SECONDS]:
        del settled[second]
    if not settled:
        return 0.0
    return sum(settled.values()) / min(WINDOW_SECONDS, now - min(settled) + 1)


def _sum(counts: Mapping[str, int], among: Iterable[State]) -> int:
    return sum(counts.get(state.word, 0) for state in among)


_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER: Final = 365 * 24 * 3600.0
