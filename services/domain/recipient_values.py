"""What may stand behind each word of a selection, in the one form in which it is kept and compared."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.domain import limits
from services.domain.contact_fields import LONGEST, Unusable, suggestion
from services.domain.municipalities import (
    PROVINCE_MARK,
    PROVINCES,
    municipalities_like,
    near_misses,
    official_municipality,
    official_province,
)

__all__ = ["ANYTHING", "GROUP", "Known", "Unusable", "settled"]

GROUP: Final = re.compile(limits.INCIDENT_PATTERN)
"""The name of a saved group: as that of an incident."""


@dataclass(frozen=True, slots=True)
class Known:
    """The names that values are held against. `audiences`: None where they are not known.

    `places`: whether a name has to be one of today's; what is on record may name a town that has merged since.
    """

    audiences: Collection[str] | None = None
    places: bool = True


ANYTHING: Final = Known(places=False)
"""For what is on record: it was held against the names of its day."""


def settled(word: str, written: str, known: Known) -> str:
    """The value in its one form. Raises `Unusable`, whose problem and remedy are sentences."""
    value = " ".join(unicodedata.normalize("NFC", written).split())
    if not value:
        raise Unusable(f"A value of {word!r} is empty.", "Write a name, or take it out.")
    if not value.isprintable():
        raise Unusable(f"A value of {word!r} has a character that nobody can read.", "Write it anew.")
    form = _FORMS[word](value, known)
    if len(form) > limits.SELECTION_VALUE:
        raise Unusable(f"A value of {word!r} has {len(form)} characters.", f"At most {limits.SELECTION_VALUE}.")
    return form


def _audience(value: str, known: Known) -> str:
    value = value.casefold()
    if known.audiences is not None and value not in known.audiences:
        likely = suggestion(near_misses(value, known.audiences))
        raise Unusable(f"There is no audience {value!r}.", likely or f"Choose from: {', '.join(known.audiences)}.")
    return value


def _province(value: str, known: Known) -> str:
    bare = value[len(PROVINCE_MARK) :] if value.casefold().startswith(PROVINCE_MARK) else value
    if found := official_province(bare):
        return found
    if known.places:
        likely = suggestion(near_misses(bare, PROVINCES))
        raise Unusable(f"{value!r} is not a Flemish province.", likely or f"Choose from: {', '.join(PROVINCES)}.")
    return value


def _municipality(value: str, known: Known) -> str:
    if found := official_municipality(value):
        return found
    if known.places:
        likely = suggestion(municipalities_like(value))
        remedy = likely or "Use the official name of one of the 285 municipalities."
        raise Unusable(f"{value!r} is not a Flemish municipality.", remedy)
    return value


def _role(value: str, _: Known) -> str:
    return unicodedata.normalize("NFC", value.lower())


def _slug(value: str, _: Known) -> str:
    low = value.casefold()
    if len(low) > limits.INCIDENT_CHARACTERS or not GROUP.match(low):
        raise Unusable(f"{value!r} is not a name.", "Small letters, digits and single hyphens: nachtploeg-limburg.")
    return low


def _message(value: str, _: Known) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise Unusable(f"{value!r} is not the id of a message.", "Copy it from `roeland message list`.") from None


def _contact(value: str, _: Known) -> str:
    if len(value) > LONGEST["external_id"]:
        raise Unusable(f"{value[:20]!r}… is not an external id.", "Copy it from `roeland contacts list`.")
    return value


_FORMS: Final[Mapping[str, Callable[[str, Known], str]]] = {
    "audience": _audience,
    "province": _province,
    "municipality": _municipality,
    "role": _role,
    "group": _slug,
    "participants": _slug,
    "got": _message,
    "not-confirmed": _message,
    "contact": _contact,
}
