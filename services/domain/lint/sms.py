"""SMS: few segments, and in the alphabet that has 160 characters to each."""

import re
from collections.abc import Iterator
from typing import Final

from services.domain.answers import tells_how_to_answer
from services.domain.lint.rule import ROELAND, Hit, Linted, Rule, hit, rule
from services.domain.message_rules import LINK
from services.domain.texts import gsm_typography, measure, outside_gsm

EXERCISE_MARK: Final = "OEFENING: "
LINK_CHARACTERS: Final = 60
"""What a link takes here, where nobody knows our address: `https://`, a name of 26 characters, and what follows it."""
MOST_ODD: Final = 8
"""More characters than these outside GSM-7: not a slip of the keyboard but another alphabet."""


@rule("sms-segments", "warning", source="3GPP TS 23.040 (160 tekens, of 153 per deel)")
def sms_segments(linted: Linted) -> Iterator[Hit]:
    """What the author wrote; a generated one is cut to size when it is made."""
    most = linted.settings.sms_segments
    for number, text in enumerate(linted.content.sms if "sms" in linted.content.channels else ()):
        whole = (EXERCISE_MARK if linted.content.exercise else "") + text.text
        size = measure(whole.replace(LINK, "x" * LINK_CHARACTERS) if linted.content.confirm else whole)
        if size.segments > most:
            yield hit(f"sms[{number}]", segments=size.segments, characters=size.characters, most=most)


@rule("sms-ucs2", "warning", source="3GPP TS 23.038 (GSM-7: 160 tekens; UCS-2: 70)")
def sms_ucs2(linted: Linted) -> Iterator[Hit]:
    """The given SMS, or else what one is made of."""
    if "sms" not in linted.content.channels:
        return
    given = [(f"sms[{number}]", text.text) for number, text in enumerate(linted.content.sms)]
    for place, text in given or _sources(linted):
        if odd := outside_gsm(text):
            yield _advice(place, odd)


@rule("sms-confirm", "warning", source=ROELAND)
def sms_confirm(linted: Linted) -> Iterator[Hit]:
    """Whoever is not told how to confirm does not. A generated SMS says it by itself."""
    content = linted.content
    if not content.confirm or "sms" not in content.channels:
        return
    for number, text in enumerate(content.sms):
        if LINK not in text.text and not tells_how_to_answer(text.text):
            yield hit(f"sms[{number}]")


def _advice(place: str, odd: dict[str, str]) -> Hit:
    if len(odd) > MOST_ODD:
        return hit(place, "alphabet")
    instead = ", ".join(f"{other} in plaats van {char}" for char, other in odd.items() if other)
    characters = " en ".join(filter(None, [", ".join(list(odd)[:-1]), list(odd)[-1]]))
    return hit(place, "" if instead else "leave-out", characters=characters, instead=instead)


def _sources(linted: Linted) -> Iterator[tuple[str, str]]:
    """What a generated SMS is made of, as it will stand there."""
    for place, text in linted.texts:
        if re.match(r"title|key_messages\[\d+\]\.text", place):
            yield place, gsm_typography(text.text)


SMS: Final[tuple[Rule, ...]] = (sms_segments, sms_ucs2, sms_confirm)
