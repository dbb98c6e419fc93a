"""A file that is there whole or not at all, for its owner alone: what we write holds people, and is proof.

It never takes the place of one that is there, which may be the only copy.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

from services.admin.answers import Refusal


@contextmanager
def new_file(path: Path) -> Iterator[BufferedRandom]:
    """Write to what this yields; `path` appears when that ends well, with mode 0600, and is on disk."""
    refuse_existing(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        _in_place(Path(temporary), path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def refuse_existing(path: Path) -> None:
    """Raises `Refusal`; asked before the work, and again when it is done."""
    if path.exists() or path.is_symlink():
        raise Refusal(f"{path} is there already, and may be the only copy: choose another name")


def _in_place(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)  # refuses if somebody made it meanwhile, which a rename does not
    except FileExistsError:
        refuse_existing(path)
    except OSError:  # a file system without links
        refuse_existing(path)
        temporary.rename(path)
