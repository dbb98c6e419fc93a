"""Text as a machine reads it: what stands in a text, whatever it was written with."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")

LINK: Final = re.compile(
    r"""(?<![\w.@-])(?:
        [a-z][a-z0-9+.-]{0,20}://[^\s<>"“”«»]*
        | (?:javascript|vbscript):[^\s<>"“”«»]+ | data:[a-z]+/[^\s<>"“”«»]+ | file:/[^\s<>"“”«»]+
        | www\.[^\s<>"“”«»]+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")


def bare(text: str) -> str:
    """The same text in plain characters: full-width digits, special spaces and dashes as those of a keyboard."""
    plain = unicodedata.normalize("NFKC", UNSEEN.sub("", text))
    return re.sub("[\u2010-\u2015\u2212]", "-", plain)


def blanked(text: str, patterns: Iterable[re.Pattern[str]]) -> str:
    """The text with underscores where a pattern matches, so that nothing else is read into it."""
    for pattern in patterns:
        text = pattern.sub(lambda found: "_" * len(found[0]), text)
    return text
