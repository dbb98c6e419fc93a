"""The usual refusals of commands in words of the page, in English too. All others: `command_words.py`."""

from typing import Final


def _(message: str) -> str:
    """For gettext's list of texts; they are translated when they are shown."""
    return message


USUAL: Final = (
    (
        r"(?P<email>\S+) is the last administrator: .*",
        _("%(email)s is the last administrator. Make somebody else one first."),
    ),
    (r"(?P<email>\S+) is a user already", _("%(email)s is a user already.")),
    (r"choose at least one role; .*", _("Choose at least one role. Who may do nothing any more is disabled.")),
    (
        r"somebody changed these roles meanwhile: .*",
        _("Somebody changed these roles meanwhile. Look at them again, then choose."),
    ),
    (
        r"somebody changed this meanwhile: .*",
        _("Somebody changed this meanwhile. Look at what stands there now, and send it again if it still holds."),
    ),
    (r"choose at least one person", _("Choose at least one person.")),
    (r"choose at least one thing .*", _("Choose at least one thing that it is told of.")),
    (
        r"the newsletter (?P<name>\S+) is not what was looked at: .*",
        _("The newsletter %(name)s was changed while you looked. Look at it again, then approve it."),
    ),
    (
        r"who wrote what a newsletter is does not approve it: .*",
        _("Who wrote what a newsletter is does not approve it. Ask somebody else who may approve."),
    ),
    (
        r"there is a newsletter (?P<name>.+) already: .*",
        _("There is a newsletter %(name)s already. Choose another name, or change that one."),
    ),
    (r"(?P<day>\d{4}-\d\d-\d\d) is decided, and stays so .*", _("%(day)s is decided already, and stays so.")),
    (r"the end is not after the beginning, or has passed: .*", _("The end is not after the beginning, or has passed.")),
    (r"refused: \d+ problems?", _("Something is not filled in well:")),
)
"""A pattern of what a command says, and what is said instead, with the pattern's groups."""
