"""What a reply means: forgiving in how it is written, and never a yes where somebody says but, no, or asks."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.answers import POLITE, STOP, YES, meaning

NEGATIONS = [
    "niet", "geen", "nee", "neen", "nooit", "maar", "nog", "non", "ne", "pas", "jamais", "mais", "rien",
    "no", "not", "never", "but", "don't", "can't", "nicht", "kein", "nein", "nie", "aber", "n'ai", "👎", "❌", "nok",
]  # fmt: skip
QUESTIONS = ["?", "¿", "？", "⁉", "❓"]
YESES = [
    "OK", "ok", "Ok.", " ok ", "OK!", "OKÉ", "oké", "okay", "JA", "Ja!", "ja", "1", "1.", "yes", "Yes, thanks",
    "YES", "oui", "OUI merci", "d'accord", "D’accord", "ontvangen", "Goed ontvangen", "Ok bedankt", "ok, dank u wel",
    "👍", "👍🏽", "👍👍", "ok 👍", "✅", "✔️",
    "Reçu", "bien reçu, merci", "J’ai bien reçu", "compris", "Verstanden", "Danke, OK",
    "bestätigt", "Bestätigt", "Gelesen", "understood", "Read, thank you", "ok\n\nmvg", "ok ok",
]  # fmt: skip


@pytest.mark.parametrize("text", YESES)
def test_a_yes_is_a_yes_however_it_is_written(text: str) -> None:
    """At three in the morning nobody types what a computer expects."""
    assert meaning(text) == "confirmation"


@pytest.mark.parametrize(
    "text",
    [
        "niet ok", "NIET OK", "ok?", "OK ?", "JA maar ik ben niet van wacht", "ja maar", "nee", "non", "nein", "no",
        "Ik heb het niet ontvangen", "ok niet", "pas d'accord", "not ok", "kein ok", "waar?", "", " ", "...",
        "?", "2", "11",
        "ok maar wie belt de brandweer", "Ja, en Bart?", "bel mij", "merci", "👎", "👍👎", "ok of niet",
        "ja/nee", "1 of 2",
        "ok, Jan Peeters", "c'est pas compris", "bedankt", "ja hoor, zal ik doen als ik thuis ben",
    ],
)  # fmt: skip
def test_what_says_more_than_yes_is_for_a_person(text: str) -> None:
    """A confirmation too few costs a telephone call; one too many leaves somebody who does not know."""
    assert meaning(text) == "other"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("STOP", "stop"), ("stop", "stop"), ("Stop.", "stop"), ("STOPALL", "stop"), ("Arrêt", "stop"),
        ("ARRET", "stop"),
        ("stoppen aub", "stop"), ("Stop svp", "stop"), ("unsubscribe", "stop"), ("END", "stop"), ("quit", "stop"),
        ("cancel", "stop"),
        ("STOP STOP", "stop"), ("please stop", "stop"), ("Stop! Stop!", "stop"),
        ("START", "start"), ("unstop", "start"), ("HELP", "help"), ("Info", "help"),
        ("stop de brand", "other"), ("ok stop", "other"), ("start de pomp", "other"), ("stop?", "other"),
    ],
)  # fmt: skip
def test_the_words_of_the_trade_stand_alone(text: str, meant: str) -> None:
    """`stop` within a sentence is about the fire, not about our SMS."""
    assert meaning(text) == meant


words = st.sampled_from(sorted(YES | POLITE))
lists = st.lists(words, max_size=6)


@given(lists, st.sampled_from(NEGATIONS), lists, st.sampled_from([" ", ", ", "\n", " - ", "... "]), st.booleans())
def test_a_negation_is_never_a_confirmation(
    before: list[str], no: str, after: list[str], between: str, loud: bool
) -> None:
    """Wherever it stands, whatever stands around it."""
    text = between.join([*before, no, *after])
    assert meaning(text.upper() if loud else text) != "confirmation"


@given(st.text(max_size=40), lists, st.sampled_from(QUESTIONS), st.text(max_size=40))
def test_a_question_is_never_a_confirmation(start: str, yes: list[str], mark: str, end: str) -> None:
    """Whoever asks does not know yet."""
    assert meaning(start + " ".join(yes) + mark + end) == "other"


@given(st.text(max_size=200))
def test_any_text_has_a_meaning(text: str) -> None:
    """What comes from outside never fails here; and composed or not, it means the same."""
    assert meaning(text) == meaning(unicodedata.normalize("NFD", text))


def test_no_word_is_in_two_lists() -> None:
    """Else the order of questions would decide."""
    assert not YES & POLITE
    assert not STOP & (YES | POLITE)
