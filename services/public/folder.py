"""The newsfeed's files: written whole or not at all, and known by a manifest.

    open/…      what anyone may read: a web server may serve this folder as it is
    closed/…    what only an audience may read, through `public` alone
    new/…       being written
    manifest    which pieces are whole (services/public/manifest.py)

A document's files are its own and, compressed, the same with `.gz`; their time is when what it shows last changed, so
it is the same in every copy. Putting files in their places and noting it is one step: nobody sees half of it.
"""

import gzip
import os
import shutil
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from services.public import manifest
from services.public.documents import Document
from services.public.manifest import Built, Kept
from services.public.places import content_of, etag_of, make, names_of, packed

COMPRESSED_FROM: Final = 256
"""Bytes; what is smaller hardly gets smaller."""

_SPARE_LINES: Final = 1000

_PARTS: Final = {"": 0o755, "open": 0o755, "closed": 0o700, "new": 0o700}
"""Folders, and who may look into them."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that lies ready under `new/`, and its bytes, plain and compressed."""

    kept: Kept
    file: Path
    body: bytes
    compressed: bytes


class Folder:
    """What is built, by piece and by document. One process at a time writes in a folder (`places.claimed`)."""

    def __init__(self, root: Path, version: str) -> None:
        self.root, self._version = root, version
        self._pieces: dict[str, Built] = {}
        self._documents: dict[str, Kept] = {}
        self._manifest, self._file, self._lines = root / "manifest", -1, 0
        self._number = count()

    def load(self) -> None:
        """Take over what is whole of what an earlier process left, and take away the rest. Raises OSError."""
        for name, mode in _PARTS.items():
            make(self.root / name, mode)
        for file in (self.root / "new").iterdir():
            shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()
        found = manifest.read(content_of(self._manifest), self._version)
        whole = [built for built in found if all(self._is_whole(each) for each in built.documents)]
        self._pieces = {built.key: built for built in whole}
        self._documents = {each.path: each for built in whole for each in built.documents}
        self._begin_manifest()

    def tidy(self) -> None:
        """Take away every file that belongs to no document; slow."""
        kept = {name for each in list(self._documents.values()) for name in names_of(each)}
        for top in ("open", "closed"):
            for file in (self.root / top).rglob("*"):
                if not file.is_dir() and str(file.relative_to(self.root)) not in kept:
                    file.unlink(missing_ok=True)

    def is_lost(self) -> bool:
        """Whether somebody took the folder, a part of it, or its manifest, away."""
        try:
            whole = all((self.root / name).is_dir() for name in _PARTS)
            return not whole or self._manifest.stat().st_ino != os.fstat(self._file).st_ino
        except OSError:
            return True

    def signature(self, key: str) -> str | None:
        """What a piece was built with; None when it is not built."""
        built = self._pieces.get(key)
        return built.signature if built else None

    def keys(self) -> set[str]:
        """The pieces that are built."""
        return set(self._pieces)

    def find(self, path: str) -> Kept | None:
        """A document by its path."""
        return self._documents.get(path)

    def read(self, kept: Kept, *, compressed: bool) -> bytes:
        """Its bytes. Raises OSError when they are not there, or not those that were written."""
        stored = (self.root / names_of(kept)[compressed]).read_bytes()
        try:
            body = gzip.decompress(stored) if compressed else stored
        except (EOFError, zlib.error) as broken:
            raise OSError(f"{kept.path}.gz cannot be read") from broken
        if etag_of(body) != kept.etag:
            raise OSError(f"{kept.path} is not as it was written")
        return stored

    def distrust(self, kept: Kept) -> None:
        """Have the piece that this document belongs to built anew."""
        for built in [each for each in list(self._pieces.values()) if kept in each.documents]:
            del self._pieces[built.key]

    def prepare(self, documents: Iterable[Document]) -> list[Prepared]:
        """Write documents beside their places: the slow part, for a thread. Raises OSError."""
        return [self._prepared(document) for document in documents]

    def put(self, key: str, signature: str, prepared: Sequence[Prepared]) -> None:
        """Put them in their places, and take away what the piece had besides. Raises OSError."""
        for each in prepared:
            for name, file in zip(names_of(each.kept), (each.file, packed(each.file)), strict=False):
                file.replace(self.root / name)
        self._note(Built(key, signature, [each.kept for each in prepared]))

    def unwritten(self, document: Document) -> Kept:
        """Take it for what is at its path, though it could not be written: another is not what the record says."""
        modified = int(document.modified.timestamp())
        kept = Kept(document.path, document.media_type, etag_of(document.body), modified, len(document.body), 0)
        self._documents[kept.path] = kept
        return kept

    def drop(self, key: str) -> None:
        """A piece is there no more."""
        self._note(Built(key, "", []))

    def _note(self, built: Built) -> None:
        former = self._pieces.pop(built.key, None)
        if built.signature:
            self._pieces[built.key] = built
        self._documents |= {each.path: each for each in built.documents}
        for each in set(former.documents if former else ()):
            self._forget(each, built)
        os.write(self._file, manifest.line(built))
        self._lines += 1
        if self._lines > 2 * len(self._pieces) + _SPARE_LINES:
            self._begin_manifest()

    def _forget(self, former: Kept, built: Built) -> None:
        kept = self._documents.get(former.path)
        still = set(names_of(kept)) if kept and kept in built.documents else set()
        if not still:
            self._documents.pop(former.path, None)
        for name in set(names_of(former)) - still:
            (self.root / name).unlink(missing_ok=True)

    def _prepared(self, document: Document) -> Prepared:
        body, file = document.body, self.root / "new" / str(next(self._number))
        compressed = gzip.compress(body, 6, mtime=0) if len(body) >= COMPRESSED_FROM else b""
        modified = int(document.modified.timestamp())
        kept = Kept(document.path, document.media_type, etag_of(body), modified, len(body), len(compressed))
        place = self.root / names_of(kept)[0]
        make(place.parent, 0o755)
        for each, content in ((file, body), (packed(file), compressed))[: len(names_of(kept))]:
            each.write_bytes(content)
            each.chmod(0o644)  # whatever the umask: a web server reads them as another user
            os.utime(each, (modified, modified))
        return Prepared(kept, file, body, compressed)

    def _is_whole(self, kept: Kept) -> bool:
        try:
            sizes = [(self.root / name).stat().st_size for name in names_of(kept)]
        except OSError:
            return False
        return sizes == [kept.size, kept.compressed][: len(sizes)]

    def _begin_manifest(self) -> None:
        new = self.root / "new" / "manifest"
        new.write_bytes(manifest.written(self._version, self._pieces.values()))
        new.replace(self._manifest)
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self._manifest, os.O_WRONLY | os.O_APPEND)
        self._lines = len(self._pieces)
