"""The first page, as the cell sees it: quiet, in a crisis, and while it moves."""

from uuid import uuid4

import pytest

from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import alarms, drafts, incidents, ledger, workers
from services.store.alarms import Alarm
from services.store.incidents import Incident
from services.store.ledger import Result
from services.store.messages import Message
from tests.browser.console import ConsoleSite
from tests.browser.looking import look_at
from tests.browser.looks import OVERVIEW
from tests.browser.sight import Sight
from tests.store.world import INCIDENT, SOURCE, add_crowd, add_user, connect, now, release, submit

pytestmark = pytest.mark.stack


async def crisis(url: str) -> Message:
    """All that can be on the page at once; the message of which half was sent."""
    connection = await connect(url)
    author = await add_user(connection, "an.peeters@ccvo.example", "author")
    approver = await add_user(connection, "bo.janssens@ccvo.example", "approver")
    await add_crowd(connection, 40)
    one = await submit(connection, author, channels=["mail", "sms"])
    await release(connection, one, approver)
    await asked(connection, one)
    await half(connection)
    waiting = await submit(connection, author, content=titled("Loonadministratie niet beschikbaar in alle provincies"))
    await called(connection, waiting, approver)
    broken = await submit(connection, author, content=titled("Evacuatie van het administratief centrum"))
    await release(connection, broken, author)
    await connection.execute(
        "INSERT INTO approval (message, user_id, act, proof_hash, reason) VALUES (%s, %s, 'break-glass', 'x', %s)",
        (broken.number, author, "Niemand anders wakker, en het water steeg"),
    )
    await incidents.open_unless_there(
        connection, Incident("oefening-2026-07", "Oefening grote stroomuitval", "preparation", exercise=True)
    )
    await connection.execute(
        "UPDATE incident SET title = 'Storm over West-Vlaanderen', level = 'provincial' WHERE slug = %s", (INCIDENT,)
    )
    await connection.execute(
        "UPDATE message SET next_update_at = clock_timestamp() - interval '23 min' WHERE number = %s", (broken.number,)
    )
    await drafts.begin(connection, uuid4(), {"file": {"title": [{"text": "Update storm, 6 uur"}]}}, author)
    await drafts.begin(connection, uuid4(), {"file": {"title": "Nog een"}}, author)
    await drafts.begin(connection, uuid4(), {}, author)
    await alarms.ring(connection, Alarm("cannot-send", "sms", {"why": "the account is suspended"}))
    await alarms.ring(connection, Alarm("update-overdue", INCIDENT, {"message": broken.number}))
    await connection.close()
    return one


def titled(title: str) -> dict[str, object]:
    """A content with this title."""
    return {
        "title": [{"text": title, "language": "nl"}],
        "key_messages": [{"text": [{"text": title, "language": "nl"}]}],
    }


async def asked(connection: Connection, message: Message) -> None:
    """Its recipients are asked to confirm, and seven did."""
    await connection.execute("UPDATE message SET confirm_minutes = 15 WHERE number = %s", (message.number,))
    await connection.execute(
        "INSERT INTO confirmation (message, contact, how) SELECT %s, id, 'page' FROM contact ORDER BY id LIMIT 7",
        (message.number,),
    )


async def half(connection: Connection) -> None:
    """The mails of what is released went, some of them in vain."""
    async with connection.transaction():
        epoch = await workers.begin(connection, "mail")
        claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
        assert claim
        results = [
            Result(each.sequence, each.attempt, State.BOUNCED if place < 3 else State.ACCEPTED, at=now())
            for place, each in enumerate(claim.deliveries)
        ]
        await ledger.settle(connection, claim, results, finished=True, source=SOURCE)


async def called(connection: Connection, message: Message, user: int) -> None:
    """Somebody on duty was told that it waits."""
    await connection.execute(
        "INSERT INTO duty_call (message, place, user_id) VALUES (%s, 1, %s)", (message.number, user)
    )


@pytest.mark.long  # the crisis below is the same page, with more on it
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_centre_that_has_nothing_is_told_where_to_begin(
    sight: Sight, console_site: ConsoleSite, language: str
) -> None:
    """The first minute decides whether somebody comes back."""
    cookies = console_site.signed_in("administrator", "author")
    sight.look(f"{console_site.url}/", name=f"overview-new-{language}", language=language, cookies=cookies).flawless()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_crisis_is_read_at_a_glance(
    sight: Sight, console_site: ConsoleSite, database_url: str, language: str
) -> None:
    """At three in the morning, on a phone: what is wrong, what waits for me, what runs."""
    console_site.run(crisis(database_url))
    cookies = console_site.signed_in("crisis-manager", "administrator", "author")
    look_at(OVERVIEW, sight, console_site, language=language, cookies=cookies)
