"""A message to a million before and after it is sent: how long its proof takes, and a stop until the counts add up."""

import time
from typing import Any, Final

from tests.benchmarks.deployment import APPROVER, Deployment, Servers, deployment, say, start_all
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of, rounded
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.sending import send

PROOF: Final = ("proof", "s", Target("at most", 30))
"""So long `message submit` waits for it."""
STOP: Final = ("stop", "s", Target("at most", 10))
ANSWER_AFTER: Final = 0.01
"""Of the relay: next to nothing is sent between release and stop."""


def measure(servers: Servers, *, contacts: int, runs: int) -> list[Figure]:
    """Proofed, released and stopped at once, on mail alone."""
    proofs: list[float] = []
    stops: list[float] = []
    cpu: list[dict[str, float]] = []
    with deployment(servers, "large") as made:
        add_contacts(made, 500, FEW)
        add_contacts(made, contacts)
        relay = made.slow_relay(ANSWER_AFTER)
        start_all(made, relay)
        send(made, message("Vooraf", FEW), relay.mails)
        for run in range(runs):
            before = made.cpu()
            message_id = made.submit(message(f"Meting {run + 1}"))
            proofed = made.cpu()
            made.approve(message_id)
            made.run("message", "stop", message_id, as_=APPROVER)
            stops.append(_until_counted(made, message_id))
            proofs.append(_one(made, _PROOFED_IN, message_id))
            stopped = made.cpu()
            cpu.append({"proof": proofed["postgresql"] - before["postgresql"],
                        "stop": stopped["postgresql"] - proofed["postgresql"]})  # fmt: skip
            say(f"large {run + 1}/{runs}: proof {proofs[-1]:.1f} s, stop {stops[-1]:.1f} s, PostgreSQL {cpu[-1]}")
    details = {"recipients": contacts, "postgresql_cpu": [{n: rounded(v) for n, v in each.items()} for each in cpu]}
    return [figure_of(*PROOF, proofs, details=details), figure_of(*STOP, stops, details=details)]


def _until_counted(made: Deployment, message_id: str, *, within: float = 300) -> float:
    """Seconds from the stop until nothing is open; everyone must be counted then."""
    made.until_done(message_id, seconds=within)
    took = time.time() - _one(made, _STOPPED_AT, message_id)
    status = made.status(message_id)
    counts = status["channels"]["mail"]
    if sum(counts.values()) != status["recipients"] or not counts.get("superseded"):
        raise FailedRun(f"the counts do not add up: {status}")
    return took


def _one(made: Deployment, query: str, message_id: str) -> Any:
    with made.connect() as connection:
        return (connection.execute(query.encode(), (message_id,)).fetchone() or (None,))[0]


_PROOFED_IN: Final = "SELECT extract(epoch FROM proofed_at - submitted_at)::float FROM message WHERE id = %s"
_STOPPED_AT: Final = "SELECT extract(epoch FROM stopped_at)::float FROM message WHERE id = %s"
