"""What somebody means who answers an SMS: that they know, that they want no more SMS, or something else.

Forgiving in how it is written (capitals, accents, points, thanks, four languages), strict in what it says: every word
must be one of those below. So a no, a but, a question or a name makes it something for a person, never a confirmation.
"""

import re
import unicodedata
from typing import Final, Literal

Meaning = Literal["confirmation", "stop", "start", "help", "other"]


def meaning(text: str) -> Meaning:
    """What this reply means; of what may be two things, the one that keeps people safe."""
    if _ASKS.search(text):
        return "other"
    words = _words(text)
    if not words:
        return "other"
    if STOP.intersection(words) and (STOP | POLITE).issuperset(words):
        return "stop"
    if len(words) == 1 and words[0] in START:
        return "start"
    if len(words) == 1 and words[0] in HELP:
        return "help"
    if YES.intersection(words) and (YES | POLITE).issuperset(words):
        return "confirmation"
    return "other"


def tells_how_to_answer(text: str) -> bool:
    """Whether an SMS of ours says with which word its reader confirms."""
    return _TELLS.search(text) is not None


def _words(text: str) -> list[str]:
    """Small letters without accents, and signs that say something; a word that is no word of ours stays as it is."""
    plain = unicodedata.normalize("NFKD", text.translate(_SAME)).casefold()
    return _WORD.findall("".join(each for each in plain if not _IGNORED.match(each)))


_ASKS: Final = re.compile("[?\u00bf\u037e\u061f\u2753\u2754\u2047-\u2049\ufe56\uff1f]")
"""Whatever is asked is no confirmation."""

_TELLS: Final = re.compile(
    r"(antwoord|stuur|répond|repond|reply|antwort|bevestig|confirm|bestätig).*\b(ok|oui|ja|yes)\b",
    re.IGNORECASE | re.DOTALL,
)

_SAME: Final = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "ß": "ss"})
# Accents that NFKD took off, variation selectors and skin colours of emoji, what joins them, and what is not seen.
_IGNORED: Final = re.compile("[\u0300-\u036f\ufe00-\ufe0f\u200b-\u200f\u2060\ufeff\U0001f3fb-\U0001f3ff]")
_WORD: Final = re.compile(r"\w+(?:'\w+)*|[^\w\s.,;:!'\"()\-–—…]")


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


YES: Final = _each("""
    ok oke okee okay okey okidoki k ja jawel jep yes yep yeah oui ouais d'accord dac daccord 1
    ontvangen gelezen begrepen gezien bevestigd bevestig genoteerd akkoord
    recu lu compris confirme confirmee entendu note
    received read understood confirmed confirm noted roger acknowledged ack
    erhalten gelesen verstanden bestatigt bestatige einverstanden jawohl
    👍 👌 ✅ ✔ 🆗 ☑
""")

POLITE: Final = _each("""
    bedankt dank dankjewel dankuwel dankje danku u je jou wel aub alsjeblieft alstublieft graag goed prima top super
    merci beaucoup bien svp parfait s'il vous plait
    thanks thank thx you very much please all good great
    danke schon vielen bitte gut sehr alles klar
    ik heb het is bericht uw sms wij hebben we j'ai l'ai je i have it message got ich habe es nachricht ihre
    mvg groeten groetjes vriendelijke met cordialement regards kind grusse
    🙏 🙂 😊
""")
"""What may stand beside a yes, or a stop, and changes nothing of it. No word here denies, limits or asks."""

STOP: Final = _each("stop stopall unsubscribe cancel end quit arret arreter stoppen stopp uitschrijven revoke optout")
START: Final = _each("start unstop")
HELP: Final = _each("help info hulp aide hilfe")
