"""Who confirmed and what was answered, at the command line: from real rows, with names and without numbers in files."""

import asyncio
import csv
import io

import psycopg
import pytest

from services.domain.answers import meaning
from services.store import replies
from services.store.replies import Incoming
from tests.admin.conftest import Roeland
from tests.public.asking import ask
from tests.store import world
from tests.store.world import Person

pytestmark = pytest.mark.stack

AN, ZED, NOBODY = "+32470000001", "+32470000002", "+32479999999"
CELL = "wacht@ccvo.example"


@pytest.fixture
def roeland_env(database_url, tmp_path):
    return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url, "ROELAND_USER": CELL}


@pytest.fixture
def made(database_url):
    """A message that asks =Zed(), An and Bob; An said OK, =Zed() something else, a stranger something, Bob STOP."""

    async def make():
        connection = await world.connect(database_url)
        user = await world.add_user(connection, CELL, "approver")
        people = [
            Person("=Zed()", ["governors"], mobile=ZED),
            Person("An", ["governors"], mail="an@x.example", mobile=AN),
            Person("Bob", ["governors"], mail="bob@x.example"),
        ]
        await world.add_people(connection, people)
        await connection.execute("UPDATE contact SET province = 'Limburg', external_id = 'id-' || name")
        message = await ask(connection, user)
        for number, (who, text) in enumerate([(AN, "ok"), (ZED, "=1+1 maar"), (NOBODY, "wie is dit"), (ZED, "STOP")]):
            async with connection.transaction():
                await replies.take(connection, Incoming("twilio", f"SM{number}", who, text, meaning(text)))
        await connection.close()
        return message

    return asyncio.run(make())


def test_the_not_yets_are_named_safe_for_a_spreadsheet(roeland: Roeland, made):
    """One row each, whatever copies they got; a name that is a formula is none."""
    ran = roeland("message", "who", str(made.id), "--not-confirmed", "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert sorted(row["name"] for row in rows) == ["'=Zed()", "Bob"]
    (known,) = roeland("message", "who", str(made.id), "--confirmed", "--json").document["people"]
    assert (known["name"], known["reason"]) == ("An", "reply")


def test_status_says_how_many_know_and_where_the_others_are(roeland: Roeland, made, database_url):
    """Only of a message that asks; all other fields stay as they were."""
    document = roeland("message", "status", str(made.id), "--json").document
    about = document["confirmation"]
    counts = {"asked": 3, "confirmed": 1, "not_confirmed": 2}
    assert {name: about[name] for name in counts} == counts
    assert about["by_audience"] == {"governors": counts}
    assert about["by_province"] == {"Limburg": counts}
    assert about["deadline"]
    assert "1 of 3 confirmed" in roeland("message", "status", str(made.id)).out
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE message SET confirm_minutes = NULL")
    assert "confirmation" not in roeland("message", "status", str(made.id), "--json").document
    assert roeland("message", "who", str(made.id), "--not-confirmed", "--json").code == 1


def test_a_deputy_is_a_recipient_and_nobody_waits_for_them(roeland: Roeland, made, database_url):
    """Else one would always be missing, whose name no command can tell."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        made_eva = "INSERT INTO contact (external_id, name) VALUES ('e', 'Eva') RETURNING id"
        (eva,) = connection.execute(made_eva).fetchone()
        (bob,) = connection.execute("SELECT id FROM contact WHERE external_id = 'id-Bob'").fetchone()
        connection.execute(
            "INSERT INTO addition (message, origin, contact, recipient, channel)"
            " SELECT number, 'deputy', %s, %s, 'mail' FROM message", (bob, eva),
        )  # fmt: skip
        connection.execute(
            "INSERT INTO delivery (message, sequence, contact, variant) SELECT number, 100, %s, 1 FROM message", (eva,)
        )
        connection.execute(
            "INSERT INTO batch (message, number, channel, lane, priority, first_sequence, last_sequence, origin)"
            " SELECT number, 100, 'mail', 'urgent', 1, 100, 100, 'deputy' FROM message"
        )
        connection.execute("UPDATE message SET recipients = recipients + 1")
    about = roeland("message", "status", str(made.id), "--json").document["confirmation"]
    assert (about["asked"], about["confirmed"], about["not_confirmed"]) == (3, 1, 2)


def test_the_cell_confirms_for_who_told_them_and_the_audit_says_who_said_so(roeland: Roeland, made, database_url):
    """All of them or nobody: one that got nothing stops it."""
    refused = roeland("message", "confirm", str(made.id), "id-Bob", "id-nobody", "--json")
    assert (refused.code, refused.document["confirmed"]) == (1, 0)
    assert "id-nobody did not get" in refused.document["error"]
    done = roeland("message", "confirm", str(made.id), "id-Bob", "id-An", "--telephone", "--json").document
    assert (done["confirmed"], done["before"]) == (1, 1)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT how, by_user IS NOT NULL FROM confirmation ORDER BY at").fetchall()
        acts = connection.execute("SELECT count(*) FROM audit WHERE action = 'message.confirmed-for'").fetchone()
    assert rows == [("reply", False), ("telephone", True)]
    assert acts == (1,)
    assert roeland("message", "confirm", str(made.id), "--telephone", "--json").code == 2


def test_replies_are_read_with_their_message_and_strangers_apart(roeland: Roeland, made):
    """What only confirms is left out unless it is asked for."""
    found = roeland("message", "replies", str(made.id), "--json").document["replies"]
    assert [(each["names"], each["kind"], each["text"]) for each in found] == [
        (["=Zed()"], "other", "=1+1 maar"),
        (["=Zed()"], "stop", "STOP"),
    ]
    assert len(roeland("message", "replies", str(made.id), "--all", "--json").document["replies"]) == 3
    strangers = roeland("sms", "replies", "--unmatched", "--json").document["replies"]
    assert [(each["number"], each["text"]) for each in strangers] == [(NOBODY, "wie is dit")]
    assert "wie is dit" in roeland("sms", "replies", "--unmatched").out


def test_opt_outs_are_listed_lifted_and_their_alarm_ends_when_somebody_looks(roeland: Roeland, made):
    """With whose number it is."""
    assert [each["kind"] for each in roeland("alarms", "--json").document] == ["opted-out"]
    (found,) = roeland("sms", "opt-outs", "list", "--json").document["numbers"]
    assert (found["number"], found["via"], found["contacts"]) == (ZED, "reply", ["id-=Zed()"])
    assert roeland("alarms", "--json").document == []
    assert roeland("sms", "opt-outs", "lift", ZED, "--json").document == {"number": ZED, "lifted": True}
    assert roeland("sms", "opt-outs", "lift", ZED, "--json").document["lifted"] is False
    assert "every number takes SMS" in roeland("sms", "opt-outs", "list").out
