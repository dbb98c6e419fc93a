"""The most memory that each service ever takes, for a small message and for one to a million."""

from typing import Final

from services.devstack.up import SERVICES
from tests.benchmarks.deployment import Servers, deployment, say, start_all
from tests.benchmarks.judgement import Figure, Target, figure_of, rounded
from tests.benchmarks.mail import fast_relay
from tests.benchmarks.people import add_contacts, message
from tests.benchmarks.sending import send

MEMORY: Final = ("memory", "of the peak at the small size, worst service", Target("at most", 1.2))
SMALL: Final = 10_000


def measure(servers: Servers, *, contacts: int) -> list[Figure]:
    """The worst of all services; fresh processes, database and topics for both sizes."""
    small, large = peaks(servers, SMALL), peaks(servers, contacts)
    ratios = {service: large[service] / small[service] for service in SERVICES}
    details = {
        "recipients": [SMALL, contacts],
        "megabytes": {service: [rounded(small[service]), rounded(large[service])] for service in SERVICES},
        "ratios": {service: rounded(ratio) for service, ratio in ratios.items()},
    }
    return [figure_of(*MEMORY, [max(ratios.values())], details=details)]


def peaks(servers: Servers, contacts: int) -> dict[str, float]:
    """Peak megabytes by service after one message to so many, on mail alone."""
    with deployment(servers, f"memory-{contacts}") as made:
        add_contacts(made, contacts)
        relay, _ = fast_relay(made)
        start_all(made, relay)
        sent = send(made, message("Meting"), relay.mails)
        found = made.memory()
        say(f"memory at {contacts}: {found}, {sent.rate:.0f} mails/s")
        return found
