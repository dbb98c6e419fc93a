"""Where a document's files are, below the folder of the newsfeed, and whose folder it is."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from services.public.documents import TOKEN
from services.public.manifest import Kept
from services.runtime.errors import Foreseen

_ETAG_CHARACTERS: Final = 20


@contextmanager
def claimed(root: Path) -> Iterator[None]:
    """The folder is ours alone while inside; raises `Foreseen` when it cannot be, or another process builds there."""
    try:
        make(root, 0o755)
        lock = (root / "lock").open("w")
    except OSError as problem:
        raise Foreseen(f"{root} cannot be written ({problem.strerror}): see ROELAND_PUBLIC_DIR") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Foreseen(f"{root} is another public's: give each its own ROELAND_PUBLIC_DIR") from None
        yield


def names_of(kept: Kept) -> list[str]:
    """Its files, below the folder: its own and, if there is one, the compressed one."""
    parts = kept.path.split("/")
    top = "closed" if any(part.partition(".")[0] == TOKEN for part in parts) else "open"
    if not all(part and part not in {".", ".."} and "\0" not in part for part in parts):
        raise ValueError(f"no path of a document: {kept.path}")
    name = f"{top}/{kept.path}"
    return [name, f"{name}.gz"] if kept.compressed else [name]


def packed(file: Path) -> Path:
    """The compressed one, beside it."""
    return file.with_name(f"{file.name}.gz")


def etag_of(body: bytes) -> str:
    """The same for the same bytes, in every copy."""
    return sha256(body).hexdigest()[:_ETAG_CHARACTERS]


def make(directory: Path, mode: int) -> None:
    """A directory and those above it that are missing, with this mode, whatever the umask."""
    if not directory.exists():
        make(directory.parent, mode)
        directory.mkdir(exist_ok=True)
        directory.chmod(mode)


def content_of(file: Path) -> bytes:
    """Nothing, if it is not there."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
