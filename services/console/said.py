"""What commands say, in the reader's language. A command speaks English and of commands; whoever reads a page gets the
usual refusals in words of the page. What nobody translated is shown as it is: better English than nothing."""

import re
from collections.abc import Callable, Mapping
from typing import Final

_COMMAND: Final = re.compile(r"[,:;]?\s*(?:see\s+)?`roeland [^`]*`[^.]*\.?")

Say = Callable[[str], str]


def in_words(text: str, patterns: Mapping[str, str], say: Say) -> str:
    """The text by the first pattern that it fits as a whole: its words, with what the named groups found.

    `patterns`: regular expressions with what to say instead (a gettext message, `%(name)s` for a group).
    """
    for pattern, message in patterns.items():
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return say(message) % found.groupdict()
    return _COMMAND.sub("", text).strip() or text
