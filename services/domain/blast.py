"""What somebody types for an SMS to many: texts by language, holes filled, a title made from it. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from services.domain.holes import HOLE
from services.domain.message_rules import LINK
from services.domain.problems import Problem, Refused, nearest
from services.domain.texts import few_lines, gsm_typography, one_line, outside_gsm

_LANGUAGE: Final = re.compile(r"\s*([a-z]{2})\s*:\s*(.*)", re.DOTALL)
TITLE: Final = 80
"""Characters of a title that we make: enough to know the message by in a list."""


def texts_by_language(given: Iterable[str], own: str, languages: Sequence[str]) -> dict[str, str]:
    """`fr: Bonjour` is French where French is configured; all other text is in `own`. Raises Refused."""
    texts: dict[str, str] = {}
    for each in given:
        found = _LANGUAGE.fullmatch(each)
        language, text = (found[1], found[2]) if found and found[1] in languages else (own, each)
        if language in texts:
            raise _refused(f"There are two texts in {language}.", 'Write one for each: --text "fr: …".')
        texts[language] = few_lines(text)
    for language, text in texts.items():
        if not any(character.isalnum() for character in text):
            what = f"The text in {language} has no words." if text else f"The text in {language} is empty."
            raise _refused(what, "Say in words what people must know or do.")
    return texts


def filled(template: str, given: Mapping[str, str]) -> str:
    """The template with its `{hole:name}` filled, each by what was given for it. Raises Refused."""
    names = set(HOLE.findall(template))
    if unknown := [name for name in given if name not in names]:
        raise _refused(f"The template has no hole {unknown[0]}.", nearest(unknown[0], sorted(names)))
    if empty := sorted(name for name in names if not one_line(given.get(name, ""))):
        raise _refused(f"The hole {empty[0]} is not filled.", f'Add --fill {empty[0]}="…".')
    return HOLE.sub(lambda found: one_line(given[found[1]]), template)


def title_of(text: str) -> str:
    """The first line of an SMS as the title in lists and of mails, cut at a word and without its link."""
    text = text.replace(LINK, "")
    line = one_line(text.partition("\n")[0]) or one_line(text)
    return line if len(line) <= TITLE else f"{line[:TITLE].rpartition(' ')[0] or line[:TITLE]}…"


def as_gsm(text: str) -> str:
    """The text with each character that GSM-7 lacks replaced by the nearest that it has, or left out."""
    plain = gsm_typography(text)
    return few_lines("".join(outside_gsm(each).get(each, each) for each in plain))


def _refused(problem: str, remedy: str) -> Refused:
    return Refused([Problem("text", problem, remedy)])
