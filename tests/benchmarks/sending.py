"""One message through the whole of Roeland, measured from its release to its last acceptance, and held to the sink."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.benchmarks.deployment import Deployment
from tests.benchmarks.judgement import Account, judge
from tests.benchmarks.meters import Idleness


@dataclass(frozen=True)
class Sent:
    """How one message went. `cpu`: seconds by process, from just before its approval to its last settlement."""

    recipients: int
    seconds: float
    cpu: Mapping[str, float]
    machine: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Recipients per second, from `released_at` to `last_accepted_at`."""
        return self.recipients / self.seconds

    def cpu_per(self, mails: int, *names: str) -> float:
        """CPU seconds per so many mails of these processes together; a name stands for all workers of its kind."""
        used = sum(seconds for name, seconds in self.cpu.items() if name.partition("-")[0] in names)
        return used * mails / self.recipients

    def cpu_by_process(self) -> dict[str, float]:
        """CPU seconds per 10,000 mails by process."""
        return {name: round(seconds * 10_000 / self.recipients, 3) for name, seconds in self.cpu.items()}


def send(made: Deployment, message: Mapping[str, Any], at_sink: Callable[[], int], *, channel: str = "mail") -> Sent:
    """Submit a message on one channel, approve it, wait until it is done.

    `at_sink`: how many its sink has counted so far. Raises `FailedRun` unless ledger and sink agree on everyone.
    """
    message_id = made.submit(message)
    before = at_sink()
    cpu, idleness = made.cpu(), Idleness.now()
    made.approve(message_id)
    made.until_done(message_id)
    after, machine = made.cpu(), idleness.since()
    status = made.status(message_id)
    judge(account(status, at_sink() - before, channel))
    return Sent(
        status["recipients"],
        seconds(status["released_at"], status["last_accepted_at"]),
        {name: after[name] - cpu[name] for name in after},
        machine,
    )


def account(status: Mapping[str, Any], at_sink: int, channel: str) -> Account:
    """What a status says of a channel beside what its sink counted."""
    return Account(
        recipients=status["recipients"],
        state=status["state"],
        counts=status["channels"].get(channel, {}),
        possible_duplicates=status["possible_duplicates"],
        at_sink=at_sink,
    )


def seconds(since: str, until: str) -> float:
    """Between two times of a status, which has them to the millisecond."""
    return max((datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds(), 0.001)
