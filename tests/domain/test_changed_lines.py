"""What changed between two messages, line by line."""

from hypothesis import given
from hypothesis import strategies as st

from services.domain.changed_lines import changed_lines

lines = st.lists(st.text("ab c", min_size=1, max_size=12).map(str.strip).filter(bool), max_size=12)


def test_new_reworded_and_gone_are_told_apart() -> None:
    """A reader looks for what is new, and must not miss what is no longer said."""
    found = changed_lines(
        ["De lonen komen maandag.", "Er zijn geen gegevens gelekt.", "Bel ons niet."],
        ["De lonen komen dinsdag.", "Er zijn geen gegevens gelekt.", "Eén server werkt opnieuw."],
    )
    assert found.new == ("Eén server werkt opnieuw.",) and found.gone == ("Bel ons niet.",)
    (reworded,) = found.reworded
    assert reworded.line == "De lonen komen dinsdag."
    assert [(each.kind, each.text) for each in reworded.pieces] == [
        ("same", "De lonen komen"), ("removed", " maandag"), ("added", " dinsdag"), ("same", "."),
    ]  # fmt: skip


def test_another_order_is_no_change() -> None:
    """Sections move between phases; that is no news."""
    assert not changed_lines(["a", "b", "c"], ["c", "a", "b"])


@given(lines, lines)
def test_every_line_is_accounted_for_once(before: list[str], now: list[str]) -> None:
    """What is said now is new, reworded or was said; what was said is said, reworded or gone."""
    found = changed_lines(before, now)
    assert set(now) - set(before) == set(found.new) | {each.line for each in found.reworded}
    was = {"".join(piece.text for piece in each.pieces if piece.kind != "added") for each in found.reworded}
    assert set(before) - set(now) == set(found.gone) | was
    assert len(was) == len(found.reworded)


def test_what_repeats_itself_without_end_costs_no_minute() -> None:
    """A message has some forty lines; whatever it has, a page is made."""
    found = changed_lines([f"regel {n} hier" for n in range(400)], [f"regel {n} daar" for n in range(400)])
    assert len(found.new) == len(found.gone) == 400
