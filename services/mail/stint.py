"""What one connection sends while somebody has it, and what each answer makes of a delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from services.fanout.retry import exhausted
from services.mail.composition import Composer
from services.mail.errands import Errand, Line
from services.mail.gate import Gate
from services.mail.outcomes import accepted, answered, erased, unanswered, unsendable
from services.mail.pool import Pool
from services.mail.replies import Reply, Stage, Verdict
from services.mail.session import Mail, Session
from services.mail.trouble import Trouble, refusal
from services.runtime import clock
from services.store.ledger import Delivery

_OF_NOBODY: Final = {Verdict.NOT_NOW, Verdict.CLOSING, Verdict.OUT_OF_STEP}

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Letter(Mail):
    """A mail, and whose it is."""

    errand: Errand
    delivery: Delivery


@dataclass(frozen=True)
class Desk:
    """What all stints share."""

    pool: Pool
    gate: Gate
    composer: Composer
    horizon: timedelta
    man: Callable[[Line], None]
    """Called when something was put back into a line of which no connection may be taking."""


class Stint:
    """A `Source` for one session: mails of one lane, at most `most` of them."""

    def __init__(self, desk: Desk, line: Line, session: Session, most: float) -> None:
        self._desk, self._line, self._most = desk, line, most
        self.session = session
        self.held: list[Letter] = []
        """Under way on this connection."""
        self._got_through = False  # the relay let a mail begin, before it was lost

    def next(self) -> Letter | None:
        """The next mail, if this connection may be kept for it."""
        while self._most > 0 and self._desk.pool.keep(self.session, self._line.lane, len(self.held)):
            found = self._line.next()
            if found is None:
                return None
            letter = self._compose(*found)
            if letter is not None:
                self._most -= 1
                self.held.append(letter)
                return letter
        return None

    def may_go(self, mail: Letter) -> bool:
        """Whether it still may be sent."""
        return mail.errand.job.may_start()

    def opening(self, mail: Letter) -> None:
        """Said to the journal."""
        mail.errand.job.opening(mail.delivery)

    def answered(self, mail: Letter, reply: Reply) -> None:
        """Settled, or no fault of the delivery's."""
        self.held.remove(mail)
        if reply.verdict is Verdict.ACCEPTED:
            self._desk.gate.heard()
            mail.errand.settle(accepted(mail.delivery, reply.code, clock.now()))
        elif reply.verdict is Verdict.REFUSES_US:
            self._turned_away(mail, refusal(reply))
        elif reply.stage is Stage.MAIL and reply.verdict in _OF_NOBODY:
            self._not_now(mail, reply)
        else:
            self._desk.gate.heard()
            mail.errand.settle(answered(mail.delivery, reply, late=self._late(mail, mail.delivery.tries)))

    def lost(self, mail: Letter, stage: Stage) -> None:
        """In doubt, or to be tried again; before the recipient was named, it is no fault of the delivery's."""
        self.held.remove(mail)
        if mail.errand.over and not mail.handed_over:
            mail.errand.give_back(mail.delivery)
        elif stage is not Stage.MAIL:
            self._got_through = True
            late = self._late(mail, mail.delivery.tries)
            mail.errand.settle(unanswered(mail.delivery, handed_over=mail.handed_over, late=late))
        elif self.session.excused or self._got_through:
            self._line.put_back(mail.errand, mail.delivery)
        else:
            self._turned_away(mail, Trouble("closes the connection"))

    def silent(self, following: Letter | None) -> None:
        """Others go on: with what followed, and as if this connection did not take part."""
        self._desk.pool.hangs(self.session, self._line.lane)
        if following is not None:
            self.held.remove(following)
            self._line.put_back(following.errand, following.delivery)
            self._desk.man(self._line)

    def withheld(self, mail: Letter) -> None:
        """Given back."""
        self.held.remove(mail)
        mail.errand.give_back(mail.delivery)

    def unsendable(self, mail: Letter, reason: str) -> None:
        """Failed."""
        self.held.remove(mail)
        mail.errand.settle(unsendable(mail.delivery, reason))

    def _compose(self, errand: Errand, delivery: Delivery) -> Letter | None:
        """The mail; None when there is none to send, which is then settled."""
        if delivery.address is None:
            errand.settle(erased(delivery))
            return None
        composer = self._desk.composer
        try:
            recipient, content = composer.compose(errand.job, delivery, delivery.address)
        except (ValueError, LookupError) as problem:
            reason = "bad-address" if isinstance(problem, ValueError) else "cannot-compose"
            message = str(errand.job.claim.message_id)
            log.error("unsendable", message=message, sequence=delivery.sequence, reason=reason)
            errand.settle(unsendable(delivery, reason))
            return None
        return Letter(composer.sender, recipient, content, True, errand, delivery)

    def _not_now(self, mail: Letter, reply: Reply) -> None:
        """No recipient was named: it keeps its place and its attempts, until the relay took nothing for too long."""
        gate, limited = self._desk.gate, reply.verdict is Verdict.NOT_NOW
        grown_old = self.session.sent > 0 and not limited
        if limited and gate.hopeless and self._late(mail, mail.delivery.attempt):  # claims: none came to a try
            mail.errand.settle(answered(mail.delivery, reply, late=True))
        elif grown_old or (reply.verdict is not Verdict.OUT_OF_STEP and gate.slow_down(reply)):
            self._line.put_back(mail.errand, mail.delivery)
        else:
            self._turned_away(mail, refusal(reply))

    def _turned_away(self, mail: Letter, trouble: Trouble) -> None:
        """The relay takes nothing of ours now."""
        mail.errand.give_back(mail.delivery)
        self._desk.gate.shut(trouble)

    def _late(self, mail: Letter, tries: int) -> bool:
        released_at = mail.errand.job.claim.released_at
        return exhausted(released_at, clock.now(), self._desk.horizon, tries)
