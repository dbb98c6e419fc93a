"""An SMS that fits: cut between words, never longer than asked."""

from hypothesis import given
from hypothesis import strategies as st

from services.rendering.sms import fit, made, measure

words = st.lists(st.text("abcë€\U0001f525.", min_size=1, max_size=30), max_size=120).map(" ".join)


@given(words, st.integers(1, 3))
def test_a_cut_sms_fits_and_begins_as_the_text_does(text: str, segments: int) -> None:
    """No more segments than asked, and only whole words."""
    short = fit(text, segments)
    assert measure(short).segments <= segments
    if short != text:
        start = short.removesuffix("...")
        assert text.startswith(start) and short.endswith("...")
        assert set(text[len(start)]) <= set(" ,;:.-")


def test_as_much_is_kept_as_fits() -> None:
    """A cut that throws away a whole segment is a waste."""
    text = "woord " * 200
    assert measure(fit(text, 3)).characters > 3 * 153 - 10


def test_one_endless_word_is_cut_too() -> None:
    """It must fit whatever it is."""
    assert measure(fit("a" * 1000, 1)).segments == 1


def test_the_prefix_survives_the_cut() -> None:
    """OEFENING comes first, so it is what is never lost."""
    assert made("woord " * 400, prefix="OEFENING: ").startswith("OEFENING: woord")
