"""A cell that begins like a formula runs as one when a spreadsheet opens the file (CWE-1236).

What we write gets an apostrophe before it, the mark by which spreadsheets know text; what we read loses it again,
so that a list that was exported, opened, saved and imported is the same list. A spreadsheet of Belgium or the
Netherlands takes `;` for the end of a cell, whatever the file has: what follows one begins a cell there.
"""

import re
from typing import Final

_BEGINS: Final = r"(?:^|(?<=[;\t\r\n]))"
_LIKE_ONE: Final = r"(?='*[=+\-@\t\r＝＋－＠])"
_FORMULA: Final = re.compile(_BEGINS + _LIKE_ONE)
_GUARDED: Final = re.compile(f"{_BEGINS}'{_LIKE_ONE}")


def guarded(text: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet could take what follows for a formula."""
    return _FORMULA.sub("'", text)


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return _GUARDED.sub("", text)
