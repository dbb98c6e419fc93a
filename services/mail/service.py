"""What the mail worker does with a claim: its deliveries join the lane's line, and connections take from it.

Each lane has as many runners as it may have connections, while there is something to send. A runner leases a
connection and lets its session pull mails, of whatever job is next, until the line is empty or the connection is
wanted elsewhere. So nothing waits between two jobs, and nothing is awaited for a single mail.
"""

import asyncio
from datetime import timedelta
from math import inf

from services.domain.lanes import LANES, Channel
from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.fanout.carrier import Job
from services.fanout.retry import RetrySettings, exhausted
from services.mail.composition import Composer
from services.mail.errands import Errand, Line
from services.mail.gate import Gate
from services.mail.outcomes import no_links
from services.mail.pool import Pool
from services.mail.readers import Readers
from services.mail.relay import Open, opener
from services.mail.settings import MailSettings
from services.mail.stint import Desk, Stint
from services.mail.trouble import RelayAway
from services.rendering.centre import Logo
from services.runtime import clock
from services.runtime.health import Health


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
        bell: Bell | None = None,
        bucket: Bucket | None = None,
        readers: Readers | None = None,
    ) -> None:
        sender = settings.sender()
        size, reserved = settings.smtp_connections, settings.reserved()
        pool = Pool(
            open_session or opener(settings),
            size=size,
            reserved=reserved,
            mails_per_connection=settings.smtp_mails_per_connection,
        )
        horizon = timedelta(seconds=(retry or RetrySettings()).retry_horizon_seconds)
        gate = Gate(
            pool,
            health,
            sender=sender.address,
            patience=2 * settings.smtp_timeout_seconds,
            horizon=horizon.total_seconds(),
            bell=bell,
        )
        self._desk = Desk(pool, gate, Composer(sender, logo, readers), horizon, self._man)
        self._readers, self._health = readers, health
        self._bucket = bucket
        self._most_runners: dict[str, int] = {lane: size if lane == "urgent" else size - reserved for lane in LANES}
        self._lines: dict[str, Line] = {lane: Line(lane) for lane in LANES}
        self._runners: dict[str, set[asyncio.Task[None]]] = {lane: set() for lane in LANES}
        self._stints: set[Stint] = set()
        self._in_hand: dict[str, set[Errand]] = {lane: set() for lane in LANES}

    async def available(self) -> None:
        """Return when the relay can be expected to take mail; wait while it cannot."""
        await self._desk.gate.available()

    async def carry_out(self, job: Job) -> None:
        """Send every delivery of the job, or give it back."""
        if job.mailing_list is not None and self._readers is None:
            self._keep_back(job)
            return
        line = self._lines[job.claim.lane]
        errand = line.join(job)
        self._in_hand[line.lane].add(errand)
        self._man(line)
        try:
            await asyncio.shield(errand.done)
        except asyncio.CancelledError:
            await self._break_off(errand)
            raise
        finally:
            self._in_hand[line.lane].discard(errand)

    async def close(self) -> None:
        """Take leave of the relay."""
        await self._desk.pool.close()

    def _keep_back(self, job: Job) -> None:
        """No edition goes out with links that lead nowhere; other mail does, so only health tells."""
        self._health.down("public-url", "ROELAND_PUBLIC_URL is not set, so newsletters wait")
        for delivery in job.claim.deliveries:
            late = exhausted(job.claim.released_at, clock.now(), self._desk.horizon, delivery.tries)
            job.settle(no_links(delivery, late=late))

    def _man(self, line: Line) -> None:
        """See that as many runners are under way as the line can use."""
        runners = self._runners[line.lane]
        for _ in range(min(self._most_runners[line.lane] - len(runners), line.waiting())):
            runner = asyncio.create_task(self._run(line))
            runners.add(runner)
            runner.add_done_callback(lambda runner: self._gone(line, runner))

    def _gone(self, line: Line, runner: asyncio.Task[None]) -> None:
        self._runners[line.lane].discard(runner)
        problem = None if runner.cancelled() else runner.exception()
        if problem is not None:  # not foreseen: for whoever waits for a job, also if all of it is under way
            for errand in self._in_hand[line.lane]:
                if not errand.done.done():
                    errand.done.set_exception(problem)
            line.errands.clear()
        elif line.may_start():
            self._man(line)

    async def _run(self, line: Line) -> None:
        while line.may_start():
            if self._bucket is not None and not await self._bucket.slot(line.lane, line.may_start):
                return
            try:
                async with self._desk.pool.lease(line.lane) as session:
                    stint = Stint(self._desk, line, session, inf if self._bucket is None else 1)
                    self._stints.add(stint)
                    try:
                        await session.carry(stint)
                    finally:
                        self._stints.discard(stint)
            except RelayAway as away:
                self._desk.gate.shut(away.trouble)
                line.give_all_back()

    async def _break_off(self, errand: Errand) -> None:
        """The service stops: drop the connections that carry something of this errand, and hear what is in doubt."""
        errand.over = True
        errand.give_rest_back()
        for stint in list(self._stints):
            if any(letter.errand is errand for letter in stint.held):
                stint.session.abort()
        if not errand.done.done():
            await errand.done
