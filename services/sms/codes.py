"""What Twilio's answers mean for one SMS, as a table.

Codes: https://www.twilio.com/docs/api/errors. Refusals count for one number or one text; what counts for all (the
account, the sender, the callback's address) closes the gate, so that nobody fails for a setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.domain.sms_failures import CARRIER_FILTERED, FALLS_BACK, OPTED_OUT

__all__ = ["CODES", "FALLS_BACK", "REMEDIES", "REPORTS", "STATUSES", "Ruling", "Verdict", "column", "rule"]


class Verdict(Enum):
    """What happens next."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good, this one
    SLOW_DOWN = "slow-down"  # nothing handed over; all go slower
    CLOSED = "closed"  # nothing handed over; all wait until someone mends it
    AWAY = "away"  # nothing handed over; all wait until it is back
    WITHHELD = "withheld"  # nothing handed over: it may not go any more
    IN_DOUBT = "in-doubt"  # perhaps taken: look it up


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, with the code that led to it and a short word that holds no number and no text."""

    verdict: Verdict
    code: int | None = None
    reason: str | None = None


def rule(status: int, code: int | None) -> Ruling:
    """The ruling on an answer that is no success, by Twilio's code if it is known, else by the HTTP status."""
    if status == 408 or status >= 500:  # whatever it says, the message may have been made
        return Ruling(Verdict.IN_DOUBT, _fits(code) or status, "server-error")
    otherwise = _REFUSED if code and 400 <= status < 500 else _NOT_TWILIO
    verdict, reason = CODES.get(code or 0) or STATUSES.get(status) or otherwise
    return Ruling(verdict, _fits(code) or status, reason)


def column(code: int | None) -> tuple[int | None, str | None]:
    """A code that came with a message's fate, as the ledger keeps it: (code, reason). One that nobody has given a word
    is its own word; one that the column cannot hold is in the reason alone."""
    if not code:
        return None, None
    return _fits(code), REPORTS.get(code) or f"twilio-{code}"


def _fits(code: int | None) -> int | None:
    """The code if the ledger's column can hold it (smallint)."""
    return code if code and 0 < code <= 32767 else None


CODES: Final[Mapping[int, tuple[Verdict, str]]] = {
    10001: (Verdict.CLOSED, "account-not-active"),
    14107: (Verdict.SLOW_DOWN, "rate-limited"),
    20003: (Verdict.CLOSED, "credentials"),
    20005: (Verdict.CLOSED, "account-not-active"),
    20008: (Verdict.CLOSED, "test-credentials"),
    20404: (Verdict.CLOSED, "account-not-found"),
    20429: (Verdict.SLOW_DOWN, "rate-limited"),
    21211: (Verdict.REFUSED, "invalid-number"),
    21212: (Verdict.CLOSED, "sender"),
    21266: (Verdict.REFUSED, "sender-is-recipient"),
    21408: (Verdict.REFUSED, "region-not-enabled"),
    21267: (Verdict.CLOSED, "sender"),  # a name, on a trial account
    21602: (Verdict.REFUSED, "no-text"),
    21603: (Verdict.CLOSED, "sender"),
    21604: (Verdict.REFUSED, "no-number"),
    21606: (Verdict.CLOSED, "sender"),
    21608: (Verdict.REFUSED, "trial-account"),  # takes numbers that were verified there, and no others
    21609: (Verdict.CLOSED, "callback-address"),
    21610: (Verdict.REFUSED, "opted-out"),
    21611: (Verdict.SLOW_DOWN, "queue-full"),
    21612: (Verdict.REFUSED, "unreachable"),
    21614: (Verdict.REFUSED, "not-mobile"),
    21617: (Verdict.REFUSED, "too-long"),
    21618: (Verdict.REFUSED, "text-not-allowed"),
    21635: (Verdict.REFUSED, "landline"),
    21659: (Verdict.CLOSED, "sender"),
    21660: (Verdict.CLOSED, "sender"),
    21661: (Verdict.CLOSED, "sender"),
    21701: (Verdict.CLOSED, "sender"),
    21703: (Verdict.CLOSED, "sender"),
    21704: (Verdict.CLOSED, "sender"),
    30001: (Verdict.SLOW_DOWN, "queue-full"),
    30002: (Verdict.CLOSED, "account-suspended"),
    30010: (Verdict.REFUSED, "too-expensive"),
    63038: (Verdict.CLOSED, "daily-limit"),
    90007: (Verdict.REFUSED, "validity"),
    90010: (Verdict.CLOSED, "account-not-active"),
}

STATUSES: Final[Mapping[int, tuple[Verdict, str]]] = {
    401: (Verdict.CLOSED, "credentials"),
    402: (Verdict.CLOSED, "payment"),
    403: (Verdict.CLOSED, "forbidden"),
    404: (Verdict.CLOSED, "account-not-found"),
    429: (Verdict.SLOW_DOWN, "rate-limited"),
}

_REFUSED: Final = (Verdict.REFUSED, "refused")
_NOT_TWILIO: Final = (Verdict.CLOSED, "unexpected-answer")  # something between us and Twilio: nobody's fault

REPORTS: Final[Mapping[int, str]] = {
    21610: OPTED_OUT,
    30001: "queue-full",
    30002: "account-suspended",
    30003: "unreachable",
    30004: "blocked",
    30005: "unknown-number",
    30006: "landline",  # or a carrier that cannot be reached
    30007: CARRIER_FILTERED,
    30008: "dropped",  # "unknown error"
    30009: "dropped",  # a segment of it was lost
    30010: "too-expensive",
    30018: "sender-not-allowed",  # the carrier wants senders registered
    30024: "sender-not-allowed",  # a number as sender, where the carrier wants another
    30032: "sender-not-allowed",  # toll-free, not verified
    30034: "sender-not-allowed",  # US: not registered (A2P 10DLC)
    30036: "not-in-time",  # its ValidityPeriod
    30037: "sender-not-allowed",  # no SMS from this sender
    30410: "dropped",  # the carrier did not answer in time
    30500: "dropped",  # Twilio's own
    63038: "daily-limit",
}
"""Why a message that Twilio took was not delivered: `error_code` of a look-up, `ErrorCode` of a callback."""

REMEDIES: Final[Mapping[str, str]] = {
    "credentials": "mend ROELAND_TWILIO_ACCOUNT_SID and ROELAND_TWILIO_AUTH_TOKEN",
    "account-not-found": "mend ROELAND_TWILIO_ACCOUNT_SID or ROELAND_TWILIO_BASE_URL",
    "sender": "mend ROELAND_TWILIO_FROM or ROELAND_TWILIO_MESSAGING_SERVICE_SID",
    "account-not-active": "see Billing in Twilio's console, or ask Twilio's support",
    "account-suspended": "see Billing in Twilio's console, or ask Twilio's support",
    "trial-account": "upgrade the account at Twilio",
    "callback-address": "make ROELAND_PUBLIC_URL an address that Twilio can call",
}
"""What to do about a closed gate; for what is not here, see Twilio's console."""
