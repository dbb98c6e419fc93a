"""What was left open last time: the reader looks for it first."""

import re
from collections.abc import Iterator
from typing import Final

from services.domain.content import MessageContent, Text
from services.domain.lint.rule import CERC, Hit, Linted, Rule, hit, rule, texts_of

FEWEST_LETTERS: Final = 4
STEM: Final = 6
ENOUGH: Final = 0.5

# Words that say that something is not known, and not what.
_EMPTY: Final = """
weten weet niet onze over deze heeft hebben wordt worden zijn waren wanneer welke waar waarom hoeveel hoelang
precies exact momenteel onbekend bekend onduidelijk zeker
savons savoir nous encore quand quel quelle quels quelles combien pourquoi cette sont avons elle leur
know known when what which where with will have does been that this there their they exactly unknown
wissen wann welche warum nicht noch wird werden sind haben diese dieser genau unbekannt
"""


@rule("question-open", "warning", source=CERC)
def question_open(linted: Linted) -> Iterator[Hit]:
    """What the last message did not know, and this one neither answers nor repeats.

    It is judged by words: half of those that the question is about must come back. So it may err, and is a hint.
    """
    if linted.before is None:
        return
    for question in _asked(linted.before, linted):
        said = _said(linted.content, question.language)
        stems = _stems(question.text)
        if said and stems and sum(stem in said for stem in stems) < ENOUGH * len(stems):
            yield hit("unknown", question=question.text)


def _asked(before: MessageContent, linted: Linted) -> list[Text]:
    """The open questions that readers of this message read, each once."""
    told = {audience for audience, _ in linted.readers}
    return [text for text in before.unknown if text.audiences is None or told & set(text.audiences)]


def _said(content: MessageContent, language: str | None) -> str:
    """All that it says in this language; '' when it is not in it at all."""
    return " ".join(text.text.casefold() for _, text in texts_of(content) if text.language == language)


def _stems(text: str) -> set[str]:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return {word[:STEM] for word in words if len(word) >= FEWEST_LETTERS and word not in EMPTY}


EMPTY: Final = frozenset(_EMPTY.split())
PROMISES: Final[tuple[Rule, ...]] = (question_open,)
