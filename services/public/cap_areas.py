"""Where a message is about: municipalities by name, and the province of each by its code of ISO 3166-2:BE."""

from collections.abc import Mapping
from typing import Final

from services.domain.municipalities import PROVINCE_MARK, province_of
from services.public.cap_words import said
from services.public.cap_xml import Element, put, put_value

ISO_3166_2: Final = "ISO3166-2"
"""The name under which consumers of CAP know the code list."""

FLANDERS: Final = "BE-VLG"

CODES: Final[Mapping[str, str]] = {
    "Antwerpen": "BE-VAN",
    "Limburg": "BE-VLI",
    "Oost-Vlaanderen": "BE-VOV",
    "Vlaams-Brabant": "BE-VBR",
    "West-Vlaanderen": "BE-VWV",
}

_FLANDERS_NAMES: Final = {"nl": "Vlaanderen", "fr": "Flandre", "en": "Flanders", "de": "Flandern"}

_PROVINCE_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "Antwerpen": {"fr": "province d’Anvers", "en": "province of Antwerp", "de": "Provinz Antwerpen"},
    "Limburg": {"fr": "province de Limbourg", "en": "province of Limburg", "de": "Provinz Limburg"},
    "Oost-Vlaanderen": {
        "fr": "province de Flandre-Orientale",
        "en": "province of East Flanders",
        "de": "Provinz Ostflandern",
    },
    "Vlaams-Brabant": {
        "fr": "province du Brabant flamand",
        "en": "province of Flemish Brabant",
        "de": "Provinz Flämisch-Brabant",
    },
    "West-Vlaanderen": {
        "fr": "province de Flandre-Occidentale",
        "en": "province of West Flanders",
        "de": "Provinz Westflandern",
    },
}


def put_areas(info: Element, places: tuple[str, ...], language: str) -> None:
    """An `area` for each place, as `MessageContent.area` has them; for none, all of Flanders."""
    for place in places or ("",):
        area = put(info, "area")
        put(area, "areaDesc", _name(place, language))
        put_value(area, "geocode", ISO_3166_2, _code(place))


def _name(place: str, language: str) -> str:
    """Municipalities have one name; provinces and Flanders have one in each language."""
    if not place:
        return said(_FLANDERS_NAMES, language)
    names = _PROVINCE_NAMES.get(place.removeprefix(PROVINCE_MARK), {}) if place.startswith(PROVINCE_MARK) else {}
    return names.get(language, place)


def _code(place: str) -> str:
    """All of Flanders for a municipality that has merged since."""
    return CODES.get(province_of(place) or "", FLANDERS)
