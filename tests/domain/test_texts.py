"""Text from outside is made harmless once; what is counted in it is counted right."""

from hypothesis import given
from hypothesis import strategies as st

from services.domain.texts import few_lines, gsm_typography, measure, one_line, outside_gsm
from services.domain.variants import SLOT_CLOSE, SLOT_OPEN, fill, slot, slots_for

anything = st.text(st.characters(exclude_categories=[]))


@given(anything)
def test_one_line_is_one_line_and_can_be_encoded(text: str) -> None:
    """No header, SMTP line or feed can be broken out of by what is left."""
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.encode().decode() == line
    assert not set(line) & set(map(chr, range(32))) and SLOT_OPEN not in line and SLOT_CLOSE not in line
    assert one_line(line) == line


@given(anything)
def test_few_lines_break_at_newlines_only(text: str) -> None:
    """An SMS may have lines; nothing else that some parser takes for one."""
    lines = few_lines(text)
    assert lines.splitlines() == (lines.split("\n") if lines else [])
    assert few_lines(lines) == lines


def test_visible_text_is_not_touched() -> None:
    """Names and prices of any language stay as they were written."""
    text = "Überprüfen: één ‘België’, 5 € – 日本 \U0001f525 <b>{{ x }}</b>"
    assert one_line(text) == text


def test_sms_sizes() -> None:
    """3GPP TS 23.038 and 23.040: 160 or 153 characters in GSM-7, 70 or 67 in UCS-2; € takes two."""
    cases = {"a" * 160: ("GSM-7", 1), "a" * 161: ("GSM-7", 2), "a" * 307: ("GSM-7", 3), "€" * 81: ("GSM-7", 2),
             "ë" * 70: ("UCS-2", 1), "ë" * 71: ("UCS-2", 2), "\U0001f525" * 36: ("UCS-2", 2)}  # fmt: skip
    for text, expected in cases.items():
        assert (measure(text).encoding, measure(text).segments) == expected


def test_what_leaves_gsm_has_its_replacement() -> None:
    """Lint offers it: one ë costs more than half of an SMS."""
    assert outside_gsm("België: één ‘ç’ 日") == {"ç": "c", "ë": "e", "‘": "'", "’": "'", "日": ""}
    assert measure(gsm_typography("‘Zo’ – “nu”…")).encoding == "GSM-7"


def test_slots_are_filled_with_harmless_text_and_never_empty() -> None:
    """A contact may have no municipality; `U krijgt dit als contactpunt van .` is no sentence."""
    slots = slots_for(name=f"Burge\r\nmeester{SLOT_OPEN}NAME{SLOT_CLOSE}", organisation="Stad Gent")
    assert fill(f"{slot('name')} van {slot('municipality')}", slots) == "Burge meesterNAME van Stad Gent"
