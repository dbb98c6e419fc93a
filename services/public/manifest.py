"""What is whole on disk, a line of JSON for each piece, appended once its files are in their places.

The first line says by what it was made: a manifest of another version of the program, of other settings, or from before
this machine was last started (a power cut may take what was never flushed) counts for nothing. A last line that was cut
short is as good as none.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Kept:
    """A document on disk. `modified`: seconds since 1970; `compressed`: bytes of its `.gz`, 0 without."""

    path: str
    media_type: str
    etag: str
    modified: int
    size: int
    compressed: int


@dataclass(frozen=True, slots=True)
class Built:
    """A piece on disk. Without documents and signature: it is there no more."""

    key: str
    signature: str
    documents: Sequence[Kept]


def head(version: str) -> bytes:
    """The first line. On a system that does not number its starts, every start of `public` builds anew."""
    boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
    return _line({"version": version, "boot": boot})


def line(built: Built) -> bytes:
    """What is appended for a piece."""
    return _line([built.key, built.signature, [astuple(each) for each in built.documents]])


def read(content: bytes, version: str) -> list[Built]:
    """The pieces that a manifest names, each as it was last; none of another version."""
    first, _, rest = content.partition(b"\n")
    if first + b"\n" != head(version):
        return []
    latest: dict[str, Built] = {}
    for each in _lines(rest):
        latest[each.key] = each
    return [built for built in latest.values() if built.signature]


def written(version: str, pieces: Iterable[Built]) -> bytes:
    """A whole manifest."""
    return b"".join([head(version), *map(line, pieces)])


def _lines(content: bytes) -> list[Built]:
    found = []
    for each in content.split(b"\n"):
        try:
            key, signature, documents = json.loads(each)
            found.append(Built(key, signature, [Kept(*document) for document in documents]))
        except (ValueError, TypeError):  # cut short, or not ours
            continue
    return found


def _line(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"
