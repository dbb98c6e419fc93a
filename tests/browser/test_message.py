"""The page of a message and of an incident, as the cell sees them in the middle of a crisis."""

import asyncio

import pytest

from services.domain.municipalities import municipalities
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import audit, facts, incidents, messages
from services.store.facts import Fact
from services.store.messages import Message
from tests.browser.console import ConsoleSite
from tests.browser.sight import Sight
from tests.store.world import INCIDENT, add_crowd, add_user, connect, release, submit

pytestmark = [pytest.mark.stack, pytest.mark.long]

OUTCOMES = {0: State.ACCEPTED, 1: State.DELIVERED, 2: State.ACCEPTED, 3: State.BOUNCED, 4: State.PLANNED}
BODY = "De dienst ligt stil sinds 8 uur. De lonen van november worden later gestort.\nMeer om 16 uur."


async def crisis(url: str) -> Message:
    """A message to 300 people of local governments, half of which went, some of it in vain; a few have confirmed."""
    async with await connect(url) as connection:
        author = await add_user(connection, "an.peeters@ccvo.example", "author")
        approver = await add_user(connection, "bo.janssens@ccvo.example", "approver")
        await add_crowd(connection, 300, "local-governments")
        await _at_home(connection)
        await connection.execute("UPDATE address SET value = NULL WHERE contact % 23 = 0 AND channel = 'mail'")
        words = [{"text": "Loonadministratie niet beschikbaar: lonen later", "language": "nl"}]
        sent = await submit(
            connection, author, audiences=["local-governments"], channels=["mail", "sms", "newsfeed"],
            content={"title": words, "language": "nl", "audiences": ["local-governments"], "key_messages": [],
                     "channels": ["mail", "sms", "newsfeed"]},
        )  # fmt: skip
        await connection.execute("UPDATE variant SET text = %s WHERE message = %s", (BODY, sent.number))
        await release(connection, sent, approver)
        await _half(connection, sent)
        await _acts(connection, sent, author, approver)
        await _incident(connection, author)
        found = await messages.find(connection, sent.id)
        assert found
        return found


async def _at_home(connection: Connection) -> None:
    towns = list(municipalities())
    await connection.execute(
        "UPDATE contact SET municipality = (%s::text[])[1 + id %% 271], province = (%s::text[])[1 + id %% 271]",
        (towns, [municipalities()[town] for town in towns]),
    )


async def _half(connection: Connection, sent: Message) -> None:
    """Every copy has its outcome, and the batches count them."""
    for place, state in OUTCOMES.items():
        await connection.execute(
            "UPDATE delivery SET state = %s, reason = CASE WHEN %s = 90 THEN 'unknown-number' END"
            " WHERE message = %s AND contact IS NOT NULL AND state = 0 AND (contact %% 271) %% 5 = %s",
            (int(state), int(state), sent.number, place),
        )
    counted = ", ".join(f"{state.word} = n.{state.word}" for state in State)
    sums = ", ".join(f"count(*) FILTER (WHERE d.state = {state:d}) AS {state.word}" for state in State)
    await connection.execute(
        f"""UPDATE batch b SET version = version + 1, first_accepted_at = now(), last_accepted_at = now(), {counted}
        FROM (SELECT b.number, {sums} FROM batch b JOIN delivery d ON d.message = b.message
            AND d.sequence BETWEEN b.first_sequence AND b.last_sequence WHERE b.message = %s GROUP BY 1) n
        WHERE b.message = %s AND b.number = n.number""".encode(),
        (sent.number, sent.number),
    )


