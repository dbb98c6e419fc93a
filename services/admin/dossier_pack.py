"""A zip whose bytes depend on what is in it and on nothing else, with the SHA-256 of every file in SHA256SUMS."""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, BinaryIO, Final

MOMENT: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say: when a dossier was made is in the audit, and would make each one another file."""
SUMS: Final = "SHA256SUMS"


class Pack:
    """Files are added one by one, and never held whole; `SHA256SUMS` is added at the end, in order of names."""

    def __init__(self, out: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._sums: dict[str, str] = {}

    def __enter__(self) -> "Pack":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            self.add(SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items())))
        self._zip.close()

    def add(self, name: str, text: str) -> None:
        """A file of which the text is at hand."""
        with self.open(name) as write:
            write.text(text)

    @contextmanager
    def open(self, name: str) -> "Iterator[Writing]":
        """A file that is written piece by piece; no other one at the same time."""
        info = zipfile.ZipInfo(name, MOMENT)
        info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
        with self._zip.open(info, "w", force_zip64=True) as out:
            writing = Writing(out)
            yield writing
        self._sums[name] = writing.digest.hexdigest()


class Writing:
    """Hashes what it writes."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self.digest = out, hashlib.sha256()

    def text(self, text: str) -> None:
        """Append, as UTF-8."""
        written = text.encode()
        self.digest.update(written)
        self._out.write(written)
