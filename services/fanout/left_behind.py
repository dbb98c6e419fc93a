"""The journals in a folder that have lost their owners: nobody holds their locks. docs/decisions/0005.

Who looks shares the lock with others who look, so that none of them passes for the owner.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from services.fanout.journal import HALF_MADE, SUFFIX


def left_behind(folder: Path, pattern: str = "*") -> Iterator[tuple[Path, int]]:
    """The journals whose owners are gone: path and descriptor, which the caller closes."""
    for path in sorted(folder.glob(pattern + SUFFIX)):
        file = _if_free(path)
        if file is not None:
            yield path, file
    for path in folder.glob(pattern + HALF_MADE):  # its maker died before it had its name: nothing was sent by it
        file = _if_free(path)
        if file is not None:
            path.unlink(missing_ok=True)
            os.close(file)


def content(file: int) -> bytes:
    """All that is in it."""
    return os.pread(file, os.fstat(file).st_size, 0)


def remove(path: Path) -> None:
    """All of it is settled."""
    path.unlink(missing_ok=True)


def _if_free(path: Path) -> int | None:
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.stat()):  # else someone was quicker, and it is gone
            return file
    except OSError:
        pass
    os.close(file)
    return None
