"""Who got a message, and how a correction stands: from real rows of the ledger, through the command line."""

import asyncio
import csv
import io

import psycopg
import pytest

from services.domain.states import State
from services.store import ledger, workers
from services.store.ledger import Result
from tests.admin.conftest import Roeland
from tests.store import world
from tests.store.world import SOURCE, Person

pytestmark = pytest.mark.stack


@pytest.fixture
def roeland_env(database_url, tmp_path):
    return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}


async def send(connection, message, fates):
    """Carry out the mails of a message: these people's end so, all others' are accepted."""
    async with connection.transaction():
        epoch = await workers.begin(connection, "mail")
        claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
        results = [
            Result(d.sequence, d.attempt, fates.get(d.contact, State.ACCEPTED), at=world.now())
            for d in claim.deliveries
        ]
        await ledger.settle(connection, claim, results, finished=True, source=SOURCE)


async def corrected(database_url, people):
    """An error that reached Ann, Bob behind her address and Eve, not =Zed; its correction failed for Eve."""
    connection = await world.connect(database_url)
    author = await world.add_user(connection, "author@ccvo.example", "author")
    await world.add_people(connection, people)
    *_, eve, zed = people
    error = await world.submit(connection, author)
    await world.release(connection, error, author)
    await send(connection, error, {zed.id: State.BOUNCED})
    correction = await world.submit(
        connection, author, kind="correction", corrects=error.number, told=[error.number], audiences=["governors"]
    )
    await world.release(connection, correction, author)
    await send(connection, correction, {eve.id: State.FAILED})
    await connection.close()
    return error, correction


@pytest.fixture
def made(database_url):
    people = [
        Person("Ann", ["governors"], "shared@x.example"),
        Person("Bob", ["governors"], "Shared@x.example"),
        Person("Eve", ["governors"], "eve@x.example"),
        Person("=Zed()", ["governors"], "zed@x.example"),
    ]
    return asyncio.run(corrected(database_url, people))


def names(roeland: Roeland, message, *options: str) -> list[tuple[str, str]]:
    """Who, and in which state."""
    document = roeland("message", "who", str(message.id), *options, "--json").document
    assert document["count"] == len(document["people"])
    return [(each["name"], each["state"]) for each in document["people"]]


def test_those_whom_a_message_reached_and_missed_are_named(roeland: Roeland, database_url, made):
    """Also who stands behind an address that is shared; never an address; and the audit says who looked."""
    error, _ = made
    everybody = [("Ann", "accepted"), ("Bob", "accepted"), ("Eve", "accepted"), ("=Zed()", "bounced")]
    assert names(roeland, error) == everybody
    assert names(roeland, error, "--reached") == everybody[:3]
    assert names(roeland, error, "--not-reached") == everybody[3:]
    assert names(roeland, error, "--state", "bounced") == everybody[3:]
    assert "x.example" not in roeland("message", "who", str(error.id)).out
    with psycopg.connect(database_url) as connection:
        looked = connection.execute("SELECT detail FROM audit WHERE action = 'message.recipients-listed'").fetchall()
    assert looked[1][0] == {"message": error.number, "which": "reached", "state": None, "people": 3}


def test_whom_a_correction_has_not_reached_is_named(roeland: Roeland, made):
    """Eve believes the error still: somebody calls her. Zed never got it."""
    error, correction = made
    assert names(roeland, correction, "--not-corrected") == [("Eve", "failed")]
    refused = roeland("message", "who", str(error.id), "--not-corrected", "--json")
    assert (refused.code, "corrects nothing" in refused.document["error"]) == (1, True)


def test_a_name_that_is_a_formula_is_none_in_the_spreadsheet(roeland: Roeland, made):
    """CWE-1236."""
    rows = list(csv.reader(io.StringIO(roeland("message", "who", str(made[0].id), "--csv").out)))
    assert rows[0] == ["external_id", "name", "audience", "channel", "state", "reason"]
    assert rows[4][1:5] == ["'=Zed()", "governors", "mail", "bounced"]


def test_the_status_of_a_correction_says_how_long_it_took_and_whom_it_missed(roeland: Roeland, made):
    """And that of the error which message puts it right."""
    error, correction = made
    said = roeland("message", "status", str(correction.id), "--json").document["correction"]
    assert said["corrects"] == str(error.id)
    assert said["not_reached"] == 1
    assert 0 <= said["minutes_to_correction"]["first"] <= said["minutes_to_correction"]["last"] < 5
    assert roeland("message", "status", str(error.id), "--json").document["corrected_by"] == [str(correction.id)]
    told = roeland("message", "status", str(correction.id)).out
    assert "1 who got the error" in told and "first accepted after" in told


@pytest.mark.parametrize("wrong", [["--reached", "--not-reached"], ["--state", "asleep"]])
def test_what_cannot_be_asked_is_wrong_usage(roeland: Roeland, made, wrong):
    """With the words that there are."""
    assert roeland("message", "who", str(made[0].id), *wrong, "--json").code == 2
