"""What the ledger is told of one SMS, from what its provider said. It reads no clock but the database's."""

from datetime import datetime
from typing import Final

from services.domain.sms_failures import OPTED_OUT
from services.domain.states import State
from services.runtime import clock
from services.sms import codes, sinch_codes
from services.sms.codes import Ruling
from services.sms.provider import MessageResource, provider_of
from services.store.ledger import Delivery, Result

STATES: Final = {
    "delivered": State.DELIVERED,
    "read": State.DELIVERED,
    "undelivered": State.BOUNCED,
    "failed": State.BOUNCED,
    "aborted": State.BOUNCED,
    "cancelled": State.BOUNCED,
    "deleted": State.BOUNCED,
    "expired": State.BOUNCED,
    "rejected": State.BOUNCED,
}
"""Statuses, of Twilio's and Sinch's (in small letters), that say more than that it was taken. Sinch's `unknown` does
not: the network has it, and no receipt came."""


def taken(delivery: Delivery, held: MessageResource) -> Result:
    """A provider has it."""
    code, reason = column(held.sid, held.error_code)
    state = STATES.get(held.status, State.ACCEPTED)
    at = clock.now()
    return _result(delivery, state, code=code, reason=reason, provider_id=held.sid, at=at, handed_over=True)


def refused(delivery: Delivery, ruling: Ruling) -> Result:
    """The provider will not have it."""
    return _result(delivery, State.FAILED, code=ruling.code, reason=ruling.reason, handed_over=True)


def not_allowed(delivery: Delivery, reason: str) -> Result:
    """It is handed over to nobody."""
    return _result(delivery, State.FAILED, reason=reason)


def column(sid: str, code: int | None) -> tuple[int | None, str | None]:
    """The (code, reason) of the ledger, for a code that the provider of this message gave its fate."""
    return sinch_codes.column(code) if provider_of(sid) == "sinch" else codes.column(code)


def later(delivery: Delivery, ruling: Ruling, *, exhausted: bool) -> Result:
    """Nobody has it, and is asked again later, if it is not too late for that."""
    state = State.FAILED if exhausted else State.DEFERRED
    return _result(delivery, state, code=ruling.code, reason=ruling.reason)


def in_doubt(delivery: Delivery, ruling: Ruling, *, exhausted: bool = False) -> Result:
    """A provider may have it, and cannot be asked now; `exhausted`: it was asked for as long as anyone waits."""
    state = State.UNKNOWN if exhausted else State.DEFERRED
    return _result(delivery, state, code=ruling.code, reason=ruling.reason, handed_over=True, in_doubt=True)


def no_number(delivery: Delivery) -> Result:
    """The number was erased after the plan was made. After a doubt nobody can tell any more: there is nothing to look
    up, and the one before may have arrived."""
    return _result(delivery, State.UNKNOWN if delivery.doubts else State.SUPPRESSED, reason="no-number")


def opted_out(delivery: Delivery) -> Result:
    """The number asked for no more SMS after the plan was made."""
    return _result(delivery, State.FAILED, reason=OPTED_OUT)


def _result(
    delivery: Delivery,
    state: State,
    *,
    code: int | None = None,
    reason: str | None = None,
    provider_id: str | None = None,
    at: datetime | None = None,
    handed_over: bool = False,
    in_doubt: bool = False,
) -> Result:
    """A doubt of an earlier attempt is always cleared up before an SMS is handed over again, so that handing it over
    after one is no possible duplicate."""
    return Result(
        delivery.sequence, delivery.attempt, state, handed_over=handed_over and not delivery.doubts,
        in_doubt=in_doubt, code=code, reason=reason, provider_id=provider_id, at=at,
    )  # fmt: skip
