"""What is news for an edition, asked of a real database: by what stands in editions, never by the clock."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import UniqueViolation
from uuid_utils import uuid7

from services.domain.editions import EditionContent, EditionItem
from services.domain.lanes import PRIORITY
from services.domain.variants import Variant
from services.newsletter.compose import as_it_is
from services.runtime.postgres import Connection
from services.store import editions, incidents, messages, newsletters, variants
from services.store.editions import Decided
from services.store.incidents import Incident
from services.store.messages import Message, NewMessage
from services.store.newsletters import NewsletterRow
from tests.domain.messages import message as content_of
from tests.editorial.newsletters import added
from tests.store import world

pytestmark = pytest.mark.stack

DAY = date(2026, 11, 26)


@dataclass
class Desk:
    """A newsletter for governors and partners, and what a test does with it."""

    connection: Connection
    url: str
    user: int
    newsletter: NewsletterRow

    async def say(self, incident: str = "storm", *, corrects: Message | None = None, **fields: Any) -> Message:
        """A message with versions for its audiences, released."""
        async with self.connection.transaction():
            return await say(self.connection, self.user, incident, corrects=corrects, **fields)

    async def now(self, day: date = DAY) -> EditionContent:
        """What the edition of this date would be."""
        return await as_it_is(self.connection, self.newsletter, day, due=datetime.now(UTC), late=False)

    async def make(self, day: date = DAY) -> list[EditionItem]:
        """Make it; its items. It is not a message yet, and may still become one."""
        content = await self.now(day)
        at, message_id = datetime.now(UTC), UUID(str(uuid7()))
        decided = Decided(self.newsletter.id, day, "made", at, at, message_id=message_id, content=content)
        async with self.connection.transaction():
            await editions.record(self.connection, decided)
        return list(content.items)

    async def become(self, day: date, state: str, *, released: bool = False) -> Message:
        """The edition of this date becomes a message in this state."""
        row = await editions.take_up(self.connection, self.newsletter.id, day)
        assert row and row.message_id
        new = _new(row.message_id, self.newsletter.incident, "edition", self.user, row.content or {})
        message = await messages.record_submitted(self.connection, new)
        at = "clock_timestamp()" if released else "NULL"
        query = f"UPDATE message SET state = %s, released_at = {at} WHERE number = %s"
        await self.connection.execute(query.encode(), (state, message.number))
        return message


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    connection = await world.connect(database_url)
    user = await world.add_user(connection, "schrijver@ccvo.example", "author")
    newsletter = await added(connection, by=user, audiences=("governors", "partners"), quiet_day="say-so")
    yield Desk(connection, database_url, user, newsletter)
    await connection.close()


async def say(
    connection: Connection, user: int, incident: str, *, corrects: Message | None = None, **fields: Any
) -> Message:
    audiences = fields.setdefault("audiences", ["governors", "partners"])
    content = content_of(incident=incident, **fields, corrects=str(corrects.id) if corrects else None)
    await incidents.open_unless_there(connection, Incident(incident, incident, "acute", content.exercise), user)
    number = corrects.number if corrects else None
    new = _new(UUID(str(uuid7())), incident, content.kind, user, content.model_dump(mode="json"), corrects=number)
    message = await messages.record_submitted(connection, new)
    versions = [Variant(each, "nl", "", "mail", "Titel", "Tekst", "<p></p>") for each in audiences]
    await variants.record(connection, message.number, versions)
    return await messages.set_released(connection, message.number, user)


def _new(
    message_id: UUID, incident: str, kind: str, user: int, content: dict[str, Any], *, corrects: int | None = None
) -> NewMessage:
    return NewMessage(
        id=message_id, incident=incident, kind=kind, lane="routine", priority=PRIORITY[kind], phase="acute",
        exercise=bool(content.get("exercise")), content=content, content_hash=str(message_id), corrects=corrects,
        findings=[], submitted_by=user, expires_at=None, next_update_at=None,
    )  # fmt: skip


def ids(items: Any) -> list[UUID]:
    """The message of each item."""
    return [each.message for each in items]


async def test_what_is_released_while_an_edition_is_made_is_in_the_next(desk: Desk) -> None:
    """It has an earlier number and moment than the edition, and no edition could see it: a clock would forget it."""
    other = await world.connect(desk.url)
    async with other.transaction():
        hidden = await say(other, desk.user, "flood")
        seen = await desk.say("storm")
        assert ids(await desk.make()) == [seen.id]
    assert ids((await desk.now(DAY + timedelta(days=1))).items) == [hidden.id]
    await other.close()


async def test_what_an_edition_told_is_news_again_only_if_it_never_went_out(desk: Desk) -> None:
    """Turned down at five to five, its content is in tomorrow's; on its way, it is told once."""
    told = await desk.say()
    counts = [(state, False) for state in ("submitted", "proofed", "approved")] + [
        ("released", True),
        ("stopped", True),
    ]
    never = [(state, False) for state in ("rejected", "withdrawn", "expired", "stopped")]
    for state, released in (*counts, *never):
        desk.newsletter = await added(desk.connection, by=desk.user, audiences=("governors",))
        await desk.make()
        await desk.become(DAY, state, released=released)
        expected = [told.id] if (state, released) in never else []
        assert ids((await desk.now(DAY + timedelta(days=1))).items) == expected, (state, released)


