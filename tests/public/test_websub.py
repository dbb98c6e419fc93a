"""Subscribing and hearing of changes, over real HTTP (WebSub §5 and §7)."""

import asyncio
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from services.store import websub
from tests.public.hubs import ATOM, FEED, PUBLIC_URL, TOPIC, Feeds, Running, holds, running_hub, written
from tests.public.subscribers import Subscriber, subscriber

pytestmark = pytest.mark.stack

CLOSED = "feeds/governors/__token__.atom"
SECRET = "een geheim van de lezer"


async def test_a_subscriber_hears_of_a_change(hub: Running, reader: Subscriber) -> None:
    """It is sent the feed as it is when it has subscribed, and at each change: whole, as a GET would give it."""
    await hub.subscribe(reader.url)
    await holds(lambda: reader.bodies == [b"<feed>0</feed>"])
    hub.change(b"<feed>1</feed>")
    await holds(lambda: reader.bodies[1:] == [b"<feed>1</feed>"])
    headers = reader.sent[-1].headers
    assert headers["Content-Type"] == ATOM
    assert headers["Link"] == f'<{PUBLIC_URL}/hub>; rel="hub", <{TOPIC}>; rel="self"'
    assert "X-Hub-Signature" not in headers


async def test_the_callback_is_asked_with_its_own_query_kept(hub: Running, reader: Subscriber) -> None:
    """Parameters come after those that it has, also where names overlap or it has a question mark alone (§5.1.1)."""
    await hub.subscribe(f"{reader.url}?foo=a%20b&hub.mode=mine", lease_seconds=7200)
    [asked] = reader.asked
    assert asked["foo"] == "a b"
    assert asked["hub.topic"] == TOPIC
    assert asked["hub.lease_seconds"] == "7200"
    assert len(asked["hub.challenge"]) >= 32
    await holds(lambda: reader.sent)
    assert reader.sent[0].query == "foo=a%20b&hub.mode=mine"


async def test_what_is_sent_is_signed_with_the_secret(hub: Running, reader: Subscriber) -> None:
    """HMAC-SHA256 of the body (§7.1); a renewal may bring another secret, or none."""
    await hub.subscribe(reader.url, secret=SECRET)
    await holds(lambda: reader.sent)
    first = reader.sent[0]
    assert first.headers["X-Hub-Signature"] == f"sha256={hmac.new(SECRET.encode(), first.body, 'sha256').hexdigest()}"
    await hub.post(mode="subscribe", topic=TOPIC, callback=reader.url)
    await holds(lambda: len(reader.asked) == 2)
    await written(hub, "secret IS NULL")
    hub.change(b"anders")
    await holds(lambda: len(reader.sent) == 2)
    assert "X-Hub-Signature" not in reader.sent[1].headers


async def test_a_lease_ends_and_its_length_is_told(hub: Running, reader: Subscriber) -> None:
    """None is for ever (§5.3.1), and the subscriber reads how long its own is, whatever it asked for."""
    await hub.subscribe(reader.url, lease_seconds=10**18)
    assert reader.asked[0]["hub.lease_seconds"] == str(30 * 86_400)
    [row] = await hub.rows()
    assert abs(row["lease_until"] - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)


async def test_who_does_not_echo_the_challenge_is_not_subscribed(hub: Running, reader: Subscriber) -> None:
    """Nobody is subscribed by someone else (§5.3): no success, another text, or one letter more are all a no."""

    async def confirm(request: web.Request) -> web.Response:
        challenge, how = request.query["hub.challenge"], request.query["how"]
        if how.isdecimal():
            return web.Response(status=int(how), text=challenge, headers={"Location": reader.url})
        return web.Response(text={"more": challenge + "x", "wrong": challenge[::-1], "none": ""}[how])

    reader.confirm = confirm
    answers = ["wrong", "more", "none", "404", "302", "500"]
    for how in answers:
        assert (await hub.post(mode="subscribe", topic=TOPIC, callback=f"{reader.url}?how={how}"))[0] == 202
    await holds(lambda: len(reader.asked) == len(answers))
    await hub.settle()
    assert await hub.rows() == []
    assert len(reader.asked) == len(answers)


