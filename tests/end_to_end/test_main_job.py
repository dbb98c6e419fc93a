"""The main job: a message, approved by a second person, reaches each in the version meant for them, and only once."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.runtime.topics import TOPICS
from tests.end_to_end.running import APPROVER, AUTHOR, Refused, Roeland, message

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(400)]

PEOPLE = """external_id,name,organisation,role,audience,municipality,province,language,email,mobile
g1,"Gouverneur, Mevr. Ünal",Provincie Limburg,gouverneur,governors,,Limburg,nl,gov@limburg.example,0470 00 00 01
m1,Burgemeester van Aalst,Gemeente Aalst,burgemeester,local-governments,Aalst,,nl,burgemeester@aalst.example,0470000002
m2,Communicatie van Aalst,Gemeente Aalst,communicatie,local-governments,Aalst,,nl,Burgemeester@aalst.example,
h1,Dienst personeel,Departement A,hrbp,hr-business-partners;governors,,,nl,hr@a.example,0470000003
p1,Centre de crise,CORTEX,dispatch,partners,,,fr,crise@cortex.example,
n1,Zonder adres,Departement B,hrbp,hr-business-partners,,,nl,,
"""

CYBER = message(
    "cyber-2026-014",
    title=[{"text": "Loonadministratie niet beschikbaar", "language": "nl"},
           {"text": "Administration des salaires indisponible", "language": "fr"}],
    audiences=["governors", "local-governments", "hr-business-partners", "partners", "public"],
    key_messages=[
        {"text": [{"text": "De lonen komen later.", "language": "nl"},
                  {"text": "Les salaires seront payés plus tard.", "language": "fr"}]},
        {"text": "Verwittig uw personeel met de modelbrief.", "audiences": ["hr-business-partners"]},
    ],
    actions=[{"text": "Houd uw provinciale cel paraat <b>nu</b> {{ 7*7 }}.", "audiences": ["governors"]}],
    unknown=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def told(roeland: Roeland) -> dict:
    """The cyber message, sent to everyone; its status when done."""
    people = roeland.data / "people.csv"
    people.write_text(PEOPLE, encoding="utf-8")
    assert roeland.run("contacts", "import", str(people))["added"] == 6
    answer = roeland.submit(CYBER)
    assert answer["state"] == "proofed"
    assert answer["recipients"] == 6
    approved = roeland.approve(answer["id"])
    assert approved["state"] in {"approved", "released", "sending", "done"}
    return roeland.until_done(answer["id"])


def test_everybody_ends_in_a_recorded_state_and_each_contact_is_counted_once(told: dict) -> None:
    """Who was told, and who could not be."""
    sms = dict(told["channels"]["sms"])
    assert sms.pop("accepted", 0) + sms.pop("delivered", 0) == 3  # the stand-in calls back when it likes
    assert sms == {"suppressed": 3}
    assert told["channels"]["mail"] == {"accepted": 5, "suppressed": 1}
    assert told["channels"]["newsfeed"] == {"accepted": 5}
    assert told["possible_duplicates"] == 0
    assert told["released_at"] <= told["first_accepted_at"] <= told["last_accepted_at"]


def test_each_audience_gets_its_own_version_and_no_other(roeland: Roeland, told: dict) -> None:
    """The mails, read by a standard parser: one per address, and nothing of another audience in any of them."""
    mails = {mail["To"].addresses[0].addr_spec: mail for mail in roeland.mails()}
    assert len(mails) == len(roeland.mails()) == 4
    assert set(mails) == {"gov@limburg.example", "burgemeester@aalst.example", "hr@a.example", "crise@cortex.example"}
    bodies = {to: mail.get_body(("plain",)).get_content() for to, mail in mails.items()}
    htmls = {to: mail.get_body(("html",)).get_content() for to, mail in mails.items()}
    for to, wanted in (("gov@limburg.example", True), ("hr@a.example", True), ("burgemeester@aalst.example", False)):
        assert ("provinciale cel" in bodies[to]) is wanted, "hr is a governor too: the first audience decides"
    assert all("modelbrief" not in body for body in bodies.values())
    assert "{{ 7*7 }}" in bodies["gov@limburg.example"]
    assert "<b>nu</b>" in bodies["gov@limburg.example"]
    assert "&lt;b&gt;nu&lt;/b&gt;" in htmls["gov@limburg.example"]
    assert "Mevr. Ünal" in bodies["gov@limburg.example"]
    assert "Les salaires seront payés plus tard." in bodies["crise@cortex.example"]
    assert "lonen" not in bodies["crise@cortex.example"]
    assert mails["crise@cortex.example"]["Subject"].endswith("Administration des salaires indisponible")


def test_the_texts_reach_every_number(roeland: Roeland, told: dict) -> None:
    """What the provider holds."""
    texts = {text["to"]: text for text in roeland.texts()}
    assert set(texts) == {"+32470000001", "+32470000002", "+32470000003"}
    assert all("Loonadministratie niet beschikbaar" in text["body"] for text in texts.values())


def test_each_feed_has_the_entry_of_its_audience_behind_its_own_address(roeland: Roeland, told: dict) -> None:
    """The feeds, read by a feed reader; the open one says nothing that is meant for others."""
    feeds = {feed["audience"]: feedparser.parse(feed["url"]) for feed in roeland.run("feed", "urls")}
    for audience in CYBER["audiences"]:
        entries = feeds[audience].entries
        assert [told["id"] in entry.id for entry in entries] == [True], audience
        assert "Loonadministratie niet beschikbaar" in entries[0].title
    everything = str(feeds["public"].entries)
    assert "modelbrief" not in everything
    assert "provinciale cel" not in everything
    assert "modelbrief" in str(feeds["hr-business-partners"].entries)
    assert feeds["bcm-leads"].entries == []


def test_nobody_approves_their_own_message_nor_twice(roeland: Roeland, told: dict) -> None:
    """Four eyes; and no effect of a second approval."""
    answer = roeland.submit(message("storm-2026-001", channels=["newsfeed"]))
    for approver in (AUTHOR, "nobody@ccvo.example"):
        with pytest.raises(Refused):
            roeland.approve(answer["id"], as_=approver)
    assert roeland.status(answer["id"])["state"] == "proofed"
    roeland.approve(answer["id"])
    with pytest.raises(Refused):
        roeland.approve(answer["id"])
    with pytest.raises(Refused):
        roeland.approve("01890000-0000-7000-8000-000000000000")


def test_the_same_message_twice_is_refused_and_names_the_first(roeland: Roeland, told: dict) -> None:
    """Two people pressed the button."""
    with pytest.raises(Refused) as refused:
        roeland.submit(CYBER)
    assert told["id"] in str(refused.value)


def test_a_bad_message_file_is_refused_with_every_problem_and_publishes_nothing(roeland: Roeland, told: dict) -> None:
    """Bad input changes nothing."""
    before = len(roeland.run("message", "list"))
    with pytest.raises(Refused) as refused:
        roeland.submit(
            message("cyber-2026-015", audiences=["governers"], titel="x", next_update_at="2026-11-23T16:00:00")
        )
    assert all(word in str(refused.value) for word in ("governers", "titel", "next_update_at"))
    assert len(roeland.run("message", "list")) == before


def test_every_record_of_every_topic_a_second_time_sends_nothing_twice(
    roeland: Roeland, told: dict, module_env: dict
) -> None:
    """Kafka delivers at least once."""
    mails, texts = len(roeland.mails()), len(roeland.texts())
    copied = asyncio.run(_produce_again(module_env))
    assert copied > 10
    follow_up = roeland.submit(
        message("cyber-2026-014", kind="update", title="Nog altijd niet beschikbaar", channels=["newsfeed"])
    )
    roeland.approve(follow_up["id"])
    roeland.until_done(follow_up["id"])  # what came after the copies is done, so the copies are
    assert len(roeland.mails()) == mails
    assert len(roeland.texts()) == texts
    assert roeland.status(told["id"])["possible_duplicates"] == 0


def test_an_exercise_is_marked_everywhere_and_stays_out_of_the_open_feed(roeland: Roeland, told: dict) -> None:
    """Nobody can take it for real."""
    roeland.clear()
    answer = roeland.submit(
        message("oefening-2026-01", exercise=True, audiences=["governors", "public"], sms="CCVO: test.")
    )
    roeland.approve(answer["id"])
    roeland.until_done(answer["id"])
    assert roeland.mails()
    assert all("OEFENING" in mail["Subject"] for mail in roeland.mails())
    assert all("OEFENING" in mail.get_body(("plain",)).get_content() for mail in roeland.mails())
    assert roeland.texts()
    assert all("OEFENING" in text["body"] for text in roeland.texts())
    feeds = {feed["audience"]: feedparser.parse(feed["url"]) for feed in roeland.run("feed", "urls")}
    assert "OEFENING" in feeds["governors"].entries[0].title
    assert answer["id"] not in str(feeds["public"].entries)


def test_no_log_and_no_record_of_kafka_holds_an_address(roeland: Roeland, told: dict, module_env: dict) -> None:
    """No personal data in Kafka or in logs."""
    records = asyncio.run(_all_records(module_env))
    logs = "".join(path.read_text(errors="replace") for path in Path(roeland.data, "logs").glob("*.log"))
    for secret in ("gov@limburg.example", "+32470000001", "Ünal", AUTHOR, APPROVER):
        assert not any(secret.encode() in value for _, _, value in records), secret
        assert secret not in logs, secret
    password = urlsplit(module_env["ROELAND_DATABASE_URL"]).password
    assert password is None or password not in logs


async def _all_records(env: dict) -> list[tuple[str, bytes, bytes]]:
    names = [env["ROELAND_KAFKA_TOPIC_PREFIX"] + topic.name for topic in TOPICS]
    consumer = AIOKafkaConsumer(
        *names, bootstrap_servers=env["ROELAND_KAFKA_BOOTSTRAP"], auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        found = []
        while batches := await consumer.getmany(timeout_ms=2000):
            found += [(r.topic, r.key, r.value) for records in batches.values() for r in records]
        return found
    finally:
        await consumer.stop()


async def _produce_again(env: dict) -> int:
    records = await _all_records(env)
    producer = AIOKafkaProducer(bootstrap_servers=env["ROELAND_KAFKA_BOOTSTRAP"])
    await producer.start()
    try:
        for topic, key, value in records:
            await producer.send_and_wait(topic, value, key=key)
    finally:
        await producer.stop()
    return len(records)
