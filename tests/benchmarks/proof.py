"""The proof of a message for all audiences on three channels: from `message submit` to its page on disk."""

import json
import time
from pathlib import Path
from typing import Any, Final

from services.domain.configuration import DEFAULT
from tests.benchmarks.deployment import APPROVER, AUTHOR, Deployment, Servers, deployment, say
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of
from tests.benchmarks.people import add_contacts, message

PAGE: Final = ("proof-page", "s", Target("at most", 2))
AUDIENCES: Final = DEFAULT.audience_ids
PEOPLE: Final = tuple(each.id for each in DEFAULT.audiences if "mail" in each.channels)


def measure(servers: Servers, *, contacts: int, runs: int) -> list[Figure]:
    """Each run follows a released message, so that what changed has to be found too; with our own templates."""
    with deployment(servers, "proof", ROELAND_TEMPLATES_DIR="") as made:
        for audience in PEOPLE:
            add_contacts(made, contacts // len(PEOPLE), audience, mobile=True)
        with made.connect() as connection:
            connection.execute("DELETE FROM address WHERE contact % 20 = 0")
        made.start("editorial")
        _release(made, _message("Vooraf", 0))
        took = [_one(made, run) for run in range(runs)]
    return [figure_of(*PAGE, took, details={"recipients": contacts // len(PEOPLE) * len(PEOPLE)})]


def _one(made: Deployment, run: int) -> float:
    """Seconds of the whole command, the start of its process included."""
    file = made.folder / f"proof-{run}.json"
    file.write_text(json.dumps(_message(f"Meting {run}", run)))
    began = time.monotonic()
    answer = made.run("message", "submit", str(file), as_=AUTHOR)
    took = time.monotonic() - began
    page = Path(made.folder / str(answer["html"]))
    if answer["state"] != "proofed" or "<ins>" not in page.read_text():
        raise FailedRun(f"no proof: {answer['state']}, {answer['html']}")
    say(f"proof {run + 1}: {took:.2f} s, {page.stat().st_size // 1000} kB")
    return took


def _message(title: str, number: int) -> dict[str, Any]:
    return message(
        title, audiences=list(AUDIENCES), channels=["mail", "sms", "newsfeed"], urgency="urgent",
        key_messages=[{"text": f"De lonen komen {number} dagen later.", "facts": ["De dienst ligt stil sinds 8 uur."]}],
    )  # fmt: skip


def _release(made: Deployment, content: dict[str, Any]) -> None:
    message_id = made.submit(content)
    made.run("message", "approve", message_id, as_=APPROVER)
