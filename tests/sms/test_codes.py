"""Twilio's codes, and what the ledger is told of them."""

import pytest

from services.devstack.twilio_errors import ERRORS
from services.domain.states import State
from services.runtime.errors import Foreseen
from services.sms import outcomes
from services.sms.codes import CODES, FALLS_BACK, REPORTS, Ruling, Verdict, column, rule
from services.sms.provider import MessageResource
from services.sms.settings import TwilioSettings
from services.store.ledger import Delivery


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (400, 21211, Verdict.REFUSED),
        (400, 21610, Verdict.REFUSED),
        (403, 21408, Verdict.REFUSED),  # one region, not the account
        (400, 99999, Verdict.REFUSED),
        (429, 20429, Verdict.SLOW_DOWN),
        (429, None, Verdict.SLOW_DOWN),
        (429, 21611, Verdict.SLOW_DOWN),
        (400, 21611, Verdict.SLOW_DOWN),  # Twilio's queue for the sender is full: later, and nobody fails for it
        (400, 30001, Verdict.SLOW_DOWN),
        (401, 20003, Verdict.CLOSED),
        (403, 20005, Verdict.CLOSED),
        (403, 20403, Verdict.CLOSED),
        (400, 10001, Verdict.CLOSED),  # suspended: every number, so nobody's own fault
        (400, 90010, Verdict.CLOSED),
        (400, 21661, Verdict.CLOSED),
        (400, 21267, Verdict.CLOSED),
        (400, 21608, Verdict.REFUSED),
        (403, None, Verdict.CLOSED),
        (400, 21606, Verdict.CLOSED),  # the sender is wrong: nobody's own fault
        (400, None, Verdict.CLOSED),  # a proxy's page
        (302, None, Verdict.CLOSED),
        (500, 20500, Verdict.IN_DOUBT),
        (503, 21211, Verdict.IN_DOUBT),  # a 5xx is a 5xx, whatever its body says
        (504, None, Verdict.IN_DOUBT),
    ],
)
def test_each_answer_has_one_meaning(status: int, code: int | None, verdict: Verdict) -> None:
    """A wrong line here fails people for a setting, or sends them a second SMS."""
    assert rule(status, code).verdict is verdict


def test_the_table_knows_every_code_of_the_stand_in() -> None:
    """What the stand-in can answer has been thought about."""
    assert set(ERRORS) - set(CODES) <= {20500, 20503}


def test_whoever_cannot_be_reached_by_sms_is_written_to() -> None:
    """A word in the ledger that the table does not know would leave somebody untold without anyone seeing it."""
    refusals = {word for verdict, word in CODES.values() if verdict is Verdict.REFUSED}
    assert refusals <= set(FALLS_BACK)
    assert set(REPORTS.values()) - set(FALLS_BACK) == {"daily-limit"}


def test_a_code_that_the_column_cannot_hold_is_kept_in_the_reason() -> None:
    """`delivery.code` is a smallint; 63038 in it would fail the whole settlement."""
    assert column(30003) == (30003, "unreachable")
    assert column(30999) == (30999, "twilio-30999")
    assert column(63038) == (None, "daily-limit")
    assert column(None) == (None, None)
    assert rule(400, 63013).code == 400


@pytest.mark.parametrize(
    ("status", "state"),
    [("queued", State.ACCEPTED), ("accepted", State.ACCEPTED), ("sent", State.ACCEPTED), ("whatever", State.ACCEPTED),
     ("delivered", State.DELIVERED), ("undelivered", State.BOUNCED), ("failed", State.BOUNCED)],
)  # fmt: skip
def test_what_twilio_holds_is_at_least_accepted(status: str, state: State) -> None:
    """A status that nobody has heard of still means that Twilio has the message."""
    assert outcomes.taken(_delivery(), MessageResource("SM1", status, None)).state is state


def test_what_twilio_took_and_then_dropped_has_bounced_with_its_code() -> None:
    """30001 comes after creation when a messaging service's queue overflows, 30002 when the account is suspended."""
    for code, word in ((30001, "queue-full"), (30002, "account-suspended")):
        result = outcomes.taken(_delivery(), MessageResource("SM1", "failed", code))
        assert (result.state, result.code, result.reason) == (State.BOUNCED, code, word)


def test_only_what_is_handed_over_with_an_open_doubt_may_count_as_a_duplicate() -> None:
    """The ledger counts `handed_over` on a delivery in doubt; ours is cleared up before anything is handed over."""
    assert outcomes.taken(_delivery(), MessageResource("SM1", "queued", None)).handed_over
    assert not outcomes.taken(_delivery(doubts=1), MessageResource("SM1", "queued", None)).handed_over


def test_late_is_failed_when_certain_and_unknown_when_not() -> None:
    """`unknown` makes someone pick up the telephone: it is used only where neither yes nor no can be had."""
    ruling = Ruling(Verdict.IN_DOUBT, 503, "server-error")
    assert outcomes.later(_delivery(), ruling, exhausted=False).state is State.DEFERRED
    assert outcomes.later(_delivery(), ruling, exhausted=True).state is State.FAILED
    assert outcomes.in_doubt(_delivery(), ruling).state is State.DEFERRED
    assert outcomes.in_doubt(_delivery(), ruling, exhausted=True).state is State.UNKNOWN


def test_a_number_that_was_erased_leaves_in_doubt_what_was() -> None:
    """Without it nobody can look up whether the first one arrived."""
    assert outcomes.no_number(_delivery()).state is State.SUPPRESSED
    assert outcomes.no_number(_delivery(doubts=1)).state is State.UNKNOWN


@pytest.mark.parametrize(
    "given", [{}, {"twilio_from": "+15005550006", "twilio_messaging_service_sid": "MG" + "0" * 32}]
)
def test_exactly_one_sender_is_asked_for_in_words(given: dict[str, str]) -> None:
    """Two senders would make Twilio choose; none would fail every SMS."""
    with pytest.raises(Foreseen, match="ROELAND_TWILIO_FROM or ROELAND_TWILIO_MESSAGING_SERVICE_SID"):
        TwilioSettings(**given).sender()  # type: ignore[arg-type]  # strings, for fields that are strings
    assert TwilioSettings(twilio_from="CCVO").sender() == "CCVO"


def _delivery(doubts: int = 0) -> Delivery:
    return Delivery(1, 1, 1, doubts, 1, "+32470000001", "", "", "", "")
