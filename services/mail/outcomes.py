"""From what the relay answered, or did not, to what the ledger records. Pure."""

from datetime import datetime

from services.domain.states import State
from services.mail.replies import Reply, Stage, Verdict
from services.store.ledger import Delivery, Result


def accepted(delivery: Delivery, code: int, now: datetime) -> Result:
    """The relay has it."""
    return Result(delivery.sequence, delivery.attempt, State.ACCEPTED, handed_over=True, code=code, at=now)


def answered(delivery: Delivery, reply: Reply, *, late: bool) -> Result:
    """What this answer, other than an acceptance, makes of the delivery; not for one that concerns us rather than it.

    `late`: it is not tried again.
    """
    got_it = reply.stage is Stage.BODY
    ended = late or reply.verdict is Verdict.FAILED
    state = State.BOUNCED if reply.verdict is Verdict.BOUNCED else _again(delivery, late=ended)
    return Result(delivery.sequence, delivery.attempt, state, handed_over=got_it, code=reply.code, reason=reply.reason)


def unanswered(delivery: Delivery, *, handed_over: bool, late: bool) -> Result:
    """What is left when the connection broke: in doubt once the mail was handed over, else to be tried again."""
    if not handed_over:
        state = _again(delivery, late=late)
        return Result(delivery.sequence, delivery.attempt, state, reason="connection-lost")
    state = State.UNKNOWN if late else State.DEFERRED
    return Result(delivery.sequence, delivery.attempt, state, handed_over=True, in_doubt=True, reason="no-answer")


def erased(delivery: Delivery) -> Result:
    """Nothing to send it to: erased after the plan was made. An earlier copy that may have arrived stays in doubt."""
    state = State.UNKNOWN if delivery.doubts else State.SUPPRESSED
    return Result(delivery.sequence, delivery.attempt, state, reason="erased")


def unsendable(delivery: Delivery, reason: str) -> Result:
    """It cannot be made into a mail."""
    return Result(delivery.sequence, delivery.attempt, _again(delivery, late=True), reason=reason)


def no_links(delivery: Delivery, *, late: bool) -> Result:
    """An edition while it is not known where readers' links lead: later, or never."""
    return Result(delivery.sequence, delivery.attempt, _again(delivery, late=late), reason="no-public-url")


def _again(delivery: Delivery, *, late: bool) -> State:
    """Deferred; when it is not tried again failed, or unknown if an earlier copy may have arrived."""
    if not late:
        return State.DEFERRED
    return State.UNKNOWN if delivery.doubts else State.FAILED
