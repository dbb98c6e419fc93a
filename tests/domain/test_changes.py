"""What changed is marked in the text, and nothing of either text is lost."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from services.domain.changes import Change, changed, changes

TEXTS = st.text(alphabet="ab .,\n\u00e9\u05d0", max_size=60)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_what_is_marked(before: str, after: str) -> None:
    """An approver reads the new text in it: a word that is missing there would be approved unseen."""
    found = changes(before, after)
    assert "".join(each.text for each in found if each.kind != "added") == before
    assert "".join(each.text for each in found if each.kind != "removed") == after
    assert all(each.text for each in found)


@given(TEXTS)
def test_the_same_text_has_no_mark(text: str) -> None:
    """And no text at all has nothing to mark."""
    assert {each.kind for each in changes(text, text)} <= {"same"}
    assert not changed(changes(text, text))


def test_only_the_words_that_differ_are_marked() -> None:
    """Whoever knows the former text looks for what is new in it."""
    assert changes("De lonen komen maandag.\nVerder niets.", "De lonen komen dinsdag.\nVerder niets.") == [
        Change("same", "De lonen komen"),
        Change("removed", " maandag"),
        Change("added", " dinsdag"),
        Change("same", ".\nVerder niets."),
    ]


def test_spaces_alone_are_no_change() -> None:
    """A template that breaks a line elsewhere says nothing new."""
    assert not changed(changes("a b", "a  b"))


def test_a_text_that_repeats_itself_costs_no_time() -> None:
    """The worst that the limits of a message allow: a proof is there in two seconds all the same."""
    chosen = random.Random(7)
    before, after = ("\n".join(" ".join(chosen.choices("ab", k=300)) for _ in range(60)) for _ in range(2))
    began = time.process_time()
    changes(before, after)
    assert time.process_time() - began < 2
