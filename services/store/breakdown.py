"""How a message stands among people, by audience and by province: counted from its deliveries, so asked seldom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from services.domain.states import OPEN, State
from services.runtime.postgres import Connection
from services.store import confirmations
from services.store.confirmations import Tally
from services.store.messages import Message


@dataclass(frozen=True, slots=True)
class Share:
    """Copies to the people of one audience or province; `asked` and `confirmed` count contacts, 0 when nobody is asked.

    `open`: still to be sent; `failed`: it did not arrive, or nobody knows, or there was no address.
    """

    by: Literal["audience", "province"]
    name: str
    open: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    asked: int = 0
    confirmed: int = 0

    @property
    def not_yet(self) -> int:
        """For how many something is still to be done: sending it, or hearing that they know."""
        return max(self.open + self.failed, self.asked - self.confirmed)


async def breakdown(connection: Connection, message: Message) -> Sequence[Share]:
    """Audiences, then provinces ('' is none); in each those first of whom most is not done. Reads the whole plan."""
    rows = await (await connection.execute(_COUNTS, {"message": message.number, **_STATES})).fetchall()
    found = [*_summed("audience", rows, 0), *_summed("province", rows, 1)]
    if message.confirm_minutes is not None:
        tallies = await confirmations.tallies(connection, message.number)
        known = {"audience": tallies.by_audience, "province": tallies.by_province}
        found = [_told(each, known[each.by].get(each.name, Tally(0, 0))) for each in found]
    return sorted(found, key=lambda each: (each.by, -each.not_yet, each.name))


def _told(share: Share, tally: Tally) -> Share:
    return replace(share, asked=tally.asked, confirmed=tally.confirmed)


def _summed(by: Literal["audience", "province"], rows: Iterable[Any], place: int) -> list[Share]:
    found: dict[str, Share] = {}
    for row in rows:
        before = found.get(row[place], Share(by, row[place]))
        open_, accepted, delivered, failed = row[2:]
        found[row[place]] = replace(
            before, open=before.open + open_, accepted=before.accepted + accepted,
            delivered=before.delivered + delivered, failed=before.failed + failed,
        )  # fmt: skip
    return list(found.values())


_STATES: Final = {
    "open": [int(each) for each in OPEN], "accepted": int(State.ACCEPTED), "delivered": int(State.DELIVERED),
}  # fmt: skip

_COUNTS: Final = """
SELECT v.audience, coalesce(c.province, ''),
    coalesce(sum(d.contacts) FILTER (WHERE d.state = ANY(%(open)s::smallint[])), 0)::int,
    coalesce(sum(d.contacts) FILTER (WHERE d.state = %(accepted)s), 0)::int,
    coalesce(sum(d.contacts) FILTER (WHERE d.state = %(delivered)s), 0)::int,
    coalesce(sum(d.contacts) FILTER (
        WHERE d.state <> ALL(%(open)s::smallint[] || ARRAY[%(accepted)s, %(delivered)s]::smallint[])), 0)::int
FROM delivery d JOIN contact c ON c.id = d.contact
JOIN variant v ON v.message = d.message AND v.number = d.variant
WHERE d.message = %(message)s GROUP BY 1, 2
"""
