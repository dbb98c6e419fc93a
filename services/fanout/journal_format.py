"""How a journal looks on disk: a page of header, then slots of fixed size. One machine writes and reads it.

    header   one page: who wrote it, in which life, of which database, since which boot; CRC-32 of that; `overflown`
    slot     SLOT_BYTES: a claim in hand: used, message, batch, how many; then a record for each delivery
    record   RECORD_BYTES: mark (0 untouched, 1 opened, 2 answered), flags, attempt, sequence, and the answer

A mark is stored after what it vouches for, `used` after the records, so that what was being written when the process
died is not believed. Numbers and short words only: no address, no name.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct
from typing import Final

from services.domain.batches import BATCH_SIZE, BatchRef
from services.domain.states import State
from services.store.ledger_types import CLEARED, HANDED_OVER, IN_DOUBT, Result

VERSION: Final = 1
PAGE: Final = 4096
SLOT_HEAD: Final = 64
RECORD_BYTES: Final = 80
SLOT_BYTES: Final = -(-(SLOT_HEAD + BATCH_SIZE * RECORD_BYTES) // PAGE) * PAGE
OVERFLOWN: Final = 512
"""Where the header says that a claim found no slot: then absence from the journal proves nothing."""

UNTOUCHED, OPENED, ANSWERED = 0, 1, 2

HEADER: Final = Struct("<8sHHIqq16s16s32s")
SLOT: Final = Struct("<xxHiq")  # after `used`: count, batch, message
ENTRY: Final = Struct("<Bxhi")  # mark, attempt, sequence; then the answer
ANSWER: Final = Struct("<dhhB35s24s")  # at (Unix seconds; 0: none), state, code, flags, provider id, reason
ANSWER_AT: Final = 8
NO_CODE: Final = -32768

_MAGIC: Final = b"ROELANDJ"
_CRC: Final = Struct("<I")


class Unusable(Exception):
    """Not a journal that can be believed, in a few words."""


@dataclass(frozen=True, slots=True)
class Author:
    """Whose journal it is. `database`: 16 bytes that no other database has. `boot`: this boot of this machine."""

    service: str
    epoch: int
    began: int  # microseconds since 1970, by the database's clock: an epoch restored from a backup is another one
    database: bytes
    boot: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What is written about one delivery: opened, and the answer if one was read."""

    attempt: int
    opened: bool
    answer: Result | None


Pages = Mapping[BatchRef, Mapping[int, Written]]
"""What is written, by batch and sequence number."""


@dataclass(frozen=True, slots=True)
class Journalled:
    """A whole journal. `overflown`: a claim found no slot in it."""

    author: Author
    pages: Pages
    overflown: bool


def header(author: Author, slots: int) -> bytes:
    """The first bytes of a journal with so many slots."""
    head = HEADER.pack(
        _MAGIC, VERSION, slots, SLOT_BYTES, author.epoch, author.began, author.database, author.boot,
        author.service.encode(),
    )  # fmt: skip
    return head + _CRC.pack(zlib.crc32(head))


def read(content: bytes) -> Journalled:
    """What is in a journal. Raises `Unusable`."""
    author = _read_header(content)
    pages: dict[BatchRef, dict[int, Written]] = {}
    for start in range(PAGE, len(content), SLOT_BYTES):
        if content[start]:
            ref, page = _read_slot(content, start)
            pages[ref] = _latest(pages.get(ref, {}), page)
    return Journalled(author, pages, bool(content[OVERFLOWN]))


def record_at(slot: int, place: int) -> int:
    """Where the record of the `place`th delivery of a slot begins."""
    return slot + SLOT_HEAD + place * RECORD_BYTES


def _read_header(content: bytes) -> Author:
    if len(content) < PAGE or content[:8] != _MAGIC:
        raise Unusable("not a journal")
    _, version, slots, slot_bytes, epoch, began, database, boot, service = HEADER.unpack_from(content)
    if version != VERSION:
        raise Unusable(f"version {version}")
    if _CRC.unpack_from(content, HEADER.size)[0] != zlib.crc32(content[: HEADER.size]):
        raise Unusable("header damaged")
    if slot_bytes != SLOT_BYTES or len(content) != PAGE + slots * SLOT_BYTES:
        raise Unusable("truncated")
    return Author(service.rstrip(b"\0").decode("ascii", "replace"), epoch, began, database, boot)


def _read_slot(content: bytes, start: int) -> tuple[BatchRef, dict[int, Written]]:
    count, number, message = SLOT.unpack_from(content, start)
    if not 0 <= count <= BATCH_SIZE or number < 1 or message < 1:
        raise Unusable("slot damaged")
    return BatchRef(message, number), dict(_read_record(content, record_at(start, place)) for place in range(count))


def _latest(one: dict[int, Written], other: dict[int, Written]) -> dict[int, Written]:
    """Of a batch that was settled, let go and claimed again before its slot was cleared: of each the last attempt."""
    return one | {n: each for n, each in other.items() if n not in one or each.attempt > one[n].attempt}


def _read_record(content: bytes, at: int) -> tuple[int, Written]:
    mark, attempt, sequence = ENTRY.unpack_from(content, at)
    if mark > ANSWERED:
        raise Unusable("record damaged")
    answer = _read_answer(content, at, sequence, attempt) if mark == ANSWERED else None
    return sequence, Written(attempt, mark != UNTOUCHED, answer)


def _read_answer(content: bytes, at: int, sequence: int, attempt: int) -> Result:
    when, state, code, flags, provider_id, reason = ANSWER.unpack_from(content, at + ANSWER_AT)
    try:
        return Result(
            sequence,
            attempt,
            State(state),
            handed_over=bool(flags & HANDED_OVER),
            in_doubt=bool(flags & IN_DOUBT),
            cleared=bool(flags & CLEARED),
            code=None if code == NO_CODE else code,
            reason=_text(reason),
            provider_id=_text(provider_id),
            at=datetime.fromtimestamp(when, UTC) if when else None,
        )
    except (ValueError, OverflowError, OSError):
        raise Unusable("record damaged") from None


def _text(field: bytes) -> str | None:
    return field.rstrip(b"\0").decode("utf-8", "replace") or None