async def test_an_edition_that_is_not_a_message_yet_counts(desk: Desk) -> None:
    """Editorial is away for a day: what waits for it is told by that edition, not by two."""
    await desk.say()
    await desk.make()
    assert (await desk.now(DAY + timedelta(days=1))).items == ()


async def test_an_audience_is_told_what_it_may_know_and_compared_with_what_it_was_told(desk: Desk) -> None:
    """What governors alone were told yesterday is new to partners today, and never before its step of the release."""
    first = await desk.say(audiences=["governors"])
    [item] = await desk.make()
    assert item.audiences == ("governors",)
    await desk.become(DAY, "released", released=True)
    second = await desk.say(kind="update")
    later = (await desk.now(DAY + timedelta(days=1))).items
    assert {(each.message, each.before, each.audiences) for each in later} == {
        (second.id, first.id, ("governors",)), (second.id, None, ("partners",))
    }  # fmt: skip
    steps = [{"audiences": ["governors"]}, {"audiences": ["partners"], "after": 300}]
    await desk.say("fire", release_order=steps)
    assert {each.audiences for each in (await desk.now()).items if each.incident == "fire"} == {("governors",)}


async def test_what_was_withdrawn_after_it_was_told_is_told_to_be_so_once(desk: Desk) -> None:
    """Who had it must hear that it holds no more; who never had it need not."""
    told = await desk.say()
    await desk.make()
    unheard = await desk.say("fire")
    for each in (told, unheard):
        await desk.connection.execute(
            "UPDATE message SET state = 'withdrawn', withdrawn_at = clock_timestamp() WHERE number = %s", (each.number,)
        )
    [item] = await desk.make(DAY + timedelta(days=1))
    assert (item.message, item.withdrawn) == (told.id, True)
    assert (await desk.now(DAY + timedelta(days=2))).items == ()


async def test_what_is_held_or_stopped_is_not_told_until_it_goes_on(desk: Desk) -> None:
    """Somebody held it because it may be wrong."""
    held = await desk.say()
    await desk.connection.execute("UPDATE message SET paused_at = clock_timestamp() WHERE number = %s", (held.number,))
    stopped = await desk.say("fire")
    await desk.connection.execute("UPDATE message SET state = 'stopped' WHERE number = %s", (stopped.number,))
    assert (await desk.now()).items == ()
    earlier = await desk.say("storm", kind="update")
    await desk.connection.execute(
        "UPDATE message SET released_at = released_at - interval '1 hour' WHERE number = %s", (earlier.number,)
    )
    assert ids((await desk.now()).items) == [earlier.id]
    await desk.connection.execute("UPDATE message SET paused_at = NULL WHERE number = %s", (held.number,))
    assert ids((await desk.now()).items) == [held.id]


async def test_a_newsletter_collects_its_incidents_and_phases_and_no_exercises(desk: Desk) -> None:
    """A newsletter about one crisis is not about another, and nobody takes an exercise for real."""
    await desk.say("fire", exercise=True)
    storm, flood = await desk.say("storm"), await desk.say("flood")
    assert ids((await desk.now()).items) == [flood.id, storm.id]
    only = await added(desk.connection, by=desk.user, incidents=("storm",), audiences=("governors",))
    phases = await added(desk.connection, by=desk.user, phases=("recovery",), audiences=("governors",))
    for newsletter, expected in ((only, [storm.id]), (phases, [])):
        desk.newsletter = newsletter
        assert ids((await desk.now()).items) == expected


async def test_the_first_edition_looks_back_a_day_and_no_further(desk: Desk) -> None:
    """Who starts a newsletter in a crisis tells of today's, not of every incident that there ever was."""
    old = await desk.say("fire")
    await desk.connection.execute(
        "UPDATE message SET released_at = released_at - interval '25 hours' WHERE number = %s", (old.number,)
    )
    new = await desk.say("storm")
    assert ids((await desk.now()).items) == [new.id]


async def test_a_renamed_newsletter_goes_on_where_it_was(desk: Desk) -> None:
    """Its name is what people call it; what it told stays told."""
    await desk.say()
    await desk.make()
    renamed = desk.newsletter.definition.model_copy(update={"slug": "anders"})
    desk.newsletter = await newsletters.change(desk.connection, desk.newsletter.id, renamed, by=desk.user)
    assert (await desk.now(DAY + timedelta(days=1))).items == ()


async def test_one_date_has_one_edition(desk: Desk) -> None:
    """Whoever makes a second one is refused by the record itself."""
    await desk.make()
    with pytest.raises(UniqueViolation):
        await desk.make()
