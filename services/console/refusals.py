"""The usual refusals of commands, in the reader's language. What is not here is said as the command says it."""

import re
from typing import Final

from services.console.languages import catalogue

USUAL: Final = (
    (r"(?P<email>\S+) is the last administrator: .*",
     "%(email)s is the last administrator. Make somebody else one first."),
    (r"(?P<email>\S+) is a user already", "%(email)s is a user already."),
    (r"choose at least one role; .*", "Choose at least one role. Who may do nothing any more is disabled."),
    (r"choose at least one person", "Choose at least one person."),
    (r"choose at least one thing .*", "Choose at least one thing that it is told of."),
    (r"the newsletter (?P<name>\S+) is not what was looked at: .*",
     "The newsletter %(name)s was changed while you looked. Look at it again, then approve it."),
    (r"who wrote what a newsletter is does not approve it: .*",
     "Who wrote what a newsletter is does not approve it. Ask somebody else who may approve."),
    (r"there is a newsletter (?P<name>.+) already: .*",
     "There is a newsletter %(name)s already. Choose another name, or change that one."),
    (r"(?P<day>\d{4}-\d\d-\d\d) is decided, and stays so .*", "%(day)s is decided already, and stays so."),
    (r"the end is not after the beginning, or has passed: .*", "The end is not after the beginning, or has passed."),
    (r"refused: \d+ problems?", "Something is not filled in well:"),
)  # fmt: skip
"""A pattern of what a command says, and what is said instead, with the pattern's groups."""


def said(error: str, language: str) -> str:
    """A filter: `{{ refusal.error|said }}`."""
    for pattern, text in USUAL:
        if found := re.fullmatch(pattern, error, re.DOTALL):
            return catalogue(language).gettext(text) % found.groupdict()
    return error
