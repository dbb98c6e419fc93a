"""The templates as they are on disk now: whoever edits one between proof and approval must be noticed.

What was rendered stays in the record as it was proofed; only what is rendered from now on is from the edited file.
"""

from collections.abc import Callable
from pathlib import Path

from services.rendering.centre import RenderingSettings
from services.rendering.templates import Templates, folders, load_templates

_Seen = tuple[tuple[str, int, int, int], ...]


class Shelf:
    """Reads the templates again when a file was added, taken away or written; looking costs a third of a millisecond.

    `prepare` is run once with each new set, for what should not wait for its first use.
    """

    def __init__(self, settings: RenderingSettings, prepare: Callable[[Templates], None] = lambda _: None) -> None:
        self._settings, self._prepare = settings, prepare
        self._seen = _seen(settings)
        self._templates = self._read()

    def templates(self) -> Templates:
        """What is on disk now. Raises Refused, naming the file and line, for what cannot be read."""
        seen = _seen(self._settings)
        if seen != self._seen:
            self._templates = self._read()
            self._seen = seen
        return self._templates

    def _read(self) -> Templates:
        templates = load_templates(self._settings)
        self._prepare(templates)
        return templates


def _seen(settings: RenderingSettings) -> _Seen:
    """Name, moment, size and number of every file that a template could come from."""
    paths = [path for folder in folders(settings) for path in sorted(folder.rglob("*"))]
    logo = [settings.centre_logo] if settings.centre_logo is not None else []
    return tuple(found for path in (*paths, *logo) for found in _look(path))


def _look(path: Path) -> _Seen:
    try:
        stat = path.stat()
    except OSError:  # it went while we looked
        return ()
    return ((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino),)