async def test_subscribing_twice_is_one_subscription(hub: Running, reader: Subscriber) -> None:
    """A renewal asks again, makes the lease longer, and does not send what the subscriber has (§5.1)."""
    await hub.subscribe(reader.url, lease_seconds=3600)
    await holds(lambda: reader.sent)
    [before] = await hub.rows()
    await hub.post(mode="subscribe", topic=TOPIC, callback=reader.url, lease_seconds=7200)
    await holds(lambda: len(reader.asked) == 2)
    await written(hub, "lease_until > now() + interval '100 minutes'")
    [after] = await hub.rows()
    assert after["id"] == before["id"]
    hub.change(b"1")
    await holds(lambda: len(reader.sent) > 1)
    await hub.settle()
    assert reader.bodies == [b"<feed>0</feed>", b"1"]


async def test_a_renewal_that_is_not_confirmed_changes_nothing(hub: Running, reader: Subscriber) -> None:
    """Else anyone could take a subscriber's secret away (§5.1)."""
    await hub.subscribe(reader.url, secret=SECRET)
    await holds(lambda: reader.sent)
    reader.confirm = _no
    await hub.post(mode="subscribe", topic=TOPIC, callback=reader.url, secret="van een ander")
    await hub.post(mode="unsubscribe", topic=TOPIC, callback=reader.url)
    await holds(lambda: len(reader.asked) == 3)
    await hub.settle()
    [row] = await hub.rows()
    assert row["secret"] == SECRET


async def test_who_unsubscribes_hears_no_more(hub: Running, reader: Subscriber) -> None:
    """Once it has confirmed that; of what was never subscribed to, nobody is asked."""
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    assert (await hub.post(mode="unsubscribe", topic=TOPIC, callback=reader.url))[0] == 202
    await written(hub, "true", there=False)
    assert reader.asked[1]["hub.mode"] == "unsubscribe"
    assert (await hub.post(mode="unsubscribe", topic=TOPIC, callback=reader.url))[0] == 202
    hub.change(b"1")
    await hub.settle()
    assert (len(reader.asked), len(reader.sent)) == (2, 1)


async def test_a_lease_that_is_over_ends_it(hub: Running, reader: Subscriber) -> None:
    """Hubs must enforce that (§5.3.1)."""
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    await hub.write("lease_until = now()")
    hub.change(b"1")
    await hub.settle()
    assert len(reader.sent) == 1
    await hub.hub.deliveries._sweep()
    assert await hub.rows() == []


async def test_a_closed_feed_is_had_with_its_token_alone(hub: Running, reader: Subscriber) -> None:
    """With the subscriber's own address in it; the token stands nowhere in what is kept."""
    hub.feeds.bodies[CLOSED] = b"<link href='/feeds/governors/__token__.atom'/>"
    hub.feeds.tokens = {"k1.goed"}
    topic = f"{PUBLIC_URL}/feeds/governors/k1.goed.atom"
    await hub.subscribe(reader.url, topic)
    await holds(lambda: reader.bodies == [b"<link href='/feeds/governors/k1.goed.atom'/>"])
    assert f'<{topic}>; rel="self"' in reader.sent[0].headers["Link"]
    assert "k1.goed" not in repr(await hub.rows())


async def test_a_wrong_token_and_a_missing_feed_look_the_same(hub: Running, reader: Subscriber) -> None:
    """To whoever asks, and at the callback: denied, with the same words (§5.2)."""
    hub.feeds.bodies[CLOSED] = b"x"
    hub.feeds.tokens = {"k1.goed"}
    paths = ["governors/k1.fout", "burglars/k1.goed", "governors/k1.goed/incidents/no", "governors/__token__"]
    answers = [
        await hub.post(mode="subscribe", topic=f"{PUBLIC_URL}/feeds/{path}.atom", callback=reader.url)
        for path in [*paths, "public/incidents/no"]
    ]
    assert {status for status, _ in answers} == {202}
    assert len(set(answers)) == 1
    await holds(lambda: len(reader.asked) == 5)
    assert {(each["hub.mode"], each["hub.reason"]) for each in reader.asked} == {("denied", "there is no such feed")}
    assert await hub.rows() == []


