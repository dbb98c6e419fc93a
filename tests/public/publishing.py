"""Putting messages in the feeds of governors and the public, for tests."""

from services.domain.configuration import DEFAULT
from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import feed_tokens, feeds, messages
from services.store.messages import Message
from tests.public.conftest import PUBLIC_URL, Door
from tests.situation.running import eventually
from tests.store.world import add_user, submit


async def published(door: Door, connection: Connection, title: str, corrects: int | None = None) -> Message:
    """A message in the feeds of governors and the public, once both are served with it."""
    message = await recorded(connection, title, corrects)
    for path in ("/feeds/public.atom", await path_of(connection, "governors")):
        await eventually(lambda path=path: _shows(door, path, message))
    return message


async def recorded(connection: Connection, title: str, corrects: int | None = None) -> Message:
    """A message in these feeds, as the newsfeed records it."""
    row = await (await connection.execute("SELECT id FROM users LIMIT 1")).fetchone()
    user = row[0] if row else await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    kind = "correction" if corrects else "alert"
    message = await submit(connection, user, channels=["newsfeed"], corrects=corrects, kind=kind)
    async with connection.transaction():
        await messages.set_released(connection, message.number, user)
        for audience in ("governors", "public"):
            variant = Variant(audience, "nl", "", "newsfeed", f"{title} {audience}", "samenvatting", "<p>inhoud</p>")
            at = await feeds.record_entry(connection, message.number, variant)
            assert at == await feeds.record_entry(connection, message.number, variant)
    return message


async def _shows(door: Door, path: str, message: Message) -> bool:
    return f":{message.id}/".encode() in (await door.get(path)).body


async def path_of(connection: Connection, audience: str) -> str:
    return dict(await feed_tokens.feed_urls(connection, DEFAULT, PUBLIC_URL))[audience].removeprefix(PUBLIC_URL)
