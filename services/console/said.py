"""What commands say, in the reader's language and in words of the page: what somebody would type is left out."""

import re
from collections.abc import Mapping
from typing import Final

from services.admin.answers import Refusal, as_plain
from services.console.command_words import sentence
from services.console.form_words import form_words
from services.console.languages import catalogue
from services.console.refusals import USUAL

_COMMAND: Final = re.compile(r"(?:^|[,:;]|(?<=[.?!]))\s*(?:see\s+)?`roeland [^`]*`[^.]*\.?")


def said(text: str, language: str) -> str:
    """A filter: `{{ refusal.error|said }}`. What nobody translated is shown as it is: better English than nothing."""
    return in_words(text, {}, language)


def check_said(check: Mapping[str, str], language: str) -> tuple[str, str]:
    """A filter, of what the doctor found and the remedy: a refusal that it cut in two is one sentence again."""
    apart = said(check["found"], language), said(check["remedy"] or "", language)
    if sentence(check["found"], language) and sentence(check["remedy"] or "", language):
        return apart
    whole = sentence(f"{check['found']}: {check['remedy']}", language)
    return (whole, "") if whole else apart


def refusal_said(refused: Exception, patterns: Mapping[str, str], language: str) -> Refusal:
    """The whole refusal so, with each problem and its remedy."""
    found = refused if isinstance(refused, Refusal) else Refusal(str(refused))
    problems = [
        each | {name: in_words(str(each[name]), patterns, language) for name in ("problem", "remedy") if each.get(name)}
        for each in map(as_plain, found.problems)
    ]
    return Refusal(in_words(found.error, patterns, language), problems=problems, more=found.more, missing=found.missing)


def in_words(text: str, patterns: Mapping[str, str], language: str) -> str:
    """The text by the first pattern that it fits as a whole: its words, with what the named groups found.

    `patterns`: regular expressions with what to say instead (a gettext message, `%(name)s` for a group); those of
    `refusals.USUAL` and the sentences of all commands come after them.
    """
    say = catalogue(language).gettext
    for pattern, message in (*patterns.items(), *USUAL):
        if found := re.fullmatch(pattern, text, re.DOTALL):
            values = {name: sentence(each or "", language) or each for name, each in found.groupdict().items()}
            return say(message) % values
    return sentence(text, language) or form_words(_COMMAND.sub(_stop, text).strip() or text, language)


def _stop(command: re.Match[str]) -> str:
    """A sentence that ended with what somebody would type ends all the same."""
    return "." if command[0].endswith(".") and command[0][:1] in ",:;" else ""
