"""What is to be sent, lane by lane: the jobs in hand, first come first served, and each connection takes from them."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from services.fanout.carrier import Job, give_back
from services.store.ledger import Delivery, Result


@dataclass(eq=False)
class Errand:
    """A job under way. `done` when every delivery has its result; `over`: cancelled, nothing more is begun."""

    job: Job
    queue: deque[Delivery]
    left: int
    done: asyncio.Future[None]
    over: bool = False

    def settle(self, result: Result) -> None:
        """Report what became of one delivery."""
        self.job.settle(result)
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def give_back(self, delivery: Delivery) -> None:
        """Report that nothing of this delivery was handed over."""
        self.settle(give_back(delivery))

    def give_rest_back(self) -> None:
        """Report that of all that was not begun."""
        while self.queue:
            self.give_back(self.queue.popleft())


@dataclass(eq=False)
class Line:
    """The errands of one lane."""

    lane: str
    errands: deque[Errand] = field(default_factory=deque)

    def join(self, job: Job) -> Errand:
        """Take a job in."""
        queue = deque(job.claim.deliveries)
        errand = Errand(job, queue, len(queue), asyncio.get_running_loop().create_future())
        if queue:
            self.errands.append(errand)
        else:
            errand.done.set_result(None)
        return errand

    def waiting(self) -> int:
        """How many deliveries wait."""
        return sum(len(errand.queue) for errand in self.errands)

    def may_start(self) -> bool:
        """Whether there is one that may be sent. Those that may not are given back, wherever they stand in the line."""
        for errand in self.errands:
            if errand.queue and not errand.job.may_start():
                errand.give_rest_back()
        return self._first_may()

    def _first_may(self) -> bool:
        while self.errands:
            errand = self.errands[0]
            if errand.queue:
                if errand.job.may_start():
                    return True
                errand.give_rest_back()
            self.errands.popleft()
        return False

    def next(self) -> tuple[Errand, Delivery] | None:
        """Take the next delivery that may be sent."""
        if not self._first_may():
            return None
        errand = self.errands[0]
        return errand, errand.queue.popleft()

    def put_back(self, errand: Errand, delivery: Delivery) -> None:
        """The next connection shall take this one first; given back if its errand is over."""
        if errand.over:
            errand.give_back(delivery)
            return
        errand.queue.appendleft(delivery)
        if errand not in self.errands:
            self.errands.appendleft(errand)

    def give_all_back(self) -> None:
        """Nothing of this lane can be sent now."""
        while self.errands:
            self.errands.popleft().give_rest_back()
