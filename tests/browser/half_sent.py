"""A message in the middle of a crisis, half of which went, and others beside it: what the pages of messages show."""

from collections.abc import Mapping
from uuid import UUID

from services.domain.municipalities import municipalities
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import audit, calls, facts, incidents, messages
from services.store.facts import Fact
from services.store.messages import Message
from tests.store.world import INCIDENT, SOURCE, add_crowd, add_user, connect, release, submit

OUTCOMES = {0: State.ACCEPTED, 1: State.DELIVERED, 2: State.ACCEPTED, 3: State.BOUNCED, 4: State.PLANNED}
OTHERS = ("Drinkwater in Aalst: koken voor gebruik", "Update over de lonen, 18 uur", "Evacuatie van het centrum")
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
            content={"incident": INCIDENT, "kind": "alert", "urgency": "urgent", "phase": "acute", "title": words,
                     "language": "nl", "audiences": ["local-governments"], "channels": ["mail", "sms", "newsfeed"],
                     "key_messages": [{"text": words, "facts": [{"fact": "stilstand"}]}]},
        )  # fmt: skip
        await connection.execute("UPDATE variant SET text = %s WHERE message = %s", (BODY, sent.number))
        await release(connection, sent, approver)
        await _half(connection, sent)
        await _acts(connection, sent, author, approver)
        await _incident(connection, sent.number, author)
        found = await messages.find(connection, sent.id)
        assert found
        return found


async def beside(url: str) -> Mapping[str, UUID]:
    """Messages by what can be done: `paused`, `approved` (not released yet), `alone` (the glass was broken for it)."""
    async with await connect(url) as connection:
        author = await add_user(connection, "cas.maes@ccvo.example", "author")
        approver = await add_user(connection, "dee.wouters@ccvo.example", "crisis-manager")
        to = ["local-governments"]
        paused, approved, alone = [
            await submit(connection, author, audiences=to, content=_titled(each)) for each in OTHERS
        ]
        for each in (paused, alone):
            await release(connection, each, approver)
        async with connection.transaction():
            await messages.pause(connection, paused, source=SOURCE)
        await messages.set_approved(connection, approved.number, approver)
        await connection.execute(
            "INSERT INTO approval (message, user_id, act, proof_hash, reason) VALUES (%s, %s, 'break-glass', 'x', %s)",
            (alone.number, approver, "Niemand anders wakker, en het water steeg"),
        )
        return {"paused": paused.id, "approved": approved.id, "alone": alone.id}


def _titled(title: str) -> dict[str, object]:
    words = [{"text": title, "language": "nl"}]
    return {
        "title": words,
        "language": "nl",
        "audiences": ["local-governments"],
        "key_messages": [],
        "channels": ["mail"],
    }


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
    await calls.put_down(connection, sent.number, [1, 2, 3])
    await calls.tick_off(connection, sent, 2, "no-answer", author)


async def _incident(connection: Connection, sent: int, author: int) -> None:
    await connection.execute(
        "UPDATE incident SET title = 'Loonadministratie ligt stil', level = 'federal', entity = 'Agentschap Loon',"
        " spoc = 'Wachtdienst loon, 02 555 00 00' WHERE slug = %s",
        (INCIDENT,),
    )
    await incidents.move(connection, INCIDENT, "phase", "containment", reason="diensten herstellen", by_user=author)
    fact = Fact("stilstand", 1, "confirmed", {"nl": "De dienst ligt stil sinds 8 uur."}, {"sinds": "8 uur"})
    await facts.record(connection, INCIDENT, fact, source="Digitaal Vlaanderen", reason="", by_user=author)
    await facts.record_stated(connection, sent, {"stilstand": 1})
    known = Fact("stilstand", 2, "confirmed", {"nl": "De dienst ligt stil sinds 6 uur."}, {"sinds": "6 uur"})
    await facts.record(connection, INCIDENT, known, source="Digitaal Vlaanderen", reason="logboek", by_user=author)
