"""The main job while things break: nothing lost, nothing sent twice but for what is counted."""

import asyncio
import time
from collections import Counter

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.end_to_end.running import Roeland, message, people

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(400)]

CROWD = 400


@pytest.fixture(scope="module")
def crowd(roeland: Roeland) -> Roeland:
    """A Roeland that knows four hundred governors."""
    file = roeland.data / "crowd.csv"
    file.write_text(people(CROWD))
    roeland.run("contacts", "import", str(file))
    return roeland


@pytest.fixture(autouse=True)
def well_behaved(crowd: Roeland):
    """Each test starts with peers that behave and hold nothing."""
    crowd.clear()
    yield
    crowd.faults("mail")
    crowd.faults("twilio")


def slow(seconds: float = 1.0) -> dict:
    """A relay that takes its time: 20 s for the crowd, so that a slow command still finds the message in mid-send."""
    return {"at": "mail", "do": "delay", "delay_seconds": seconds}


def half_sent(status: dict) -> bool:
    """Some of it is out, not all."""
    return 20 < status["channels"]["mail"].get("accepted", 0) < CROWD


def received(crowd: Roeland) -> Counter:
    """How many mails each address got."""
    return Counter(mail["To"].addresses[0].addr_spec for mail in crowd.mails())


@pytest.mark.long
def test_kill_9_of_mail_in_the_middle_loses_nothing(crowd: Roeland) -> None:
    """Everybody is told; a second copy is counted, and has the same Message-ID."""
    crowd.faults("mail", slow())
    sent = crowd.submit(message("kill-2026-001", channels=["mail"]))
    crowd.approve(sent["id"])
    crowd.until(sent["id"], half_sent)
    crowd.kill("mail")
    crowd.faults("mail")
    status = crowd.until_done(sent["id"])
    got = received(crowd)
    assert status["channels"]["mail"] == {"accepted": CROWD}
    assert len(got) == CROWD
    assert sum(got.values()) - CROWD <= status["possible_duplicates"]
    by_address: dict[str, set] = {}
    for mail in crowd.mails():
        by_address.setdefault(mail["To"].addresses[0].addr_spec, set()).add(mail["Message-ID"])
    assert {len(ids) for ids in by_address.values()} == {1}


@pytest.mark.long
def test_a_stop_in_the_middle_sends_nothing_more_and_adds_up(crowd: Roeland) -> None:
    """When `stop` has returned no further delivery is claimed; of what was claimed nothing goes out a second later."""
    crowd.faults("mail", slow())
    sent = crowd.submit(message("stop-2026-001", channels=["mail"]))
    crowd.approve(sent["id"])
    crowd.until(sent["id"], half_sent)
    crowd.run("message", "stop", sent["id"])
    assert crowd.status(sent["id"])["state"] == "stopped"
    time.sleep(1.5)
    mails = len(crowd.mails())
    status = crowd.until(
        sent["id"], lambda s: not {"planned", "claimed", "deferred"} & set(s["channels"]["mail"]), seconds=10
    )
    counts = status["channels"]["mail"]
    assert len(crowd.mails()) == mails == counts["accepted"]
    assert counts == {"accepted": mails, "superseded": CROWD - mails}


@pytest.mark.long
def test_pause_holds_and_resume_goes_on(crowd: Roeland) -> None:
    """A pair: nothing goes out between them, and all of it afterwards, once."""
    crowd.faults("mail", slow())
    sent = crowd.submit(message("pause-2026-001", channels=["mail"]))
    crowd.approve(sent["id"])
    crowd.until(sent["id"], half_sent)
    crowd.run("message", "pause", sent["id"])
    time.sleep(1.5)
    mails = len(crowd.mails())
    time.sleep(1)
    assert len(crowd.mails()) == mails < CROWD
    assert crowd.status(sent["id"])["state"] == "paused"
    crowd.faults("mail")
    crowd.run("message", "resume", sent["id"])
    status = crowd.until_done(sent["id"])
    assert status["channels"]["mail"] == {"accepted": CROWD}
    assert received(crowd) == Counter({f"contact{n}@crowd.example": 1 for n in range(CROWD)})


