"""A released message that may fall back and escalate, with people who answer or not; time goes when a test says so."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from services.dispatch.falling_back import fall_back
from services.domain.configuration import DEFAULT
from services.domain.states import State
from services.domain.variants import FALLBACK, Variant
from services.editorial.desk import Desk
from services.editorial.escalating import escalating
from services.rendering.centre import RenderingSettings
from services.rendering.shelf import Shelf
from services.runtime import timers
from services.runtime.postgres import Connection, DatabaseSettings, Pool, open_pool
from services.store import confirmations, escalations, fallbacks, ledger, messages, variants, workers
from services.store.ledger import Claim, Result
from services.store.messages import Message
from tests.store.world import SOURCE, Person, add_people, add_user, connect, now, release, submit

MINUTES = 15
HTML = "<!DOCTYPE html><html><body><p>Beste</p></body></html>"


@dataclass
class Crisis:
    """`people` are the recipients and `others` no recipients; `user` wrote and approved it."""

    connection: Connection
    pool: Pool
    desk: Desk
    user: int
    url: str
    people: list[Person]
    others: list[Person] = field(default_factory=list)
    epochs: dict[str, int] = field(default_factory=dict)

    async def told(self, channels: Sequence[str] = ("sms",), *, confirm: bool = True, kind: str = "alert") -> Message:
        """A message to the governors, released."""
        content = {
            "incident": "storm-2026-001", "kind": kind, "urgency": "urgent", "language": "nl",
            "title": [{"text": "Titel", "language": "nl"}], "audiences": ["governors"], "channels": list(channels),
            "key_messages": [{"text": [{"text": "Blijf binnen.", "language": "nl"}]}],
        }  # fmt: skip
        message = await submit(self.connection, self.user, channels=channels, content=content, kind=kind)
        beside = [each for each in ("mail", "sms") if each not in channels]
        await variants.add(
            self.connection, message.number,
            [Variant("governors", "nl", FALLBACK, each, "Titel", f"Terugval {each}", HTML) for each in beside],
        )  # fmt: skip
        if confirm:
            await self.sql("UPDATE message SET confirm_minutes = %s WHERE number = %s", MINUTES, message.number)
        await release(self.connection, message, self.user)
        released = await messages.by_number(self.connection, message.number)
        assert released
        async with self.connection.transaction():
            await fallbacks.ask_at_release(self.connection, released)
            await escalations.plan(self.connection, released, DEFAULT.escalation)
        return released

    async def claim(self, channel: str = "sms") -> Claim | None:
        """What a worker of this channel takes next."""
        if channel not in self.epochs:
            self.epochs[channel] = await workers.begin(self.connection, channel)
        async with self.connection.transaction():
            return await ledger.claim(
                self.connection, epoch=self.epochs[channel], channel=channel, lanes=("urgent", "routine")
            )

    async def settle(self, claim: Claim, *states: State, reason: str | None = None) -> None:
        """All of a claim, the last state for what is left."""
        given = [*states, *[states[-1]] * len(claim.deliveries)]
        results = [
            Result(d.sequence, d.attempt, state, handed_over=True, at=now() if state == State.ACCEPTED else None,
                   reason=None if state == State.ACCEPTED else reason)
            for d, state in zip(claim.deliveries, given, strict=False)
        ]  # fmt: skip
        async with self.connection.transaction():
            await ledger.settle(self.connection, claim, results, finished=True, source=SOURCE)

    async def send_all(self, channel: str = "sms", *states: State, reason: str | None = None) -> None:
        """Every SMS, or mail, that there is: accepted, or as said."""
        while claim := await self.claim(channel):
            await self.settle(claim, *(states or (State.ACCEPTED,)), reason=reason)

    async def fall_back(self) -> None:
        """As dispatch does, every quarter of a second."""
        await timers.fire_due(self.pool, fallbacks.KIND, fall_back(SOURCE))

    async def escalate(self, minutes: int = 0) -> None:
        """As editorial does, so many minutes from now."""
        await self.due(minutes)
        await self.fire(self.desk)

    async def due(self, minutes: int) -> None:
        """So many minutes go by."""
        await self.sql(
            "UPDATE timer SET due = due - make_interval(mins => %s) WHERE kind = %s AND fired_at IS NULL",
            minutes, escalations.KIND,
        )  # fmt: skip

    @staticmethod
    async def fire(desk: Desk) -> None:
        """What the editorial of this desk does, twice a second."""
        await timers.fire_due(desk.pool, escalations.KIND, escalating(desk))

    async def confirm(self, message: Message, person: Person) -> None:
        """They say that they know."""
        await confirmations.record(self.connection, message.number, [person.id], how="page")

    async def deputise(self, person: Person, *deputies: Person) -> None:
        """These stand in for them, in this order."""
        for place, deputy in enumerate(deputies):
            await self.sql("INSERT INTO contact_deputy VALUES (%s, %s, %s)", person.id, deputy.id, place)

    async def copies(self, message: Message) -> list[tuple[str, str, str, str]]:
        """Who has a copy, or stands behind one: name, channel, origin of its batch, state; by name."""
        return await self.sql(_COPIES, message.number)  # type: ignore[return-value]

    async def added(self, message: Message) -> list[tuple[str, str, str, str, str]]:
        """Origin, for whom, to whom, channel, reason."""
        return await self.sql(_ADDED, message.number)  # type: ignore[return-value]

    async def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What it answers."""
        cursor = await self.connection.execute(query.encode(), values)
        return await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def crisis(url: str, people: Sequence[Person], others: Sequence[Person] = ()) -> AsyncIterator[Crisis]:
    """These people in a database of their own."""
    settings = DatabaseSettings(database_url=SecretStr(url))
    async with await connect(url) as connection, open_pool(settings) as pool:
        user = await add_user(connection, "an@ccvo.example", "crisis-manager")
        await add_people(connection, [*people, *others])
        desk = Desk(pool, Shelf(RenderingSettings(), lambda _: None), DEFAULT, SOURCE, trusts_assertions=True)
        yield Crisis(connection, pool, desk, user, url, list(people), list(others))


_STATE = "CASE d.state " + " ".join(f"WHEN {state:d} THEN '{state.word}'" for state in State) + " END"

_COPIES = f"""
SELECT c.name, v.channel, b.origin, {_STATE} FROM delivery d
JOIN variant v ON v.message = d.message AND v.number = d.variant
JOIN batch b ON b.message = d.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
CROSS JOIN LATERAL (SELECT d.contact UNION ALL SELECT s.contact FROM shared_delivery s
    WHERE s.message = d.message AND s.sequence = d.sequence) told
JOIN contact c ON c.id = told.contact WHERE d.message = %s ORDER BY 1, 2, 3, d.sequence
"""

_ADDED = """
SELECT a.origin, c.name, r.name, a.channel, a.reason FROM addition a
JOIN contact c ON c.id = a.contact JOIN contact r ON r.id = a.recipient WHERE a.message = %s ORDER BY 1, 2, 3, 4
"""
