"""An SMS blast that one person releases alone, while a routine message to many is being sent."""

from typing import Final

from tests.benchmarks.deployment import Deployment, Servers, deployment, say, start_all
from tests.benchmarks.judgement import FailedRun, Figure, Target, percentile
from tests.benchmarks.mail import fast_relay
from tests.benchmarks.people import FEW, URGENT, add_contacts, message
from tests.benchmarks.sending import send
from tests.benchmarks.urgent import _open

FIRST: Final = ("blast-first", "s, p95", Target("at most", 0.5))
LAST: Final = ("blast-last", "s, p95", Target("at most", 1.0))
PEOPLE: Final = 300
MANAGER: Final = "manager@bench.example"
STAGES: Final = ("submitted", "proofed", "released", "announced", "claimed", "first accepted", "last accepted")
"""Where the time goes."""
LEAST: Final = 0.2
"""Share of the routine message that must be open for a blast to be beside it; else another is sent first."""


def measure(servers: Servers, *, contacts: int, times: int) -> list[Figure]:
    """From the confirmed command to the first and the last request at the provider."""
    found: list[tuple[float, float]] = []
    with deployment(servers, "blast") as made:
        made.run("users", "add", MANAGER, "--role", "crisis-manager")
        add_contacts(made, contacts)
        add_contacts(made, PEOPLE, URGENT, mobile=True)
        add_contacts(made, 200, FEW, mobile=True)
        _yesterday(made)
        relay, _ = fast_relay(made)
        start_all(made, relay)
        send(made, message("Vooraf", FEW), relay.mails)
        _blast(made, "Vooraf.", FEW)
        routine: list[str] = []
        while len(found) < times:
            if not routine or _open(made, routine[-1]) < LEAST * contacts:
                routine.append(made.submit(message(f"Routine {len(routine)}")))
                made.approve(routine[-1])
            times_ = _blast(made, f"CCVO: dringend, nummer {len(found)}-{len(routine)}.", URGENT)
            if _open(made, routine[-1]):
                found.append(times_)
                say(f"blast {len(found)}/{times}: first {times_[0]:.3f}, last {times_[1]:.3f}")
        for message_id in routine:
            made.until_done(message_id)
    details = {"recipients": PEOPLE, "routine_recipients": contacts}
    return [
        Figure(*promise, value=percentile(list(values), 0.95), values=list(values), details=details)
        for promise, values in zip((FIRST, LAST), zip(*found, strict=True), strict=True)
    ]


def _yesterday(made: Deployment) -> None:
    """The list is not of this very moment: what changed within ten minutes of a proof is held against it once more."""
    with made.connect() as connection:
        connection.execute("UPDATE contact SET updated_at = updated_at - interval '1 day'")
        connection.execute("VACUUM ANALYZE contact")


def _blast(made: Deployment, text: str, audience: str) -> tuple[float, float]:
    """Seconds from the command to the first and the last request at the provider."""
    options = ["--audience", audience, "--text", text, "--incident", "bench-2026-001", "--yes", "--break-glass", "x"]
    sent = made.run("sms", "blast", *options, as_=MANAGER)
    made.until_done(sent["id"], look_every=0.02)
    with made.connect() as connection:
        row = connection.execute(_ACCEPTED, (sent["id"],)).fetchone()
    if row is None or row[-1] is None:
        raise FailedRun("a blast was done and nobody had it")
    stages = " ".join(f"{name} {float(value):.3f}" for name, value in zip(STAGES, row[1:], strict=True))
    asked = [(each - row[0]).total_seconds() for each in made.asked_at(text)]
    say(f"blast: {stages} asked {asked[0]:.3f} to {asked[-1]:.3f}")
    return asked[0], asked[-1]


_ACCEPTED: Final = """
SELECT c.at, extract(epoch FROM min(m.submitted_at) - c.at), extract(epoch FROM min(m.proofed_at) - c.at),
    extract(epoch FROM min(m.released_at) - c.at), extract(epoch FROM min(b.announced_at) - c.at),
    extract(epoch FROM min(b.claimed_at) - c.at),
    extract(epoch FROM min(b.first_accepted_at) - c.at), extract(epoch FROM max(b.last_accepted_at) - c.at)
FROM batch b JOIN message m ON m.number = b.message
JOIN (SELECT (body->'body'->>'message_id')::uuid AS id, min((body->>'given_at')::timestamptz) AS at FROM command
    WHERE body->'body'->>'message_id' = %s GROUP BY 1) c ON c.id = m.id
GROUP BY c.at
"""
