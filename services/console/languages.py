"""The console in Dutch and English: which one somebody reads, and gettext's catalogues.

The words in code and templates are English; `locale/<language>/*.po` has the others, a file for each part of the
console, read as they are when the console starts (there is no build step).
"""

from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Final

from babel import negotiate_locale
from babel.messages.pofile import read_po
from fastapi import Request

LANGUAGES: Final = {"nl": "Nederlands", "en": "English"}
FIRST: Final = "nl"
COOKIE: Final = "language"
LOCALE: Final = Path(__file__).parent / "locale"


def language_of(request: Request) -> str:
    """What they chose, else what their browser asks for, else Dutch."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    asked = [each.partition(";")[0].strip() for each in request.headers.get("accept-language", "").split(",")]
    return negotiate_locale([each.replace("-", "_") for each in asked[:10] if each], list(LANGUAGES)) or FIRST


@cache
def catalogue(language: str) -> NullTranslations:
    """All words in this language; a word that it lacks is English."""
    return _Catalogue(language)


class _Catalogue(NullTranslations):
    """The .po files of one language together."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._said: dict[str, str | tuple[str, ...]] = {}
        for path in sorted((LOCALE / language).glob("*.po")):
            with path.open("rb") as file:
                for each in read_po(file, locale=language):
                    if each.id and each.string and not each.fuzzy:
                        key = each.id if isinstance(each.id, str) else each.id[0]
                        self._said[key] = each.string if isinstance(each.string, str) else tuple(each.string)

    def gettext(self, message: str) -> str:
        """In this language."""
        said = self._said.get(message, message)
        return said if isinstance(said, str) else said[0]

    def ngettext(self, one: str, many: str, number: int) -> str:
        """In this language, for so many; Dutch and English have two forms."""
        said = self._said.get(one)
        if isinstance(said, tuple) and all(said[:2]):
            return said[0] if number == 1 else said[1]
        return one if number == 1 else many
