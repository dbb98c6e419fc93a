"""The reader's own link: one for each mail of a newsletter, to read it, to change what one gets, and to end it.

It carries the message's number, the delivery's sequence and a token over both, so a second copy has the same one.
"""

import re
from dataclasses import dataclass
from typing import Final

from services.runtime.tokens import Keys

PURPOSE: Final = "reader"
ROOT: Final = "/reader"
UNSUBSCRIBE: Final = "unsubscribe"
PREFERENCES: Final = "preferences"
ARCHIVE: Final = "archive"
"""What stands behind a slash after a reader's link."""
READER: Final = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,8})-([A-Za-z0-9._-]{1,100})")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose link it is: a delivery."""

    message: int
    sequence: int


def reader_path(reader: Reader, keys: Keys) -> str:
    """`/reader/MESSAGE-SEQUENCE-TOKEN`; the pages below it are named in docs/newsletter.md."""
    return f"{ROOT}/{reader.message}-{reader.sequence}-{keys.token(_subject(reader), PURPOSE)}"


def read_by(name: str, keys: Keys) -> Reader | None:
    """Whose link this is, from `MESSAGE-SEQUENCE-TOKEN`; None unless we made it."""
    found = READER.fullmatch(name)
    if found is None:
        return None
    reader = Reader(int(found[1]), int(found[2]))
    return reader if keys.verify(found[3], _subject(reader), PURPOSE) else None


def _subject(reader: Reader) -> str:
    return f"{reader.message}/{reader.sequence}"
