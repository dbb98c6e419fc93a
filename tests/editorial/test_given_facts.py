"""References from outside, past every door: each is read, or refused with its place; none is an error of ours."""

from typing import Any

import pytest

from services.domain.configuration import DEFAULT
from services.domain.problems import Refused
from services.editorial.given import read_content
from tests.domain.messages import message


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ([{"fact": 5}], "actions[0].fact"),
        ([{"fact": ["a"]}], "actions[0].fact"),
        ([{"fact": "A b"}], "actions[0].fact"),
        ([{"fact": "a" * 65}], "actions[0].fact"),
        ([{"fact": ""}], "actions[0]"),
        ([{"fact": None, "text": ""}], "actions[0]"),
        ([{"text": None, "fact": "a"}], "actions[0].text"),
        ([{}], "actions[0]"),
        ([{"fact": "a", "audiences": ["everyone"]}], "actions[0].audiences[0]"),
        ([{"fact": "a", "language": "xx"}], "actions[0].language"),
    ],
)
def test_a_reference_that_is_none_is_refused_with_its_place(texts: list[dict[str, Any]], place: str) -> None:
    """A signed command may hold anything."""
    with pytest.raises(Refused) as refusal:
        read_content(message().model_dump(mode="json") | {"actions": texts}, DEFAULT)
    assert any(each.place.startswith(place) for each in refusal.value.problems), refusal.value.problems


@pytest.mark.parametrize("field", ["title", "unknown", "actions", "sms"])
def test_a_reference_is_read_wherever_a_text_stands(field: str) -> None:
    """And stays one: alone, with own words, for one language, with nothing but spaces as its words."""
    texts: list[dict[str, Any]] = [{"fact": "a"}, {"fact": "b", "language": "fr"}, {"text": "x", "fact": "c"}]
    content = read_content(message().model_dump(mode="json") | {field: [*texts, {"text": "  ", "fact": "d"}]}, DEFAULT)
    read = getattr(content, field)
    assert [(each.text, each.fact, each.language) for each in read] == [
        ("", "a", None), ("", "b", "fr"), ("x", "c", "nl"), ("", "d", None),
    ]  # fmt: skip
    assert read_content(content.model_dump(mode="json"), DEFAULT) == content
