"""Whether the SMS of a message cost more than this centre allows itself: in one message, or in an hour. Pure.

A slip in a selection, or somebody who got hold of an account, costs money before it costs trust. The costs are those
of `services.domain.sms_price`: estimates, not invoices.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.domain.problems import Finding
from services.domain.sms_price import CURRENCY

RULE: Final = "sms-spending"
PER_MESSAGE: Final = "ROELAND_SMS_MOST_PER_MESSAGE"
PER_HOUR: Final = "ROELAND_SMS_MOST_PER_HOUR"


@dataclass(frozen=True, slots=True)
class Caps:
    """In EUR; None: none. `per_hour` counts what was released or approved in the hour before, and the message."""

    per_message: Decimal | None = None
    per_hour: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Excess:
    """More than `most` of the cap that is set by `setting`. `before`: what the hour cost already."""

    setting: str
    cost: Decimal
    before: Decimal
    most: Decimal

    def __str__(self) -> str:
        hour = f", with {self.before:.2f} in the last hour" if self.setting == PER_HOUR else ""
        wait = ", wait" if self.setting == PER_HOUR else ""
        return (
            f"its SMS cost about {self.cost:.2f} {CURRENCY}{hour}, more than {self.most:.2f} ({self.setting}):"
            f" shorten the text, take out the characters that make it UCS-2, select fewer people{wait},"
            " or have that setting of editorial raised"
        )


def excess(cost: Decimal, caps: Caps, *, before: Decimal = Decimal(0)) -> Excess | None:
    """The cap that this message goes over; None when it costs nothing or stays within both."""
    if not cost:
        return None
    if caps.per_message is not None and cost > caps.per_message:
        return Excess(PER_MESSAGE, cost, Decimal(0), caps.per_message)
    if caps.per_hour is not None and cost + before > caps.per_hour:
        return Excess(PER_HOUR, cost, before, caps.per_hour)
    return None


def finding(over: Excess) -> Finding:
    """The same for its author: only the approval is refused, and a cap may be raised before that."""
    hour = f" samen met de {over.before:.2f} van het laatste uur" if over.setting == PER_HOUR else ""
    return Finding(
        "warning",
        "sms",
        f"De sms'en kosten naar schatting {over.cost:.2f} {CURRENCY},{hour} meer dan de grens van {over.most:.2f}"
        f" ({over.setting}): zo wordt dit niet vrijgegeven.",
        "Kort de tekst in, neem weg wat hem UCS-2 maakt, kies minder mensen, of laat de grens verhogen.",
        RULE,
        "fraude met sms en een vergissing in de selectie (docs/sms-blast.md)",
    )
