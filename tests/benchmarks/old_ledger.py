"""The rate with ten million rows of older, finished messages in the ledger, beside the rate with none."""

import time
from contextlib import ExitStack
from typing import Final

import psycopg

from tests.benchmarks.deployment import Deployment, Servers, deployment, say, start_all
from tests.benchmarks.judgement import Figure, Target, figure_of, rounded
from tests.benchmarks.mail import fast_relay
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.relays import Relay
from tests.benchmarks.sending import Sent, send

LEDGER: Final = ("ledger", "of the rate with an empty ledger", Target("at least", 0.9))
PER_MESSAGE: Final = 100_000


def measure(servers: Servers, *, contacts: int, runs: int, rows: int) -> list[Figure]:
    """Two whole deployments stand side by side, one with the old rows; they send by turns."""
    with ExitStack() as both:
        empty, full = (both.enter_context(deployment(servers, name)) for name in ("empty", "full"))
        relays = {made.folder: _prepared(made, contacts) for made in (empty, full)}
        began = time.monotonic()
        fill(full, rows)
        say(f"{rows} old rows written in {time.monotonic() - began:.0f} s")
        sent: dict[str, list[Sent]] = {"empty": [], "full": []}
        for run in range(runs):
            order = [("empty", empty), ("full", full)]
            for name, made in order if run % 2 == 0 else reversed(order):
                sent[name].append(send(made, message(f"Meting {run}"), relays[made.folder].mails))
            say(f"ledger {run + 1}/{runs}: empty {sent['empty'][-1].rate:.0f}/s, full {sent['full'][-1].rate:.0f}/s")
    ratios = [after.rate / before.rate for before, after in zip(sent["empty"], sent["full"], strict=True)]
    details = {
        "old_rows": rows,
        "recipients": contacts,
        **{f"mails_per_second_{name}": [rounded(each.rate) for each in runs_] for name, runs_ in sent.items()},
        "machine_during": [each.machine for each in sent["full"]],
    }
    return [figure_of(*LEDGER, ratios, details=details)]


def fill(made: Deployment, rows: int) -> None:
    """Messages of last year, each to 100,000 contacts, all accepted; set-based, as the plan itself is."""
    each = min(rows, PER_MESSAGE)
    with made.connect() as connection:
        connection.execute(_INCIDENT)
        for _ in range(rows // each):
            with connection.transaction():
                number = (connection.execute(_MESSAGE, (each,)).fetchone() or (0,))[0]
                connection.execute(_DELIVERIES, {"message": number, "rows": each})
                connection.execute(_BATCHES, {"message": number, "rows": each})
        connection.execute("VACUUM ANALYZE delivery, batch, message")
    with psycopg.connect(made.servers.postgres.admin_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # else it comes in the middle of the first run


def _prepared(made: Deployment, contacts: int) -> Relay:
    add_contacts(made, contacts)
    add_contacts(made, 500, FEW)
    relay, _ = fast_relay(made)
    start_all(made, relay)
    send(made, message("Vooraf", FEW), relay.mails)
    return relay


_INCIDENT: Final = """
INSERT INTO incident (slug, title, phase, exercise) VALUES ('bench-2025-001', 'Vorig jaar', 'recovery', false)
ON CONFLICT DO NOTHING
"""

_MESSAGE: Final = """
INSERT INTO message (id, incident, kind, lane, priority, phase, exercise, content, content_hash, state, recipients,
    submitted_by, approved_by, submitted_at, proofed_at, approved_at, released_at)
SELECT gen_random_uuid(), 'bench-2025-001', 'update', 'routine', 3, 'recovery', false, '{}', gen_random_uuid()::text,
    'released', %s, min(id), max(id), at, at, at, at
FROM users, (SELECT now() - interval '300 days' AS at) then_ GROUP BY at RETURNING number
"""

_DELIVERIES: Final = """
INSERT INTO delivery (message, sequence, contact, address, epoch, accepted_at, variant, state, attempt, code)
SELECT %(message)s, n, n, n, 1, now() - interval '300 days', 1, 80, 1, 250 FROM generate_series(1, %(rows)s) n
"""

_BATCHES: Final = """
INSERT INTO batch (message, number, channel, lane, priority, first_sequence, last_sequence, announcements, announced_at,
    claimed_at, version, accepted, first_accepted_at, last_accepted_at)
SELECT %(message)s, n, 'mail', 'routine', 3, 200 * (n - 1) + 1, 200 * n, 1, at, at, 3, 200, at, at
FROM generate_series(1, %(rows)s / 200) n, (SELECT now() - interval '300 days' AS at) then_
"""
