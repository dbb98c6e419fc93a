"""What is wrong with a message, in the reader's language: the domain says it in English, lint in that of the centre."""

from collections.abc import Mapping
from typing import Final

from services.console.said import in_words

# ruff: noqa: E501 - a table is read by its lines
_ = str  # marks what is translated: `tests/console/test_words.py` finds it

SAYINGS: Final[Mapping[str, str]] = {
    r"This text is empty\.": _("This text is empty."),
    r"Write what it should say, or take it out\.": _("Write what it should say, or leave it empty."),
    r"The field (?P<field>\S+) is missing\.": _("The field %(field)s is missing."),
    r"The hole (?P<hole>\S+) is not filled\.": _("Fill in: %(hole)s."),
    r"It does not say whom it is for\.": _("It does not say whom it is for."),
    r"Add `audiences: .*": _("Tick at least one audience."),
    r"Write `channels: .*": _("Tick at least one channel."),
    r"There is no title in the message's language, (?P<language>\w+)\.": _("There is no title in %(language)s, the language of the message."),
    r"There are two titles in one language\.": _("There are two titles in one language."),
    r"Keep one for each language\.": _("Keep one for each language."),
    r"This has (?P<many>\d+) characters, more than (?P<most>\d+)\.": _("This has %(many)s characters, more than %(most)s."),
    r"Shorten it\.": _("Shorten it."),
    r"'(?P<given>.*)' is not an incident's id\.": _("%(given)s cannot be the short name of an incident."),
    r"Small letters, digits and single hyphens.*": _("Small letters, digits and single hyphens, such as cyber-2026-014."),
    r"Give its id, as in .*": _("Give its short name, such as cyber-2026-014."),
    r"Write `title:` .*": _("Write one line that says what is the matter."),
    r"'(?P<given>.*)' is not a date and time\.": _("%(given)s is not a date and time."),
    r"(?P<name>[\w, -]+) would see no key message\.": _("%(name)s would see no key message."),
    r"there is no incident (?P<slug>\S+):.*": _("There is no incident %(slug)s."),
    r"refused: .*": _("It was not handed in: see what is wrong at the fields."),
}  # fmt: skip
"""As the domain says it, and as people read it. What is not here is shown as it is."""


def told(problem: str, remedy: str, language: str) -> tuple[str, str]:
    """Both in the reader's language, as far as they are known, and in words of the form."""
    return in_words(problem, SAYINGS, language), in_words(remedy, SAYINGS, language)
