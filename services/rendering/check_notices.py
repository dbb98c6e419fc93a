"""Every notice to users made once, so that a centre's own that is broken shows before somebody has to be called."""

from collections.abc import Iterator
from datetime import datetime
from itertools import product

from services.domain.problems import Problem, Refused
from services.rendering.notices import NAMES, About, notice
from services.rendering.templates import Templates


def check_notices(templates: Templates, at: datetime) -> Iterator[Problem]:
    """What is missing or wrong. `at`: any moment."""
    for name, exercise, message in product(NAMES, (False, True), ("", "00000000-0000-7000-8000-000000000000")):
        try:
            notice(name, _specimen(message, at, exercise=exercise), templates)
        except Refused as refused:
            yield from refused.problems


def _specimen(message: str, at: datetime, *, exercise: bool) -> About:
    return About(
        message_id=message, incident="x", incident_title="x", title="x", kind="alert",
        urgency="urgent", exercise=exercise, recipients=1, channels=["mail"], expires_at=at, by="x", reason="x",
        dates=["x"],
    )  # fmt: skip
