"""What answers mean: the table, case by case, and what holds for every code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mail.replies import Reply, Stage, Verdict, enhanced_code, verdict

CASES = [
    (Stage.MAIL, 250, "", Verdict.GO_ON),
    (Stage.MAIL, 421, "", Verdict.CLOSING),
    (Stage.MAIL, 450, "4.7.1", Verdict.NOT_NOW),
    (Stage.MAIL, 452, "", Verdict.NOT_NOW),
    (Stage.MAIL, 500, "", Verdict.OUT_OF_STEP),
    (Stage.MAIL, 530, "5.7.0", Verdict.REFUSES_US),
    (Stage.MAIL, 550, "5.7.1", Verdict.REFUSES_US),
    (Stage.MAIL, 552, "", Verdict.FAILED),
    (Stage.MAIL, 554, "5.3.4", Verdict.FAILED),
    (Stage.MAIL, 354, "", Verdict.OUT_OF_STEP),
    (Stage.RCPT, 250, "", Verdict.GO_ON),
    (Stage.RCPT, 251, "", Verdict.GO_ON),
    (Stage.RCPT, 421, "", Verdict.CLOSING),
    (Stage.RCPT, 450, "4.7.1", Verdict.TRY_LATER),
    (Stage.RCPT, 451, "", Verdict.TRY_LATER),
    (Stage.RCPT, 452, "", Verdict.TRY_LATER),
    (Stage.RCPT, 500, "", Verdict.OUT_OF_STEP),
    (Stage.RCPT, 501, "", Verdict.BOUNCED),
    (Stage.RCPT, 530, "", Verdict.REFUSES_US),
    (Stage.RCPT, 550, "5.1.1", Verdict.BOUNCED),
    (Stage.RCPT, 551, "", Verdict.BOUNCED),
    (Stage.RCPT, 552, "", Verdict.TRY_LATER),
    (Stage.RCPT, 553, "", Verdict.BOUNCED),
    (Stage.RCPT, 599, "", Verdict.BOUNCED),
    (Stage.DATA, 354, "", Verdict.GO_ON),
    (Stage.DATA, 250, "", Verdict.OUT_OF_STEP),
    (Stage.DATA, 451, "", Verdict.TRY_LATER),
    (Stage.DATA, 500, "", Verdict.OUT_OF_STEP),
    (Stage.DATA, 503, "", Verdict.OUT_OF_STEP),
    (Stage.DATA, 554, "", Verdict.FAILED),
    (Stage.BODY, 250, "2.0.0", Verdict.ACCEPTED),
    (Stage.BODY, 259, "", Verdict.ACCEPTED),
    (Stage.BODY, 421, "", Verdict.CLOSING),
    (Stage.BODY, 452, "", Verdict.TRY_LATER),
    (Stage.BODY, 500, "", Verdict.FAILED),
    (Stage.BODY, 552, "", Verdict.FAILED),
    (Stage.BODY, 554, "5.6.0", Verdict.FAILED),
    (Stage.BODY, 354, "", Verdict.OUT_OF_STEP),
]


@pytest.mark.parametrize(("stage", "code", "enhanced", "expected"), CASES)
def test_every_answer_has_its_meaning(stage: Stage, code: int, enhanced: str, expected: Verdict) -> None:
    """One line for each rule of RFC 5321 that a mail's fate hangs on."""
    assert verdict(stage, code, enhanced) is expected


@given(stage=st.sampled_from(Stage), code=st.integers(-1, 999))
def test_no_code_is_taken_for_more_than_it_says(stage: Stage, code: int) -> None:
    """Accepted is only what was answered with 2xx after the body; a refusal for good is only a 5xx."""
    found = verdict(stage, code)
    if found is Verdict.ACCEPTED:
        assert (stage, code // 100) == (Stage.BODY, 2)
    if found in {Verdict.BOUNCED, Verdict.FAILED, Verdict.REFUSES_US}:
        assert code // 100 == 5
    if code // 100 == 4:
        assert found in {Verdict.NOT_NOW if stage is Stage.MAIL else Verdict.TRY_LATER, Verdict.CLOSING}


@pytest.mark.parametrize(
    ("code", "text", "enhanced"),
    [
        (550, "5.1.1 <a@b.example>: unknown", "5.1.1"),
        (450, "4.7.1", "4.7.1"),
        (250, "Ok", ""),
        (550, "10.1.2.3 says no", ""),
        (550, "5.1.1a", ""),
        (250, "5.3.4 ok", ""),
        (450, "5.1.1 not now", ""),
    ],
)
def test_enhanced_codes_are_found_at_the_start_only(code: int, text: str, enhanced: str) -> None:
    """RFC 2034 §4; an IP address in the text is none, and one that contradicts the reply says nothing."""
    assert enhanced_code(code, text) == enhanced


def test_reasons_are_words_of_ours() -> None:
    """What the relay writes may hold an address, so none of it is kept."""
    assert Reply(Stage.RCPT, 550, "5.1.1").reason == "5.1.1 no-such-mailbox"
    assert Reply(Stage.RCPT, 550, "5.7.26").reason == "5.7.26 policy"
    assert Reply(Stage.BODY, 554).reason == "refused-at-body"
