"""An SMS: the given one as it is, or one made from title and key messages that fits in three segments.

In an exercise either one begins with OEFENING; that is done here and not in a template, so that a centre's own
template cannot lose it.
"""

from collections.abc import Iterable

from services.domain import limits
from services.domain.texts import SmsSize, gsm_typography, measure, one_line

__all__ = ["SmsSize", "cut", "ending", "fit", "made", "measure"]

_ELLIPSIS = "..."  # the character … is not in GSM-7


def made(rendered: str, *, prefix: str = "", tail: str = "") -> str:
    """A generated SMS: `prefix`, then as many whole words of `rendered` as fit, in the typography of GSM-7.

    `tail` comes last whatever has to give way for it.
    """
    tail = tail and f" {gsm_typography(tail)}"
    return fit(prefix + one_line(gsm_typography(rendered)), limits.SMS_SEGMENTS, tail) + tail


def ending(text: str, endings: Iterable[str]) -> str:
    """`text` with the first of these endings that has room: that takes no segment more, and no other encoding."""
    size = measure(text)
    for each in map(gsm_typography, endings):
        longer = measure(f"{text} {each}")
        if (longer.segments, longer.encoding) == (size.segments, size.encoding):
            return f"{text} {each}"
    return text


def cut(rendered: str, *, prefix: str = "", tail: str = "") -> bool:
    """Whether `made` would leave something of it out."""
    return measure(f"{prefix}{one_line(gsm_typography(rendered))} {tail}".rstrip()).segments > limits.SMS_SEGMENTS


def fit(text: str, segments: int, tail: str = "") -> str:
    """`text` itself, or its longest beginning of whole words, with an ellipsis, that takes no more than `segments`.

    `tail` is what will stand behind it, and is measured with it.
    """
    if measure(text + tail).segments <= segments:
        return text
    words = text.split(" ")
    shortened = _longest([" ".join(words[:count]).rstrip(" ,;:.-") for count in range(1, len(words))], segments, tail)
    return shortened or _longest([text[:count] for count in range(1, len(text))], segments, tail)


def _longest(beginnings: list[str], segments: int, tail: str) -> str:
    low, high = 0, len(beginnings)
    while low < high:
        middle = (low + high) // 2
        if measure(beginnings[middle] + _ELLIPSIS + tail).segments <= segments:
            low = middle + 1
        else:
            high = middle
    return beginnings[low - 1] + _ELLIPSIS if low else ""
