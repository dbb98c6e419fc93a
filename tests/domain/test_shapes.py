"""What pydantic finds is told by its kind, in our words: never in its own, which speak of Python."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic_core.core_schema import ErrorType

from services.domain.shapes import in_our_words


class _Schedule(BaseModel):
    time: str
    weekdays: list[str]


class _Newsletter(BaseModel):
    schedule: _Schedule | None
    others: list[_Schedule]


CONTEXT = {
    "ge": 1, "gt": 1, "le": 9, "lt": 9, "multiple_of": 5, "min_length": 2, "max_length": 3, "expected": "'a' or 'b'",
    "error": ValueError("ours"),
}  # fmt: skip


def error(kind: str, **more: Any) -> Any:
    return {"type": kind, "loc": ("schedule", "time"), "msg": "PYDANTIC", "input": 17, "ctx": CONTEXT} | more


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_kind_of_error_is_told_in_pydantics_words(kind: str) -> None:
    """Also those that no model of ours can lead to yet, and those of its next version that we know by name."""
    problem, remedy = in_our_words(error(kind), see="See the page.")
    assert problem.endswith(".")
    assert remedy
    assert "PYDANTIC" not in problem + remedy


def test_what_might_be_a_secret_is_not_repeated() -> None:
    """A setting is told by its name; its value may be a password in the wrong place."""
    given = error("literal_error")
    del given["input"]
    assert in_our_words(given, see="") == ("This is not one of them.", "Choose from: a, b.")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (error("less_than_equal"), ("This must be 9 or less.", "See the page.")),
        (error("too_short", ctx={"min_length": 1}), ("This list is empty.", "Name at least one.")),
        (error("bool_type"), ("This must be true or false.", "Write `time: true` or `time: false`.")),
        (
            error("extra_forbidden", loc=("others", 0, "tme")),
            ("There is no field others[0].tme.", "Did you mean time?"),
        ),
        (error("literal_error", input="aa"), ("'aa' is not one of them.", "Did you mean a?")),
        (error("value_error"), ("ours.", "See the page.")),
    ],
)
def test_a_limit_a_field_or_a_choice_is_named(given: Any, told: tuple[str, str]) -> None:
    """Else nobody knows how to mend it."""
    assert in_our_words(given, see="See the page.", model=_Newsletter) == told
