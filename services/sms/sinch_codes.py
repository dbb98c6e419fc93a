"""What Sinch's answers mean for one SMS, as tables.

Statuses and codes of requests: https://developers.sinch.com/docs/sms/api-reference/status-codes; of delivery reports:
https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/. The words are those of `codes.py`.
"""

import re
from collections.abc import Mapping
from typing import Final

from services.domain.sms_failures import CARRIER_FILTERED
from services.sms.codes import Ruling, Verdict

STATUSES: Final[Mapping[int, tuple[Verdict, str]]] = {
    401: (Verdict.CLOSED, "credentials"),
    402: (Verdict.CLOSED, "payment"),
    403: (Verdict.CLOSED, "forbidden"),
    404: (Verdict.CLOSED, "account-not-found"),
    429: (Verdict.SLOW_DOWN, "rate-limited"),
}

CODES: Final[Mapping[str, tuple[Verdict, str]]] = {
    "missing_callback_url": (Verdict.CLOSED, "callback-address"),
    "unknown_campaign": (Verdict.CLOSED, "sender"),
}

PARAMETERS: Final[Mapping[str, tuple[Verdict, str]]] = {
    "to": (Verdict.REFUSED, "invalid-number"),
    "body": (Verdict.REFUSED, "too-long"),
    "expire_at": (Verdict.REFUSED, "validity"),
    "from": (Verdict.CLOSED, "sender"),
    "callback_url": (Verdict.CLOSED, "callback-address"),
}
"""By the parameter that a `syntax_…` error names: whether it is this SMS's own, or counts for all."""

REPORTS: Final[Mapping[int, str]] = {
    1: "unknown-number",
    2: "unknown-number",
    5: "unknown-number",
    9: CARRIER_FILTERED,  # "failed authentication or filtering"
    10: "unknown-number",
    11: "landline",  # the subscription has no SMS
    12: "blocked",
    13: "blocked",
    21: "blocked",
    27: "unreachable",
    28: "unreachable",
    29: "unreachable",
    30: "dropped",
    31: "unreachable",
    32: "unreachable",
    33: "unreachable",
    34: "dropped",
    402: "unreachable",  # no route
    403: "dropped",
    404: "dropped",
    405: "dropped",
    406: "not-in-time",
    407: "dropped",
    408: "blocked",
    410: "sender-not-allowed",
    411: "too-long",
    412: "region-not-enabled",
}
"""Why a message that Sinch took was not delivered: `code` of a delivery report. Below 256 they are the network's."""

REMEDIES: Final[Mapping[str, str]] = {
    "credentials": "mend ROELAND_SINCH_SERVICE_PLAN_ID and ROELAND_SINCH_API_TOKEN",
    "account-not-found": "mend ROELAND_SINCH_SERVICE_PLAN_ID or ROELAND_SINCH_REGION",
    "sender": "mend ROELAND_SINCH_FROM",
    "payment": "see Billing in Sinch's dashboard",
    "callback-address": "make ROELAND_PUBLIC_URL an address that Sinch can call",
}
"""What to do about a closed gate; for what is not here, see Sinch's dashboard."""

_PARAMETER: Final = re.compile(r"'(to|body|expire_at|from|callback_url)\b")


def rule(status: int, code: str | None, text: str) -> Ruling:
    """The ruling on an answer that is no success. `text`: only the parameter that it names is looked at."""
    if status == 408 or status >= 500:  # it says that nothing was made of it; what is between us may say so too
        return Ruling(Verdict.IN_DOUBT, status, "server-error")
    if code is None:
        return Ruling(*_with(status, STATUSES.get(status) or (Verdict.CLOSED, "unexpected-answer")))
    named = _PARAMETER.search(text) if code.startswith("syntax_") else None
    known = PARAMETERS[named[1]] if named else CODES.get(code) or STATUSES.get(status)
    return Ruling(*_with(status, known or (Verdict.REFUSED, "refused")))


def column(code: int | None) -> tuple[int | None, str | None]:
    """A code that came with a message's fate, as the ledger keeps it: (code, reason)."""
    if not code:
        return None, None
    return code if 0 < code <= 32767 else None, REPORTS.get(code) or f"sinch-{code}"


def _with(status: int, found: tuple[Verdict, str]) -> tuple[Verdict, int, str]:
    return found[0], status, found[1]
