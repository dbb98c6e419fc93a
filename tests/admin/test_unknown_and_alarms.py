"""Whom somebody must call, and what somebody must mend: from real rows of the ledger, through the command line."""

import asyncio

import psycopg
import pytest

from services.admin import unknown
from services.domain.states import State
from services.store import alarms, ledger, messages, workers
from services.store.alarms import Alarm
from services.store.ledger import Result
from tests.admin.conftest import Roeland
from tests.store import world
from tests.store.world import SOURCE, Person

pytestmark = pytest.mark.stack

CONTRACT = {
    "id", "state", "recipients", "channels", "possible_duplicates", "approved_at", "released_at", "first_accepted_at",
    "last_accepted_at",
}  # fmt: skip


@pytest.fixture
def roeland_env(database_url, tmp_path):
    return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}


async def in_doubt(database_url, people, doubted):
    """A mail to these people that was stopped while some of it had been handed over without an answer."""
    connection = await world.connect(database_url)
    author = await world.add_user(connection, "author@ccvo.example", "author")
    await world.add_people(connection, people)
    await connection.execute("UPDATE contact SET organisation = 'Stad ' || name, municipality = 'Aalst', role = 'BG'")
    message = await world.submit(connection, author, audiences=["governors"])
    await world.release(connection, message, author)
    async with connection.transaction():
        epoch = await workers.begin(connection, "mail")
        claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
        results = [
            Result(d.sequence, d.attempt, State.DEFERRED, handed_over=True, in_doubt=True, reason="no-answer")
            if d.contact in {person.id for person in doubted}
            else Result(d.sequence, d.attempt, State.ACCEPTED, at=world.now())
            for d in claim.deliveries
        ]
        await ledger.settle(connection, claim, results, finished=True, source=SOURCE)
        await messages.stop(connection, message, source=SOURCE, how="stopped")
    async with connection.transaction():
        while await ledger.withdraw_unsent(connection, message.number, source=SOURCE):
            pass
    return message


def test_those_whose_state_is_unknown_are_listed_to_be_called(roeland: Roeland, database_url):
    """Nobody knows whether they were warned: also those behind an address that is shared. The others are not listed."""
    ann, bob = Person("Ann", ["governors"], "shared@x.example", "+32470000001"), Person("Bob", ["governors"])
    bob.mail = "Shared@x.example"
    eve = Person("Eve", ["governors"], "eve@x.example", "+32470000003")
    message = asyncio.run(in_doubt(database_url, [ann, bob, eve], [ann]))
    ran = roeland("message", "status", str(message.id), "--unknown", "--json")
    assert ran.code == 0
    document = ran.document
    assert document["channels"] == {"mail": {"unknown": 2, "accepted": 1}}
    told = [(p["name"], p["mobile"], p["mail"], p["channel"], p["reason"]) for p in document["unknown"]]
    assert told == [
        ("Ann", "+32470000001", "shared@x.example", "mail", "no-answer"),
        ("Bob", None, "Shared@x.example", "mail", "no-answer"),
    ]
    first = document["unknown"][0]
    assert (first["organisation"], first["municipality"], first["role"]) == ("Stad Ann", "Aalst", "BG")
    assert (first["audience"], first["handed_over_at"][-1]) == ("governors", "Z")
    shown = roeland("message", "status", str(message.id), "--unknown").out
    assert "+32470000001" in shown
    assert "shared@x.example" in shown
    assert "Call them" in shown
    assert "Eve" not in shown


def test_without_unknown_the_document_is_that_of_the_contract_and_says_no_name(roeland: Roeland, database_url):
    """Scripts that read the status keep reading it; people are told where the names are."""
    ann = Person("Ann", ["governors"], "ann@x.example")
    message = asyncio.run(in_doubt(database_url, [ann], [ann]))
    document = roeland("message", "status", str(message.id), "--json").document
    assert set(document) >= CONTRACT and "unknown" not in document
    shown = roeland("message", "status", str(message.id)).out
    assert "--unknown" in shown
    assert "Ann" not in shown


def test_who_asked_for_the_names_is_in_the_audit(roeland: Roeland, database_url):
    """It is personal data; a status without it leaves no trace."""
    ann = Person("Ann", ["governors"], "ann@x.example")
    message = asyncio.run(in_doubt(database_url, [ann], [ann]))
    roeland("message", "status", str(message.id), "--as", "author@ccvo.example")
    roeland("message", "status", str(message.id), "--unknown", "--as", "author@ccvo.example")
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT u.email, a.subject, a.detail->>'people' FROM audit a JOIN users u ON u.id = a.actor"
            " WHERE a.action = 'message.unknown-listed'"
        ).fetchall()
    assert found == [("author@ccvo.example", f"message:{message.id}", "1")]