def test_kafka_s_data_thrown_away_in_the_middle_completes_all_the_same(crowd: Roeland, module_env: dict) -> None:
    """Kafka is not the record; the sweep announces again what is open."""
    crowd.faults("mail", slow())
    sent = crowd.submit(message("wipe-2026-001", channels=["mail"]))
    crowd.approve(sent["id"])
    crowd.until(sent["id"], half_sent)
    asyncio.run(_delete_topics(module_env))
    crowd.faults("mail")
    crowd.run("topics", "create")
    status = crowd.until_done(sent["id"])
    assert status["channels"]["mail"] == {"accepted": CROWD}
    assert set(received(crowd).values()) == {1}
    after = crowd.submit(message("wipe-2026-001", kind="update", title="Daarna", channels=["mail"]))
    crowd.approve(after["id"])
    crowd.until_done(after["id"])


@pytest.mark.long
def test_a_relay_that_is_gone_is_waited_for(crowd: Roeland) -> None:
    """The service says so in /readyz, nothing fails, and it goes on by itself."""
    crowd.faults("mail", {"at": "connect", "do": "refuse"}, {"at": "mail", "do": "drop"})
    sent = crowd.submit(message("relay-2026-001", channels=["mail"]))
    crowd.approve(sent["id"])
    deadline = time.monotonic() + 30
    while crowd.ready("mail"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert crowd.status(sent["id"])["channels"]["mail"].keys() <= {"planned", "claimed", "deferred"}
    crowd.faults("mail")
    status = crowd.until_done(sent["id"])
    assert status["channels"]["mail"] == {"accepted": CROWD}
    assert status["possible_duplicates"] == 0
    assert crowd.ready("mail")


@pytest.mark.long
def test_one_refused_address_and_one_greylisted_do_not_hold_up_the_rest(crowd: Roeland) -> None:
    """550 for one recipient is its own; 450 is tried again."""
    crowd.faults(
        "mail",
        {"at": "rcpt", "do": "reply", "code": 550, "text": "no such user", "match": "contact7@crowd.example"},
        {"at": "rcpt", "do": "reply", "code": 450, "text": "greylisted", "match": "contact8@crowd.example", "count": 1},
    )
    sent = crowd.submit(message("refused-2026-001", channels=["mail"]))
    crowd.approve(sent["id"])
    status = crowd.until_done(sent["id"])
    assert status["channels"]["mail"] == {"accepted": CROWD - 1, "bounced": 1}
    assert received(crowd)["contact8@crowd.example"] == 1


def test_a_correction_reaches_exactly_those_who_may_have_the_error(crowd: Roeland) -> None:
    """It pauses what it corrects; the others never hear of either."""
    crowd.faults("mail", slow())
    wrong = crowd.submit(message("wrong-2026-001", channels=["mail"], title="Fout"))
    crowd.approve(wrong["id"])
    crowd.until(wrong["id"], half_sent)
    right = crowd.submit(
        message(
            "wrong-2026-001", kind="correction", corrects=wrong["id"], channels=["mail"], title="Juist", audiences=None
        )
    )
    assert crowd.status(wrong["id"])["state"] == "paused"
    crowd.faults("mail")
    crowd.approve(right["id"])
    crowd.until_done(right["id"])
    errors = {mail["To"].addresses[0].addr_spec for mail in crowd.mails() if mail["Subject"].endswith("Fout")}
    corrected = {mail["To"].addresses[0].addr_spec for mail in crowd.mails() if mail["Subject"].endswith("Juist")}
    assert errors <= corrected
    assert len(corrected) < CROWD
    held = crowd.until(
        wrong["id"], lambda s: not {"planned", "claimed", "deferred"} & set(s["channels"]["mail"]), seconds=10
    )["channels"]["mail"]
    assert held == {"accepted": len(errors), "superseded": CROWD - len(errors)}


@pytest.mark.long
def test_a_text_that_was_taken_without_an_answer_is_not_sent_twice(crowd: Roeland) -> None:
    """An ambiguous SMS is looked up first."""
    crowd.faults("twilio", {"at": "response", "do": "drop", "count": 3})
    sent = crowd.submit(message("sms-2026-001", channels=["sms"]))
    crowd.approve(sent["id"])
    status = crowd.until_done(sent["id"])
    assert sum(status["channels"]["sms"].values()) == CROWD
    assert Counter(text["to"] for text in crowd.texts()).most_common(1)[0][1] == 1
    assert len(crowd.texts()) == CROWD
    assert status["possible_duplicates"] == 0


async def _delete_topics(env: dict) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=env["ROELAND_KAFKA_BOOTSTRAP"])
    await admin.start()
    try:
        prefix = env["ROELAND_KAFKA_TOPIC_PREFIX"]
        await admin.delete_topics([topic for topic in await admin.list_topics() if topic.startswith(prefix)])
    finally:
        await admin.close()
    await asyncio.sleep(1)
