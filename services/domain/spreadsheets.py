"""A cell that begins like a formula runs as one when a spreadsheet opens the file (CWE-1236).

What we write gets an apostrophe before it, the mark by which spreadsheets know text; what we read loses it again,
so that a list that was exported, opened, saved and imported is the same list.
"""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_GUARDED: Final = re.compile(r"'+[=+\-@\t\r＝＋－＠]")


def guarded(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet could take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if _GUARDED.match(text) else text
