"""A playbook's message, filled: the same plain values with what fills its holes in their place.

A time is said in full in the language of the text where it stands; in `next_update_at` and `expires_at` it is that
moment itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from services.domain.holes import HOLE, Filled

Say = Callable[[datetime, str], str]
"""A moment (aware), in full, in a language."""

MOMENTS: Final = ("next_update_at", "expires_at")


def fill(message: Mapping[str, Any], filled: Mapping[str, Filled], *, say: Say) -> dict[str, Any]:
    """The message with these holes filled; others stay as they are."""
    own = str(message.get("language") or "nl")
    return {
        key: _moment(value, filled) if key in MOMENTS else _filled(value, filled, own, say)
        for key, value in message.items()
    }


def _filled(value: Any, filled: Mapping[str, Filled], language: str, say: Say) -> Any:
    if isinstance(value, dict):
        inner = str(value.get("language") or language)
        return {key: _filled(each, filled, inner, say) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, filled, language, say) for each in value]
    if not isinstance(value, str):
        return value

    def put(name: str, whole: str) -> str:
        found = filled.get(name)
        return whole if found is None else found if isinstance(found, str) else say(found, language)

    return HOLE.sub(lambda match: put(match[1], match[0]), value)


def _moment(value: Any, filled: Mapping[str, Filled]) -> Any:
    match = HOLE.fullmatch(value) if isinstance(value, str) else None
    found = filled.get(match[1]) if match else None
    return found.isoformat(timespec="minutes") if isinstance(found, datetime) else value
