"""Where a document's files are, below the folder of the newsfeed, and whose folder it is."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final, TextIO

from services.public.documents import TOKEN
from services.public.manifest import Kept
from services.runtime.errors import Foreseen

MOST_BESIDE: Final = 9
"""Copies of `public` on one data directory that find a folder by themselves."""

_ETAG_CHARACTERS: Final = 20


@contextmanager
def claimed(root: Path, *, or_beside: bool = False) -> Iterator[Path]:
    """A folder that is ours alone while inside: this one, or `root-2` and so on when others build there and we may.

    Raises `Foreseen` when there is none.
    """
    for number in range(1, MOST_BESIDE + 1 if or_beside else 2):
        folder = root.with_name(f"{root.name}-{number}") if number > 1 else root
        lock = _locked(folder)
        if lock is not None:
            with lock:
                yield folder
            return
    raise Foreseen(f"{root} is another public's: give each its own ROELAND_PUBLIC_DIR")


def _locked(folder: Path) -> TextIO | None:
    try:
        make(folder, 0o755)
        lock = (folder / "lock").open("w")
    except OSError as problem:
        raise Foreseen(f"{folder} cannot be written ({problem.strerror}): see ROELAND_PUBLIC_DIR") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def names_of(kept: Kept) -> list[str]:
    """Its files, below the folder: its own and, if there is one, the compressed one."""
    parts = kept.path.split("/")
    top = "open" if is_open(kept.path) else "closed"
    if not all(part and part not in {".", ".."} and "\0" not in part for part in parts):
        raise ValueError(f"no path of a document: {kept.path}")
    name = f"{top}/{kept.path}"
    return [name, f"{name}.gz"] if kept.compressed else [name]


def is_open(path: str) -> bool:
    """Whether anyone may read the document at this path: it has no place for a reader's token."""
    return not any(part.partition(".")[0] == TOKEN for part in path.split("/"))


def packed(file: Path) -> Path:
    """The compressed one, beside it."""
    return file.with_name(f"{file.name}.gz")


def etag_of(body: bytes) -> str:
    """The same for the same bytes, in every copy."""
    return sha256(body).hexdigest()[:_ETAG_CHARACTERS]


def make(directory: Path, mode: int) -> None:
    """A directory and those above it that are missing, with this mode, whatever the umask. Raises OSError."""
    if not directory.is_dir():
        make(directory.parent, mode)
        directory.mkdir(exist_ok=True)
        directory.chmod(mode)


def content_of(file: Path) -> bytes:
    """Nothing, if it is not there."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
