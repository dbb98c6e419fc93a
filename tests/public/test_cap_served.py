"""Alerts as they are served: made of the record, with what its facts said at release, each audience its own."""

from typing import Any

import pytest

from services.domain.configuration import DEFAULT
from services.domain.facts import Fact
from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import facts, feed_tokens, feeds, messages
from services.store.messages import Message
from tests.public.cap_reader import Alert, read
from tests.public.conftest import PUBLIC_URL, Door
from tests.situation.running import eventually
from tests.store.world import INCIDENT, add_user, submit

pytestmark = pytest.mark.stack

CONTENT: dict[str, Any] = {
    "incident": INCIDENT, "kind": "alert", "urgency": "urgent", "language": "nl", "channels": ["newsfeed"],
    "audiences": ["governors", "public"], "title": [{"text": "Storm", "language": "nl"}], "area": ["Gent"],
    "key_messages": [
        {"text": [{"fact": "wind"}], "facts": [{"text": "Windstoten van {fact:wind.kracht}.", "language": "nl"}]}
    ],
    "actions": [{"text": "Houd uw cel klaar.", "language": "nl", "audiences": ["governors"]}],
}  # fmt: skip


async def test_alerts_are_served_as_they_were_released_to_each_its_own(door: Door, connection: Connection) -> None:
    """Through the door: the media type, the text of the facts of then, and an address that holds for its reader."""
    message = await _published(connection)
    await _set(connection, 2, "Er is geen wind meer.", "0 km/u")
    alert = await _alert(door, f"/messages/{message.id}.cap")
    assert alert.info("nl-BE").points == [("Er is veel wind.", ("Windstoten van 120 km/u.",))]
    assert (alert.info("nl-BE").actions, alert.info("nl-BE").areas) == ([], [("Gent", "BE-VOV")])
    urls = dict(await feed_tokens.feed_urls(connection, DEFAULT, PUBLIC_URL))
    token = urls["governors"].rpartition("/")[2].removesuffix(".atom")
    theirs = await _alert(door, f"/feeds/governors/{token}/messages/{message.id}.cap")
    assert theirs.info("nl-BE").actions == ["Houd uw cel klaar."]
    assert theirs.info("nl-BE").web == f"{PUBLIC_URL}/feeds/governors/{token}/messages/{message.id}"
    async with door.http.get(f"{door.url}/feeds/public.cap") as answer:
        assert answer.content_type == "application/atom+xml"
        assert f"{PUBLIC_URL}/messages/{message.id}.cap".encode() in await answer.read()


async def test_a_withdrawal_is_served_as_a_cancel_beside_the_alert(door: Door, connection: Connection) -> None:
    """As soon as it is recorded; the alert itself keeps its address and every byte."""
    message = await _published(connection)
    before = await _alert(door, f"/messages/{message.id}.cap")
    async with connection.transaction():
        await feeds.withdraw(connection, message.number)
    cancel = await _alert(door, f"/messages/{message.id}-cancel.cap")
    assert (cancel.msgType, cancel.references) == ("Cancel", [(before.sender, before.identifier, before.sent)])
    assert await _alert(door, f"/messages/{message.id}.cap") == before


async def _published(connection: Connection) -> Message:
    """A message that states a fact, in the feeds of governors and the public."""
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    told = ["governors", "public"]
    message = await submit(connection, user, channels=["newsfeed"], audiences=told, content=CONTENT)
    await _set(connection, 1, "Er is veel wind.", "120 km/u")
    async with connection.transaction():
        await facts.record_stated(connection, message.number, {"wind": 1})
        await messages.set_released(connection, message.number, user)
        for audience in told:
            variant = Variant(audience, "nl", "", "newsfeed", "Storm", "samenvatting", "<p>inhoud</p>")
            await feeds.record_entry(connection, message.number, variant, authority="crisis.example")
    return message


async def _set(connection: Connection, version: int, statement: str, force: str) -> None:
    fact = Fact("wind", version, "confirmed", {"nl": statement}, {"kracht": force})
    async with connection.transaction():
        await facts.record(connection, INCIDENT, fact, source="KMI", reason="", by_user=None)


async def _alert(door: Door, path: str) -> Alert:
    """What is served there, once it is."""

    async def served() -> bool:
        async with door.http.get(door.url + path) as answer:
            return answer.status == 200

    await eventually(served)
    async with door.http.get(door.url + path) as answer:
        assert answer.content_type == "application/cap+xml"
        return read(await answer.read())
