"""One value is recognised in whichever way, and in whichever of our four languages, it is written."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.literals import values_in


def forms(text: str, language: str = "nl") -> list[object]:
    return [value.form for value in values_in(text, language)]


@pytest.mark.parametrize(
    "text",
    ["8.30 uur", "8:30", "08:30 uur", "8u30", "8 u 30", "8u30.", "om 8.30", "8 h 30", "8h30", "8 heures 30", "8.30 Uhr",
     "8 Uhr 30", "8:30 a.m.", "8.30 am"],
)  # fmt: skip
def test_a_time_is_the_same_however_it_is_written(text: str) -> None:
    """`8.30 uur` to mayors and `08:30` to their press officers are no contradiction."""
    assert forms(f"Sinds {text}") == [(8, 30)] or forms(text) == [(8, 30)]


@pytest.mark.parametrize(
    ("text", "hour"),
    [("sinds 8 uur", 8), ("à 8 heures", 8), ("8 h", 8), ("8 Uhr", 8), ("8 o'clock", 8), ("4 pm", 16),
     ("4 uur 's middags", 16), ("8 heures du soir", 20), ("12 a.m.", 0), ("16u", 16)],
)  # fmt: skip
def test_a_full_hour_is_a_time(text: str, hour: int) -> None:
    """With the words that put it in the second half of the day."""
    assert forms(text) == [(hour, 0)]


@pytest.mark.parametrize(
    ("text", "language"),
    [("maandag 23 november 2026", "nl"), ("23/11/2026", "nl"), ("23-11-2026", "nl"), ("23.11.2026", "de"),
     ("2026-11-23", "nl"), ("23. November 2026", "de"), ("November 23, 2026", "en"), ("23rd of November 2026", "en"),
     ("le 23 novembre 2026", "fr"), ("23 nov. 2026", "nl"), ("23/11/26", "nl")],
)  # fmt: skip
def test_a_day_is_the_same_however_it_is_written(text: str, language: str) -> None:
    """The formats of four languages."""
    assert forms(text, language) == [(2026, 11, 23)]


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [("1.200 mensen", "nl", 1200), ("1,200 people", "en", 1200), ("1 200 personnes", "fr", 1200),
     ("1\u202f200 personnes", "fr", 1200), ("12,5 %", "nl", "12.5"), ("12.5 %", "en", "12.5"),
     ("1,2 miljoen", "nl", 1_200_000), ("1.234.567", "de", 1_234_567), ("1.5 ton", "nl", "1.5"), ("3.", "nl", 3)],
)  # fmt: skip
def test_a_number_is_read_as_its_language_writes_it(text: str, language: str, number: object) -> None:
    """`1.200` is twelve hundred in Dutch, and little more than one in English."""
    assert forms(text, language) == [Decimal(str(number)).normalize()]


@pytest.mark.parametrize(
    "text", ["COVID-19 op de E40, met NH3", "Bel 02 123 45 67 of +32 470 12 34 56", "0800 12 345", "de 3de keer"]
)
def test_a_name_or_a_telephone_number_is_no_value(text: str) -> None:
    """Else every text with a road in it would be held against a fact."""
    assert forms(text) == []


@pytest.mark.parametrize("text", ["binnen 8 uur", "pendant 8 heures", "within 8 hours", "8 uur per dag", "8 Stunden"])
def test_a_length_of_time_is_a_number(text: str) -> None:
    """`binnen 8 uur` does not contradict `om 9 uur`."""
    assert forms(text) == [Decimal(8)]


def test_a_day_without_its_year_is_that_day_of_any_year() -> None:
    """Nobody writes the year twice."""
    (short,), (full,), (other,) = (values_in(each) for each in ("23 november", "23/11/2026", "24 november"))
    assert short.same_as(full)
    assert not short.same_as(other)


def test_a_whole_sentence_is_taken_apart() -> None:
    """Each value once, days before times before numbers."""
    text = "Op maandag 23 november 2026, 16 uur, lagen 2 diensten stil: 1.200 mensen wachtten sinds 8u30."
    assert forms(text) == [(2026, 11, 23), (8, 30), (16, 0), Decimal(2), Decimal("1.2E+3")]


@given(st.text(alphabet=st.sampled_from("0123456789 .,:/-+hu'amp%\u202f٣²"), max_size=60) | st.text(max_size=60))
def test_no_text_whatever_breaks_the_reading_of_values(text: str) -> None:
    """It reads what people type, in a rule that stands between a message and its release."""
    for language in ("nl", "fr", "en", "de"):
        for value in values_in(text, language):
            assert value.same_as(value)


@pytest.mark.parametrize("piece", ["1 ", "1", "1.2", "0 ", "8 uur ", "01 ", "1.234", "+3", "1 000 ", "jan "])
def test_reading_the_longest_text_takes_no_time(piece: str) -> None:
    """A text that makes a pattern try for seconds would hold up everybody's commands."""
    began = time.monotonic()
    values_in((piece * 1550)[:1550])
    assert time.monotonic() - began < 1
