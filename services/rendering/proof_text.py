"""The words of a proof, and what makes texts of others harmless to look at."""

from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Final, Protocol

from services.rendering.templates import Templates

WORDS: Final = "words/proof.nl.yaml"
LET_THROUGH: Final = frozenset("\n\u00a0\u202f\u2009\u00ad")  # line ends, and what typography needs


class Say(Protocol):
    """`say("reach.title")`: a word of the proof, in Dutch."""

    def __call__(self, key: str, **values: Any) -> str: ...


def saying(templates: Templates) -> Say:
    """The words of `templates/words/proof.nl.yaml`. A word that is missing there is refused, with the file's name."""
    return partial(templates.words.say, WORDS, ())


def harmless(text: str) -> str:
    """Characters that show nothing, move the cursor or turn the line round are shown by their code, not obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in LET_THROUGH else f"[U+{ord(c):04X}]" for c in text)


def money(amount: Decimal, say: Say) -> str:
    """An amount in euros to the cent, as it is written in Dutch: *1.234,50 euro*."""
    cents = f"{amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
    return say("sms.money", amount=cents.translate(str.maketrans(",.", ".,")))
