"""The code by which anyone can ask whether a message is genuine."""

import re

from hypothesis import given
from hypothesis import strategies as st

from services.domain.verification import ALPHABET, PRINTED, code_of, read_code

ID = "019395a0-0000-7000-8000-000000000001"

codes = st.builds(code_of, st.uuids().map(str), st.sampled_from(["governors", "public", "bcm-leads"]))


@given(codes)
def test_a_code_is_short_and_has_no_letter_that_is_misread(code: str) -> None:
    """It is read out on the phone, and typed by somebody in a hurry."""
    assert re.fullmatch(f"[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}", code)
    assert not set("ILOU") & set(code) and PRINTED.fullmatch(code)


def test_a_code_never_changes() -> None:
    """It is on paper by then: this one was printed in November 2026."""
    assert code_of(ID, "governors") == "YE9BM-BX3J8"


def test_each_audience_and_each_message_has_its_own() -> None:
    """It says to whom the message was."""
    assert len({code_of(ID, each) for each in ("governors", "public", "")} | {code_of(ID[:-1] + "2", "public")}) == 4


@given(codes, st.randoms(), st.sampled_from(["", " ", "-", " – ", ".", "\t", "_"]))
def test_a_code_is_understood_however_it_is_typed(code: str, random, between: str) -> None:
    """Small letters, spaces, no hyphen, o for 0, l and i for 1."""
    typed = between.join(random.choice([each, each.lower()]) for each in code if each != "-")
    typed = "".join(random.choice({"0": "0Oo", "1": "1IiLl"}.get(each, each)) for each in typed)
    assert read_code(f" {typed} ") == code


@given(st.text())
def test_what_is_no_code_is_none(typed: str) -> None:
    """Whatever it is: the answer is a code or None, never an error."""
    assert read_code(typed) is None or PRINTED.fullmatch(str(read_code(typed)))
