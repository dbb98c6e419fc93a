"""Segments of an SMS, against the tables of 3GPP TS 23.038 written down here, and against another library."""

import gsm0338  # type: ignore[import-untyped]  # registers its codec, and has no types
from hypothesis import given
from hypothesis import strategies as st

from services.domain.texts import measure

# 3GPP TS 23.038 §6.2.1, the default alphabet, in the order of its codes; ESC (27) is no character.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"  # §6.2.1.1: ESC and one more
SINGLE, PART = 160, 153  # septets; a part of several has a header of 7 (3GPP TS 23.040 §9.2.3.24)
SINGLE_UCS2, PART_UCS2 = 70, 67  # UTF-16 code units
CODEC = gsm0338.Codec()

GSM = st.text(st.sampled_from(DEFAULT + EXTENSION), max_size=520)
TEXTS = GSM | st.text(st.sampled_from(DEFAULT + EXTENSION + "ëêïçâ’…😀Ωж"), max_size=260)


def by_the_standard(text: str) -> tuple[str, int]:
    """Encoding and segments. What takes two units is never cut in the middle, so that a part may be one short."""
    if set(text) <= set(DEFAULT + EXTENSION):
        return "GSM-7", _parts([2 if char in EXTENSION else 1 for char in text], SINGLE, PART)
    return "UCS-2", _parts([2 if ord(char) > 0xFFFF else 1 for char in text], SINGLE_UCS2, PART_UCS2)


def _parts(units: list[int], single: int, part: int) -> int:
    if sum(units) <= single:
        return 1
    count, filled = 1, 0
    for size in units:
        if filled + size > part:
            count, filled = count + 1, 0
        filled += size
    return count


@given(TEXTS)
def test_segments_are_those_of_the_standard(text: str) -> None:
    """What an approver is told that it takes, and costs."""
    size = measure(text)
    assert (size.encoding, size.segments) == by_the_standard(text)


@given(GSM)
def test_another_library_counts_the_same_septets(text: str) -> None:
    """`gsm0338` writes what we call GSM-7, in as many septets as fit the segments that we count."""
    septets = len(CODEC.encode(text)[0])
    assert septets == sum(2 if char in EXTENSION else 1 for char in text)
    size = measure(text)
    assert size.encoding == "GSM-7"
    assert (size.segments == 1) == (septets <= SINGLE)
    assert size.segments == 1 or (size.segments - 1) * (PART - 1) < septets <= size.segments * PART


@given(st.characters(codec="utf-8"))
def test_no_character_is_gsm_to_one_and_not_to_the_other(char: str) -> None:
    """Of all of Unicode."""
    assert (measure(char).encoding == "GSM-7") is _known(char)


def test_each_character_of_the_standards_tables_is_known_to_both() -> None:
    """The 127 of the default alphabet, and the ten of its extension."""
    assert (len(DEFAULT), len(EXTENSION)) == (127, 10)
    assert all(_known(char) and measure(char).encoding == "GSM-7" for char in DEFAULT + EXTENSION)


def test_at_the_edges() -> None:
    """One character more."""
    assert [measure("a" * n).segments for n in (0, 1, 160, 161, 306, 307, 1600)] == [1, 1, 1, 2, 2, 3, 11]
    assert [measure("ë" * n).segments for n in (70, 71, 134, 135)] == [1, 2, 2, 3]
    assert [measure("€" * n).segments for n in (80, 81, 152, 153)] == [1, 2, 2, 3]


def _known(char: str) -> bool:
    try:
        CODEC.encode(char)
    except UnicodeError:
        return False
    return True