async def _acts(connection: Connection, sent: Message, author: int, approver: int) -> None:
    await connection.execute(
        "UPDATE message SET confirm_minutes = 15, next_update_at = now() + interval '40 min' WHERE number = %s",
        (sent.number,),
    )
    await connection.execute(
        "INSERT INTO confirmation (message, contact, how) SELECT %s, id, 'page' FROM contact WHERE id %% 10 = 1",
        (sent.number,),
    )
    for action, actor, more in (
        ("submitted", author, {}), ("approved", approver, {}), ("released", approver, {}), ("paused", author, {}),
        ("resumed", author, {}), ("escalated", None, {"contacts": 41, "reason": ""}),
    ):  # fmt: skip
        await audit.record(
            connection, actor=actor, action=f"message.{action}", subject=f"message:{sent.id}", detail=more
        )
    await connection.execute(
        """INSERT INTO reply (provider, provider_id, number, message, sequence, kind, text)
           VALUES ('twilio', 'SM1', '+32470000001', %s, 1, 'other', 'Geldt dit ook voor het OCMW?')""",
        (sent.number,),
    )


async def _incident(connection: Connection, author: int) -> None:
    await connection.execute(
        "UPDATE incident SET title = 'Loonadministratie ligt stil', level = 'federal', entity = 'Agentschap Loon',"
        " spoc = 'Wachtdienst loon, 02 555 00 00' WHERE slug = %s",
        (INCIDENT,),
    )
    await incidents.move(connection, INCIDENT, "phase", "containment", reason="diensten herstellen", by_user=author)
    fact = Fact("stilstand", 1, "confirmed", {"nl": "De dienst ligt stil sinds 8 uur."}, {"sinds": "8 uur"})
    await facts.record(connection, INCIDENT, fact, source="Digitaal Vlaanderen", reason="", by_user=author)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_message_and_its_lists(sight: Sight, console_site: ConsoleSite, database_url: str, language: str) -> None:
    """How far it is, the municipalities, what it says, what happened; on a phone at night too."""
    message = console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager", "author")
    for name, path in {
        "message": f"/messages/{message.id}",
        "message-stop": f"/messages/{message.id}/do/stop",
        "message-who": f"/messages/{message.id}/who?which=not-reached",
        "messages": "/messages",
    }.items():
        address = f"{console_site.url}{path}"
        sight.look(address, name=f"{name}-{language}", language=language, cookies=cookies).flawless()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_an_incident_and_what_is_known(
    sight: Sight, console_site: ConsoleSite, database_url: str, language: str
) -> None:
    """The phase, the facts, what was said and promised."""
    message = console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager", "author")
    for name, path in {
        "incidents": "/incidents",
        "incident": f"/incidents/{INCIDENT}",
        "incident-fact": f"/incidents/{INCIDENT}/facts/stilstand",
        "message-withdraw": f"/messages/{message.id}/do/withdraw",
        "message-replies": f"/messages/{message.id}/replies",
        "message-town": f"/messages/{message.id}/municipalities/Aalst",
    }.items():
        address = f"{console_site.url}{path}"
        sight.look(address, name=f"{name}-{language}", language=language, cookies=cookies).flawless()


def test_stopping_takes_one_tap_and_one_confirmation_on_a_phone(
    sight: Sight, console_site: ConsoleSite, database_url: str
) -> None:
    """Whoever sees that it is wrong stops it, with a thumb; who has the page open elsewhere sees that it was."""
    message = console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager", "author")

    async def story() -> str:
        other = await sight.new_page(console_site.url, cookies)
        await other.goto(f"{console_site.url}/messages/{message.id}")
        phone = await sight.new_page(console_site.url, cookies, width=360)
        await phone.goto(f"{console_site.url}/messages/{message.id}")
        await asyncio.sleep(2)  # what comes first over the stream moves nothing
        first = phone.get_by_role("link", name="Definitief stoppen")
        box = await first.bounding_box()
        assert box
        assert box["y"] + box["height"] < 740, "it is seen without scrolling"
        await first.click()
        await phone.get_by_role("button", name="Ja, nu stoppen").click()
        await phone.get_by_text("Er wordt niets meer verzonden.").wait_for()
        await other.locator(".badge", has_text="gestopt").first.wait_for(timeout=8000)
        await asyncio.sleep(0.5)
        return await other.locator("#acts").inner_text()

    assert "Definitief stoppen" not in sight.act(story())
