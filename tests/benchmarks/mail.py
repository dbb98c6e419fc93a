"""Mail end to end, against smtp-source on the same sink in the same run; and the CPU that it takes."""

import pstats
import sys
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean
from typing import Any, Final

from services.devstack.up import SERVICES
from tests.benchmarks.deployment import Deployment, Servers, deployment, say, start_all
from tests.benchmarks.judgement import Figure, Target, figure_of, rounded
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.postfix import NotHere
from tests.benchmarks.relays import Relay, length_for, smtp_source
from tests.benchmarks.sending import Sent, send

MAIL: Final = ("mail", "of smtp-source", Target("at least", 0.6))
CPU_WORKER: Final = ("cpu-mail-worker", "CPU s per 10,000 mails", Target("at most", 1.0))
CPU_ALL: Final = ("cpu-all", "CPU s per 10,000 mails", Target("at most", 2.0))
WARM: Final = 500
WEIGHED: Final = 20
"""Mails of which the size is taken: to the same audience as all others, whose text is its own."""


def measure(servers: Servers, *, contacts: int, runs: int, profile: bool = False) -> list[Figure]:
    """`mail` and the two `cpu` figures, all of the same runs."""
    with deployment(servers, "mail") as made:
        add_contacts(made, WEIGHED)
        add_contacts(made, WARM, FEW)
        size, length = weigh(made)
        add_contacts(made, contacts - WEIGHED)
        relay, reference = fast_relay(made)
        start_mail(made, relay, profile=profile)
        ours: list[Sent] = []
        theirs: list[tuple[float, float]] = []
        for run in range(runs):
            first = smtp_source(relay, contacts, length) if reference else 0.0
            ours.append(send(made, message(f"Meting {run + 1}"), relay.mails))
            last = smtp_source(relay, contacts, length) if reference else 0.0
            theirs.append((first, last))
            say(f"mail {run + 1}/{runs}: ours {ours[-1].rate:.0f}/s, smtp-source {first:.0f}/s and {last:.0f}/s")
        made.stop()
        if profile:
            show_profile(made)
    found = figures(ours, theirs, size, reference=reference)
    return [replace(each, comparable=False, reason="under cProfile") for each in found] if profile else found


def figures(ours: Sequence[Sent], theirs: Sequence[tuple[float, float]], size: int, *, reference: bool) -> list[Figure]:
    """What the runs come to."""
    details: dict[str, Any] = {
        "mails_per_second": [rounded(sent.rate) for sent in ours],
        "recipients": ours[0].recipients,
        "bytes_per_mail": size,
        "machine_during": [sent.machine for sent in ours],
    }
    by_process = {"cpu_per_10000_by_process": [sent.cpu_by_process() for sent in ours]}
    if reference:
        details["smtp_source_per_second"] = [[rounded(rate) for rate in pair] for pair in theirs]
        ratios = [sent.rate / mean(pair) for sent, pair in zip(ours, theirs, strict=True)]
        mail = figure_of(*MAIL, ratios, details=details)
    else:
        why = "smtp-source and smtp-sink are not here"
        mail = figure_of(*MAIL, [sent.rate for sent in ours], comparable=False, reason=why, details=details)
    worker = [sent.cpu_per(10_000, "mail") for sent in ours]
    all_ = [sent.cpu_per(10_000, *SERVICES, "postgresql") for sent in ours]
    return [mail, figure_of(*CPU_WORKER, worker), figure_of(*CPU_ALL, all_, details=by_process)]


def weigh(made: Deployment) -> tuple[int, int]:
    """Bytes of one of our mails, as they travel, and what to tell smtp-source so that its mails have as many.

    The services are started for that; mail is stopped again, for it is to send elsewhere then.
    """
    scale = made.slow_relay()
    start_all(made, scale)
    send(made, message("Meting 0"), scale.mails)
    mails, size = scale.counted()
    made.stop("mail")
    try:
        length = length_for(scale, size // mails)
    except NotHere:
        length = 0
    return size // mails, length


def fast_relay(made: Deployment) -> tuple[Relay, bool]:
    """Where the mails go, and whether smtp-source is there to compare with: smtp-sink, else our own relay."""
    try:
        return made.smtp_sink(), True
    except NotHere as missing:
        say(f"not comparable: {missing}")
        return made.slow_relay(), False


def start_mail(made: Deployment, relay: Relay, *, profile: bool = False) -> None:
    """Start the mail worker and let it send a few mails first: what it compiles and connects once is no rate."""
    made.start("mail", relay, **({"BENCH_PROFILE": str(made.folder / "mail.profile")} if profile else {}))
    send(made, message("Meting vooraf", FEW), relay.mails)


def show_profile(made: Deployment) -> None:
    """The mail worker's forty dearest functions, by their own time, on stderr."""
    found = pstats.Stats(str(made.folder / "mail.profile"), stream=sys.stderr)
    found.sort_stats("tottime").print_stats(40)
