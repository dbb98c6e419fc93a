"""Documents in memory, so that a reader who asks each second costs no disk; the least asked for leave first."""

from collections import OrderedDict
from typing import Final

from services.public.folder import Folder, Prepared
from services.public.manifest import Kept

BYTES: Final = 32 * 1024 * 1024


class Bodies:
    """Bodies by document, plain or compressed. What was just made is put here at once."""

    def __init__(self, folder: Folder, limit: int = BYTES) -> None:
        self._folder, self._limit, self._held = folder, limit, 0
        self._bodies: OrderedDict[tuple[str, str, bool], bytes] = OrderedDict()

    def body(self, kept: Kept, *, compressed: bool) -> bytes:
        """The bytes of a document. Raises OSError when the folder has not what was written there."""
        key = (kept.path, kept.etag, compressed)
        found = self._bodies.get(key)
        if found is None:
            found = self._folder.read(kept, compressed=compressed)
            self._hold(key, found)
        else:
            self._bodies.move_to_end(key)
        return found

    def put(self, prepared: Prepared) -> None:
        """Have at hand what was just made."""
        kept = prepared.kept
        self.hold(kept, prepared.body)
        if prepared.compressed:
            self._hold((kept.path, kept.etag, True), prepared.compressed)

    def hold(self, kept: Kept, body: bytes) -> None:
        """Have this document at hand, whether it is on disk or not."""
        self._hold((kept.path, kept.etag, False), body)

    def _hold(self, key: tuple[str, str, bool], body: bytes) -> None:
        self._held += len(body) - len(self._bodies.pop(key, b""))
        self._bodies[key] = body
        while self._held > self._limit:
            _, gone = self._bodies.popitem(last=False)
            self._held -= len(gone)