def test_a_list_too_long_for_memory_is_still_one_document(roeland: Roeland, database_url, monkeypatch):
    """After a bad night it may be everybody: it goes through a file, whole and in order."""
    monkeypatch.setattr(unknown, "IN_MEMORY", 100)
    people = [Person(f'P"{number}"', ["governors"], f"p{number}@x.example") for number in range(150)]
    message = asyncio.run(in_doubt(database_url, people, people))
    document = roeland("message", "status", str(message.id), "--unknown", "--json").document
    assert [person["name"] for person in document["unknown"]] == [person.name for person in people]


def test_when_everyones_state_is_known_the_list_is_empty_and_says_so(roeland: Roeland, database_url):
    """An empty screen would leave somebody at night wondering."""
    ann = Person("Ann", ["governors"], "ann@x.example")
    message = asyncio.run(in_doubt(database_url, [ann], []))
    assert roeland("message", "status", str(message.id), "--unknown", "--json").document["unknown"] == []
    assert "nobody" in roeland("message", "status", str(message.id), "--unknown").out


async def alarmed(database_url):
    connection = await world.connect(database_url)
    author = await world.add_user(connection, "author@ccvo.example", "author")
    await world.add_crowd(connection, 2)
    message = await world.submit(connection, author)
    await world.release(connection, message, author)
    other = await world.submit(connection, author, channels=["sms"])
    for alarm in (
        Alarm(alarms.CANNOT_SEND, "mail", {"why": "relay refuses our login"}),
        Alarm(alarms.STALLED, f"{message.number}/mail", {"message": message.number, "channel": "mail", "remaining": 2}),
        Alarm(alarms.FAILURES, "99/sms", {"message": 99, "channel": "sms"}),
    ):
        await alarms.ring(connection, alarm)
    await alarms.hush(connection, (alarms.FAILURES, "99/sms"))
    return message, other


def test_the_alarms_that_stand_are_shown_with_what_to_do(roeland: Roeland, database_url):
    """An alarm in a table that nobody reads is none. What was cleared shows only when asked for."""
    message, _ = asyncio.run(alarmed(database_url))
    standing = roeland("alarms", "--json").document
    assert [(each["kind"], each["subject"], each["message"]) for each in standing] == [
        ("cannot-send", "mail", None), ("stalled", f"{message.number}/mail", str(message.id))
    ]  # fmt: skip
    assert all(each["since"] and each["remedy"] and each["cleared_at"] is None for each in standing)
    lately = roeland("alarms", "--all", "--json").document
    assert [(each["kind"], each["cleared_at"] is None) for each in lately] == [
        ("cannot-send", True), ("stalled", True), ("failures", False)
    ]  # fmt: skip
    shown = roeland("alarms").out
    assert "relay refuses our login" in shown
    assert str(message.id) in shown


def test_a_message_shows_the_alarms_that_concern_it_and_no_others(roeland: Roeland, database_url):
    """Whoever follows a message must see why it stands still; the document of the contract stays as it is."""
    message, other = asyncio.run(alarmed(database_url))
    shown = roeland("message", "status", str(message.id)).out
    assert "cannot-send" in shown
    assert "stalled" in shown
    assert "alarm" not in roeland("message", "status", str(other.id)).out
    assert set(roeland("message", "status", str(message.id), "--json").document) >= CONTRACT


def test_doctor_counts_a_channel_that_can_send_nothing_as_a_problem(roeland: Roeland, database_url):
    """That is what somebody runs it for."""
    asyncio.run(alarmed(database_url))
    checks = {each["what"]: each for each in roeland("doctor", "--json").document["checks"]}
    assert checks["alarms"]["state"] == "problem"
    assert "cannot-send" in checks["alarms"]["found"]
    assert "password" in checks["alarms"]["remedy"]


def test_every_kind_of_alarm_has_a_remedy():
    """Also one that somebody adds later."""
    from services.admin.alarms import REMEDIES
    from services.store import opt_outs

    others = {
        alarms.CANNOT_SEND, alarms.SMS_SILENT, alarms.PROVIDER_OUT, alarms.CARRIER_FILTERED,
        opt_outs.OPTED_OUT, alarms.GLASS_BROKEN, alarms.EDITION_MISSED, alarms.EDITION_FAILS,
        alarms.EVENTS_FAILED, alarms.WEBHOOK_FAILING,
    }  # fmt: skip
    assert {*alarms.KINDS, *others} == set(REMEDIES)
