"""What a file of a correction may leave out, and what only a correction may say."""

import json
from typing import Any

from services.domain.content import content_hash
from tests.domain.messages import message, parsed, refused

CORRECTION: dict[str, Any] = {
    "incident": "cyber-1", "kind": "correction", "title": "Toch later", "key_messages": ["De lonen komen later."],
    "corrects": "01a2086d-f51e-715f-ab79-538535e52f00",
}  # fmt: skip


def file(**fields: Any) -> str:
    return json.dumps(CORRECTION | fields)


def test_a_correction_and_an_all_clear_leave_out_their_channels() -> None:
    """They go where what was before them went; everything else says its own."""
    assert parsed(file()).channels == ()
    assert parsed(file(kind="all-clear", corrects=None)).channels == ()
    problems = refused(file(kind="alert", corrects=None, audiences=["governors"]))
    assert [(each.problem, "channels:" in each.remedy) for each in problems] == [
        ("The field channels is missing.", True)
    ]


def test_only_a_correction_says_what_was_wrong() -> None:
    """In any other message it would put right what nobody can find."""
    assert parsed(file(wrong="Dat ze op tijd komen.")).wrong[0].text == "Dat ze op tijd komen."
    (problem,) = refused(file(kind="all-clear", corrects=None, wrong=["x"]))
    assert "Only a correction" in problem.problem


def test_no_reader_is_shown_more_than_three_wrong_things() -> None:
    """Three for one audience and three for another are not six for anybody."""
    apart = [{"text": f"{n}", "audiences": [who]} for who in ("governors", "bcm-leads") for n in range(3)]
    assert len(parsed(file(wrong=apart)).wrong) == 6
    (problem,) = refused(file(wrong=["a", "b", "c", "d"]))
    assert "more than 3" in problem.problem


def test_what_does_not_say_it_keeps_its_hash() -> None:
    """The record compares what was said before this field was there."""
    assert content_hash(message()) == content_hash(message(wrong=[]))
    assert content_hash(message()) != content_hash(message(kind="correction", wrong=[{"text": "x"}]))