async def test_a_revoked_token_ends_the_subscription(hub: Running, reader: Subscriber) -> None:
    """At the next change nothing of the feed goes out, and the subscriber is told (§5.2)."""
    hub.feeds.bodies[CLOSED] = b"geheim"
    hub.feeds.tokens = {"k1.goed"}
    await hub.subscribe(reader.url, f"{PUBLIC_URL}/feeds/governors/k1.goed.atom")
    await holds(lambda: reader.sent)
    hub.feeds.tokens = set()
    hub.change(b"nog geheimer", CLOSED)
    await written(hub, "true", there=False)
    assert reader.asked[-1]["hub.mode"] == "denied"
    assert reader.bodies == [b"geheim"]


async def test_changes_that_come_fast_are_sent_as_the_last_one(hub: Running, reader: Subscriber) -> None:
    """What is sent is the feed as it is now: nobody is called fifty times for fifty entries."""
    going_on = asyncio.Event()

    async def slowly(_: web.Request) -> web.Response:
        await going_on.wait()
        return web.Response()

    reader.take = slowly
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    for number in range(50):
        hub.change(f"{number}".encode())
        await asyncio.sleep(0)
    going_on.set()
    await holds(lambda: reader.bodies[-1] == b"49")
    await hub.settle()
    assert len(reader.sent) == 2


async def test_two_copies_of_public_send_each_change_once(
    hub: Running, reader: Subscriber, websub_database: str
) -> None:
    """Both build every feed, and both hear of every change."""
    async with running_hub(websub_database, hub.feeds) as other, subscriber() as second:
        await hub.subscribe(reader.url)
        await other.subscribe(second.url)
        await holds(lambda: reader.sent and second.sent)
        for number in range(5):
            hub.change(f"{number}".encode())
            other.hub.deliveries.wake()
            await holds(lambda n=number: {r.bodies[-1] for r in (reader, second)} == {f"{n}".encode()})
        await hub.settle()
        assert [len(each.sent) for each in (reader, second)] == [6, 6]


@pytest.mark.parametrize("after", [timedelta(seconds=1), timedelta(0)])
async def test_a_copy_that_is_behind_sends_nothing_old(
    hub: Running, reader: Subscriber, websub_database: str, after: timedelta
) -> None:
    """Each copy builds its feeds by itself: one may have claimed the call before it has built the change.

    Two entries of one second are no exception: a feed's time has no parts of a second.
    """
    old = Feeds()
    old.modified = hub.feeds.modified = {FEED: datetime.now(UTC)}
    async with running_hub(websub_database, old) as behind:
        await hub.subscribe(reader.url)
        await holds(lambda: reader.sent)
        await holds(lambda: hub.hub.deliveries._told and behind.hub.deliveries._told)
        await written(hub, "wanted IS NOT NULL AND due IS NULL")
        await hub.write("etag = 'van daarvoor'")
        hub.feeds.modified = dict(old.modified)
        hub.change(b"nieuw", after=after)
        for _ in range(20):
            behind.hub.deliveries.wake()
            await asyncio.sleep(0.02)
        await holds(lambda: reader.bodies[-1] == b"nieuw")
        old.bodies[FEED], old.modified = b"nieuw", hub.feeds.modified
        behind.hub.deliveries.wake()
        await hub.settle()
    assert reader.bodies == [b"<feed>0</feed>", b"nieuw"]


async def test_an_operator_ends_a_subscription_and_the_subscriber_is_told(hub: Running, reader: Subscriber) -> None:
    """At any time a hub may say that there is none any more (§5.2); it says so once, whatever it is answered."""
    await hub.subscribe(reader.url)
    await holds(lambda: reader.sent)
    reader.confirm = _no
    async with hub.pool.connection() as connection:
        await websub.end(connection, (await hub.rows())[0]["id"], "ended by the publisher")
    await written(hub, "true", there=False)
    assert [each["hub.mode"] for each in reader.asked] == ["subscribe", "denied"]
    assert reader.asked[1]["hub.reason"] == "ended by the publisher"


async def _no(_: web.Request) -> web.Response:
    return web.Response(status=404)
