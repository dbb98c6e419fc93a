"""SMS end to end, to the stand-in for Twilio answering after 20 ms, without a limit on the rate."""

from typing import Final

from tests.benchmarks.deployment import Servers, deployment, say, start_all
from tests.benchmarks.judgement import Figure, Target, figure_of
from tests.benchmarks.people import FEW, add_contacts, message
from tests.benchmarks.sending import send

SMS: Final = ("sms", "SMS/s", Target("at least", 1000))
ANSWER_AFTER: Final = 0.02
"""Seconds; the stand-in waits so long with each message, many at the same time."""
TEXT: Final = "CCVO: loonadministratie onbeschikbaar, lonen later."


def measure(servers: Servers, *, contacts: int, runs: int) -> list[Figure]:
    """The one figure, with the settings as they are by default."""
    with deployment(servers, "sms") as made:
        add_contacts(made, contacts, mobile=True)
        add_contacts(made, 200, FEW, mobile=True)
        relay = made.slow_relay()
        start_all(made, relay)
        made.twilio_faults({"at": "request", "do": "delay", "delay_seconds": ANSWER_AFTER})
        send(made, message("Meting 0", FEW, channels=["sms"], sms=TEXT), made.texts, channel="sms")
        sent = []
        for run in range(runs):
            text = message(f"Meting {run + 1}", channels=["sms"], sms=f"{TEXT} {run}")
            sent.append(send(made, text, made.texts, channel="sms"))
            say(f"sms {run + 1}/{runs}: {sent[-1].rate:.0f}/s")
    details = {
        "recipients": contacts,
        "machine_during": [each.machine for each in sent],
        "cpu_per_10000_by_process": [each.cpu_by_process() for each in sent],
    }
    return [figure_of(*SMS, [each.rate for each in sent], details=details)]
