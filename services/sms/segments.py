"""Whether a provider counts an SMS's segments as we do: who approved a message was told what it would take."""

from typing import Final

import structlog

from services.domain.texts import measure

CHECKED: Final = 50
"""SMS of a message that are counted again: it costs as much as sending them."""
REMEMBERED: Final = 1_000

log = structlog.get_logger(__name__)


class Segments:
    """Compares, and says once per message when it differs."""

    def __init__(self) -> None:
        self._checked: dict[int, int] = {}

    def compare(self, message: int, text: str, theirs: int | None) -> None:
        """Of one SMS of this message. `theirs`: None when the provider did not say."""
        checked = self._checked.get(message, 0)
        if theirs is None or checked >= CHECKED:
            return
        ours = measure(text).segments
        self._checked[message] = CHECKED if ours != theirs else checked + 1
        if ours != theirs:
            log.warning("segments_differ", message=message, ours=ours, theirs=theirs)
        while len(self._checked) > REMEMBERED:
            del self._checked[next(iter(self._checked))]
