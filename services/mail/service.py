"""What the mail worker does with a claim: compose, send over a free connection, report each answer at once."""

from asyncio import TaskGroup
from collections import deque
from datetime import UTC, datetime, timedelta

import structlog

from services.domain.lanes import Channel
from services.fanout.carrier import Job, give_back
from services.fanout.retry import RetrySettings, exhausted
from services.mail.composition import Composer
from services.mail.gate import Gate
from services.mail.outcomes import answered, erased, unanswered, unsendable
from services.mail.pool import Pool, refusal
from services.mail.relay import Open, RelayAway, Trouble, opener
from services.mail.replies import Stage, Verdict
from services.mail.session import Mail, Session, SessionLost, Withheld
from services.mail.settings import MailSettings
from services.rendering.centre import Logo
from services.runtime.health import Health
from services.store.ledger import Delivery

log = structlog.get_logger(__name__)


class MailCarrier:
    """Carries mail to the relay."""

    channel: Channel = "mail"

    def __init__(
        self,
        settings: MailSettings,
        health: Health,
        *,
        retry: RetrySettings | None = None,
        logo: Logo | None = None,
        open_session: Open | None = None,
    ) -> None:
        sender = settings.sender()
        self._size = settings.smtp_connections
        self._pool = Pool(
            open_session or opener(settings),
            size=self._size,
            reserved=settings.reserved(),
            mails_per_connection=settings.smtp_mails_per_connection,
        )
        self._gate = Gate(self._pool, health, sender=sender.address, patience=2 * settings.smtp_timeout_seconds)
        self._composer = Composer(sender, logo)
        self._horizon = timedelta(seconds=(retry or RetrySettings()).retry_horizon_seconds)

    async def available(self) -> None:
        """Return when the relay can be expected to take mail; wait while it cannot."""
        await self._gate.available()

    async def carry_out(self, job: Job) -> None:
        """Send every delivery of the job, or give it back."""
        queue = deque(job.claim.deliveries)
        try:
            async with TaskGroup() as group:
                for _ in range(min(self._size, len(queue))):
                    group.create_task(self._send_from(queue, job))
        finally:
            _give_all_back(queue, job)

    async def close(self) -> None:
        """Take leave of the relay."""
        await self._pool.close()

    async def _send_from(self, queue: deque[Delivery], job: Job) -> None:
        while queue:
            try:
                async with self._pool.lease(job.claim.lane) as session:
                    await self._send_with(session, queue, job)
            except RelayAway as away:
                self._gate.shut(away.trouble)
                _give_all_back(queue, job)

    async def _send_with(self, session: Session, queue: deque[Delivery], job: Job) -> None:
        while queue and self._pool.keep(session, job.claim.lane):
            if not job.may_start():
                _give_all_back(queue, job)
                return
            delivery = queue.popleft()
            mail = self._compose(job, delivery)
            if mail is not None and not await self._sent(mail, session, delivery, job):
                queue.appendleft(delivery)

    def _compose(self, job: Job, delivery: Delivery) -> Mail | None:
        """The mail; None when there is none to send, which is then settled."""
        if delivery.address is None:
            job.settle(erased(delivery))
            return None
        try:
            return self._composer.compose(job, delivery, delivery.address)
        except (ValueError, LookupError) as problem:
            reason = "bad-address" if isinstance(problem, ValueError) else "cannot-compose"
            log.error("unsendable", message=str(job.claim.message_id), sequence=delivery.sequence, reason=reason)
            job.settle(unsendable(delivery, reason))
            return None

    async def _sent(self, mail: Mail, session: Session, delivery: Delivery, job: Job) -> bool:
        """Send and settle. False: the connection was stale and nothing was handed over, so try another one."""
        first = session.sent == 0
        try:
            reply = await session.send(mail)
        except Withheld:
            job.give_back(delivery)
            return True
        except SessionLost as lost:
            if lost.stage is Stage.MAIL:
                return self._turned_away(Trouble("closes the connection"), first, delivery, job)
            job.settle(unanswered(delivery, handed_over=mail.handed_over, late=self._late(job)))
            return True
        except BaseException:
            in_doubt = unanswered(delivery, handed_over=True, late=self._late(job))
            job.settle(in_doubt if mail.handed_over else give_back(delivery))
            raise
        if reply.verdict is Verdict.REFUSES_US:
            return self._turned_away(refusal(reply), True, delivery, job)
        if reply.stage is Stage.MAIL and reply.verdict in {Verdict.CLOSING, Verdict.OUT_OF_STEP}:
            return self._turned_away(refusal(reply), first, delivery, job)
        self._gate.heard()
        job.settle(answered(delivery, reply, _now(), late=self._late(job)))
        return True

    def _turned_away(self, trouble: Trouble, first: bool, delivery: Delivery, job: Job) -> bool:
        """Before the recipient was named: no fault of the delivery's. A connection that served before is just old."""
        if first:
            job.give_back(delivery)
            self._gate.shut(trouble)
        return first

    def _late(self, job: Job) -> bool:
        return exhausted(job.claim.released_at, _now(), self._horizon)


def _give_all_back(queue: deque[Delivery], job: Job) -> None:
    while queue:
        job.give_back(queue.popleft())


def _now() -> datetime:
    return datetime.now(UTC)
