"""Two mail workers to one, where the relay is what they wait for: it answers each command after 5 ms."""

from statistics import median
from typing import Final

from tests.benchmarks.deployment import Servers, deployment, say, start_all
from tests.benchmarks.judgement import Figure, Target, figure_of, rounded
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.sending import Sent, send

TWO: Final = ("two-workers", "of one worker's rate", Target("at least", 1.7))
ANSWER_AFTER: Final = 0.005
BUSY: Final = 0.1
"""Idle share of all cores under which the machine, and not the workers, sets the pace."""


def measure(servers: Servers, *, contacts: int, runs: int) -> list[Figure]:
    """Runs with one worker and with two by turns, to the same relay."""
    with deployment(servers, "two-workers") as made:
        add_contacts(made, contacts)
        add_contacts(made, 500, FEW)
        relay = made.slow_relay(ANSWER_AFTER)
        start_all(made, relay)
        one: list[Sent] = []
        two: list[Sent] = []
        for run in range(runs):
            send(made, message(f"Vooraf {run}", FEW), relay.mails)
            one.append(send(made, message(f"Meting {run} met een"), relay.mails))
            made.start("mail", relay, number=2)
            send(made, message(f"Vooraf {run} met twee", FEW), relay.mails)
            two.append(send(made, message(f"Meting {run} met twee"), relay.mails))
            made.stop("mail-2")
            say(f"two-workers {run + 1}/{runs}: one {one[-1].rate:.0f}/s, two {two[-1].rate:.0f}/s")
    ratios = [both.rate / alone.rate for alone, both in zip(one, two, strict=True)]
    idle = median(each.machine["idle"] for each in two)
    excuse = f"the CPU is the bound: {idle:.0%} idle with two workers" if idle < BUSY else None
    details = {
        "mails_per_second_one": [rounded(each.rate) for each in one],
        "mails_per_second_two": [rounded(each.rate) for each in two],
        "machine_during_one": [each.machine for each in one],
        "machine_during_two": [each.machine for each in two],
        "relay_cores_used_two": [rounded(each.cpu["sink"] / each.seconds) for each in two],
        "recipients": contacts,
    }
    return [figure_of(*TWO, ratios, excuse=excuse, details=details)]
