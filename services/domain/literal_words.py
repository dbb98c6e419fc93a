"""Words by which people write days, times and numbers in Dutch, French, English and German."""

from decimal import Decimal
from typing import Final

_NAMES: Final = (
    "januari jan janvier janv january januar jänner",
    "februari feb février févr february februar",
    "maart mrt mars march mar märz",
    "april apr avril avr",
    "mei mai may",
    "juni jun juin june",
    "juli jul juillet juil july",
    "augustus aug août august",
    "september sept sep septembre",
    "oktober okt octobre oct october",
    "november nov novembre",
    "december dec décembre déc dezember dez",
)
MONTHS: Final = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}

LATER: Final = (
    "pm", "p.m.", "'s middags", "'s namiddags", "'s avonds", "in de namiddag", "in de avond", "de l'après-midi",
    "du soir", "in the afternoon", "in the evening", "nachmittags", "abends",
)  # fmt: skip
"""After an hour below twelve: it is one of the second half of the day."""

DURATION_BEFORE: Final = (
    "binnen(?: de)?", "gedurende", "minstens", "hoogstens", "maximaal", "minimaal", "om de", "elke", "al", "nog",
    "over", "pendant", "dans les?", "endéans", "toutes les", "au moins", "au plus", "within(?: the)?", "for", "every",
    "at least", "innerhalb(?: von)?", "während", "alle", "mindestens", "höchstens",
)  # fmt: skip
"""Before a number of hours: it is a length of time, not a time of the day."""

DURATION_WORDS: Final = ("uren", "hours?", "Stunden?", "uur (?:per|lang|geleden|later)", "heures (?:par|plus tard)")

MULTIPLES: Final = {
    "duizend": Decimal(1000), "mille": Decimal(1000), "thousand": Decimal(1000), "tausend": Decimal(1000),
    "miljoen": Decimal(10**6), "millions": Decimal(10**6), "million": Decimal(10**6), "millionen": Decimal(10**6),
    "miljard": Decimal(10**9), "milliards": Decimal(10**9), "milliard": Decimal(10**9), "billion": Decimal(10**9),
    "milliarden": Decimal(10**9), "milliarde": Decimal(10**9),
}  # fmt: skip
