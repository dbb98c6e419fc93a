"""What a worker writes down while it sends, so that a crash leaves in doubt only what was in flight.

A file for each epoch, mapped into memory: `opened` and each answer are stores to memory, without a system call, and
outlive kill -9 because the pages are the kernel's. The file is locked (flock) for as long as its owner lives. A claim
in hand has a slot, cleared once its settlement has committed, so that the file stays as large as it was made.
`docs/decisions/0005-journal.md`; the bytes are in `journal_format`.
"""

import fcntl
import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import structlog

from services.domain.batches import BATCH_SIZE
from services.fanout.journal_format import (
    ANSWER,
    ANSWER_AT,
    ANSWERED,
    ENTRY,
    NO_CODE,
    OPENED,
    OVERFLOWN,
    PAGE,
    RECORD_BYTES,
    SLOT,
    SLOT_BYTES,
    UNTOUCHED,
    Author,
    header,
    record_at,
)
from services.store.ledger import Claim, Delivery, Result

SUFFIX: Final = ".journal"
HALF_MADE: Final = ".new"
TRIES: Final = 3
_write_entry, _write_answer = ENTRY.pack_into, ANSWER.pack_into

log = structlog.get_logger(__name__)


class Page(Protocol):
    """Where what happens to one claim is written down."""

    def opened(self, delivery: Delivery) -> None:
        """It is handed over from here on."""

    def answered(self, result: Result) -> None:
        """What became of it."""

    def untouched(self, delivery: Delivery) -> bool:
        """Whether it certainly was not handed over."""

    def clear(self) -> None:
        """All of it is in the ledger."""


class NoPage:
    """Where no journal is kept."""

    def opened(self, delivery: Delivery) -> None:
        """Nothing is written."""

    def answered(self, result: Result) -> None:
        """Nothing is written."""

    def untouched(self, delivery: Delivery) -> bool:
        """Nobody knows."""
        return False

    def clear(self) -> None:
        """Nothing was written."""


class Journal:
    """The journal of one epoch. Raises OSError when it cannot be made: no file is left then."""

    def __init__(self, folder: Path, author: Author, slots: int) -> None:
        name = f"{author.service}-{author.epoch}-{author.database[:4].hex()}"
        self._path = folder / (name + SUFFIX)
        size = PAGE + slots * SLOT_BYTES
        self._file, self._map = _made(folder / (name + HALF_MADE), self._path, header(author, slots), size)
        self._slots = slots
        self._free = [PAGE + number * SLOT_BYTES for number in range(slots)]
        self._over = False

    @property
    def closed(self) -> bool:
        """Whether the file is gone."""
        return self._file < 0

    def page(self, claim: Claim) -> Page:
        """A slot for this claim, before anything of it is sent."""
        if not self._free or len(claim.deliveries) > BATCH_SIZE:
            self._map[OVERFLOWN] = 1
            log.error("journal_overflown", slots=self._slots, deliveries=len(claim.deliveries))
            return NoPage()
        return _Slot(self, self._free.pop(), self._map, claim)

    def free(self, start: int) -> None:
        """A slot was cleared."""
        self._free.append(start)
        if self._over:
            self.close()

    def close(self) -> None:
        """The epoch is over. The file goes as soon as no claim is in it; until then it stays, and locked."""
        self._over = True
        if len(self._free) == self._slots and not self.closed:
            self._path.unlink(missing_ok=True)
            self._map.close()
            os.close(self._file)
            self._file = -1


class _Slot:
    """The page of one claim."""

    def __init__(self, journal: Journal, start: int, pages: mmap.mmap, claim: Claim) -> None:
        self._journal, self._start, self._map = journal, start, pages
        places = range(record_at(start, 0), start + SLOT_BYTES, RECORD_BYTES)
        self._at = dict(zip([delivery.sequence for delivery in claim.deliveries], places, strict=False))
        for delivery, at in zip(claim.deliveries, places, strict=False):
            _write_entry(pages, at, UNTOUCHED, delivery.attempt, delivery.sequence)
        SLOT.pack_into(pages, start, len(claim.deliveries), claim.ref.number, claim.ref.message)
        pages[start] = 1

    def opened(self, delivery: Delivery) -> None:
        """It is handed over from here on."""
        self._map[self._at[delivery.sequence]] = OPENED

    def answered(self, result: Result) -> None:
        """What became of it."""
        at = self._at[result.sequence]
        _write_answer(
            self._map,
            at + ANSWER_AT,
            result.at.timestamp() if result.at else 0.0,
            result.state,
            NO_CODE if result.code is None else result.code,
            result.flags,
            result.provider_id.encode() if result.provider_id else b"",
            result.reason.encode() if result.reason else b"",
        )
        self._map[at] = ANSWERED

    def untouched(self, delivery: Delivery) -> bool:
        """Whether it certainly was not handed over."""
        return self._map[self._at[delivery.sequence]] == UNTOUCHED

    def clear(self) -> None:
        """All of it is in the ledger."""
        self._map[self._start] = 0
        self._journal.free(self._start)


def _made(half: Path, path: Path, head: bytes, size: int) -> tuple[int, mmap.mmap]:
    """The new file, locked, and its pages. It gets its name once it is whole: what has the name is believed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = _locked(half)
    try:
        os.posix_fallocate(file, 0, size)  # a hole in it would be SIGBUS on a full disk
        pages = mmap.mmap(file, size)
        pages[: len(head)] = head
        os.link(half, path)
    except BaseException:
        os.close(file)
        raise
    finally:
        half.unlink(missing_ok=True)
    return file, pages


def _locked(half: Path) -> int:
    for _ in range(TRIES):
        with suppress(FileExistsError):
            file = os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with suppress(BlockingIOError):  # whoever replays may look at it just now, and then removes it
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file).st_nlink:
                    return file
            os.close(file)
        half.unlink(missing_ok=True)
    raise BlockingIOError(f"{half.name} is held by someone else")
