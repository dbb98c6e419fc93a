"""The title of a correction that is drafted for somebody: what was said, after the word for a correction, once."""

from collections.abc import Mapping
from typing import Final

from services.domain import limits

_WORDS: Final[Mapping[str, str]] = {
    "nl": "Rechtzetting", "fr": "Rectification", "en": "Correction", "de": "Berichtigung",
}  # fmt: skip


def correction_title(title: str, language: str | None) -> str:
    """`Rechtzetting: TITLE`, also where the title is that of a correction itself: one such word says it."""
    said = title.strip()
    while said.partition(":")[0].strip() in _WORDS.values() and ":" in said:
        said = said.partition(":")[2].strip()
    return f"{_WORDS.get(language or 'nl', _WORDS['nl'])}: {said}"[: limits.TITLE_CHARACTERS]
