"""Claims as the worker makes them, and what the carrier reports about them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from services.domain.batches import BatchRef
from services.domain.states import State
from services.domain.variants import Variant, slot
from services.fanout.bell import Bell
from services.fanout.bucket import Bucket
from services.fanout.carrier import Job
from services.fanout.retry import RetrySettings
from services.mail.service import MailCarrier
from services.mail.settings import MailSettings
from services.runtime.health import Health
from services.store.ledger import Claim, Delivery, Result

MESSAGE = UUID("0190b0a0-0000-7000-8000-00000000c0de")
RELEASED = datetime(2025, 11, 23, 13, 0, tzinfo=UTC)
SENDER = "CCVO Crisiscentrum <crisis@ccvo.example>"
VARIANT = Variant(
    audience="governors",
    language="nl",
    segment="",
    channel="mail",
    subject="Loonadministratie niet beschikbaar",
    text=f"Dag {slot('name')},\nde lonen van november worden later gestort.\n.\n",
    html=f"<p>Dag {slot('name')}, de lonen worden later gestort.</p>",
)


@dataclass
class Reports:
    """What was reported, in order."""

    results: list[Result] = field(default_factory=list)

    def states(self) -> dict[int, State]:
        """By sequence. Fails when a delivery was reported twice."""
        assert max(Counter(result.sequence for result in self.results).values(), default=1) == 1
        return {result.sequence: result.state for result in self.results}

    def of(self, sequence: int) -> Result:
        """The report about one delivery."""
        (found,) = (result for result in self.results if result.sequence == sequence)
        return found


def delivery(sequence: int, address: str | None, **other: Any) -> Delivery:
    """A claimed delivery."""
    values = {"attempt": 1, "variant": 1, "doubts": 0, "contact": sequence, "name": f"Persoon {sequence}"}
    places = {"organisation": "Gemeente Gent", "municipality": "Gent", "role": "burgemeester"}
    return Delivery(sequence=sequence, address=address, **{**values, **places, **other})


def people(count: int, first: int = 1) -> list[Delivery]:
    """Deliveries to as many addresses."""
    return [delivery(number, f"p{number}@gemeente.example") for number in range(first, first + count)]


def job(
    deliveries: Sequence[Delivery], *, lane: str = "urgent", released: datetime | None = None, **other: Any
) -> tuple[Job, Reports]:
    """A job, and where its reports go."""
    reports = Reports()
    claim = Claim(BatchRef(17, 3), MESSAGE, "mail", lane, 1, released or datetime.now(UTC), None, tuple(deliveries))
    values: dict[str, Any] = {"variants": {1: VARIANT}, "may_start": lambda: True, "settle": reports.results.append}
    return Job(claim, **{**values, **other}), reports


def carrier(
    url: str,
    health: Health | None = None,
    *,
    horizon: timedelta = timedelta(hours=4),
    bell: Bell | None = None,
    bucket: Bucket | None = None,
    **other: Any,
) -> MailCarrier:
    """A carrier to this relay, with little patience."""
    values: dict[str, Any] = {"smtp_connections": 4, "smtp_timeout_seconds": 1, "smtp_answer_seconds": 0.5, **other}
    settings = MailSettings(smtp_url=SecretStr(url), mail_from=SENDER, **values)
    retry = RetrySettings(retry_horizon_seconds=horizon.total_seconds())
    return MailCarrier(settings, health or Health("relay"), retry=retry, bell=bell, bucket=bucket)


async def tell_all(sending: MailCarrier, places: list[Delivery]) -> list[Result]:
    """As the worker does: claim when the relay can be expected to take mail, and claim again what was given back."""
    told: list[Result] = []
    while places:
        await sending.available()
        work, reports = job(places, lane="routine")
        await sending.carry_out(work)
        told += [result for result in reports.results if result.state is not State.PLANNED]
        done = {result.sequence for result in told}
        places = [place for place in places if place.sequence not in done]
    return told
