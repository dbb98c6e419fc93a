"""The 285 municipalities of Flanders, so that a typing error in a contact list never leaves a town uninformed.

People write `sint truiden`, `Liège`-style accents or the name from before a merger; what is stored is always the
official name, for that is what coverage counts by.
"""

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

PROVINCES: Final = ("Antwerpen", "Limburg", "Oost-Vlaanderen", "Vlaams-Brabant", "West-Vlaanderen")
PROVINCE_MARK: Final = "provincie "
"""Before a province where a municipality might stand: Antwerpen is both."""
SUGGESTIONS: Final = 3
ALIKE: Final = 0.7  # ratio of difflib: finds `Kortijk`, leaves out towns that merely share an ending


@cache
def municipalities() -> Mapping[str, str]:
    """Official name → province, in alphabetical order. Source: services/domain/data/README.md."""
    text = files("services.domain").joinpath("data", "flemish-municipalities.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["name"]: row["province"] for row in csv.DictReader(text.splitlines())})


def official_municipality(written: str) -> str | None:
    """The official name of what somebody wrote, whatever its capitals, accents, hyphens and spaces; else None."""
    return _by_folded_name().get(folded(written))


def official_province(written: str) -> str | None:
    """The same for one of the five provinces."""
    return {folded(name): name for name in PROVINCES}.get(folded(written))


def province_of(place: str) -> str | None:
    """The province of a place as a message has it in `area`: a municipality, or `provincie …`."""
    return place.removeprefix(PROVINCE_MARK) if place.startswith(PROVINCE_MARK) else municipalities().get(place)


def municipalities_like(written: str) -> list[str]:
    """At most three official names that somebody may have meant, likeliest first; merged ones by their parts too."""
    names = _by_folded_name()
    wanted = folded(written)
    merged = [names[name] for name in names if len(wanted) > 2 and f" {wanted} " in f" {name} "]
    alike = [names[name] for name in difflib.get_close_matches(wanted, names, SUGGESTIONS, ALIKE)]
    return list(dict.fromkeys([*merged, *alike]))[:SUGGESTIONS]


def near_misses(written: str, known: Iterable[str]) -> list[str]:
    """At most three of the known words that somebody may have meant, likeliest first."""
    words = {folded(word): word for word in known}
    return [words[word] for word in difflib.get_close_matches(folded(written), words, SUGGESTIONS, ALIKE)]


def folded(text: str) -> str:
    """Without capitals, accents, and what separates words: for comparing, never for showing."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", plain.casefold()).strip()


@cache
def _by_folded_name() -> Mapping[str, str]:
    return {folded(name): name for name in municipalities()}
