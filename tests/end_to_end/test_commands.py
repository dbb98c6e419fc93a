"""The commands of `roeland` on a whole Roeland that runs: what they print is what is so, and what they say is done."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.devstack import kafka as kafka_server
from tests import stack
from tests.admin.conftest import Ran, in_this_process
from tests.end_to_end.running import APPROVER, AUTHOR, Refused, Roeland, message

pytestmark = [pytest.mark.long, pytest.mark.stack, pytest.mark.timeout(120)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "contacts.csv"
NOBODY = "01890000-0000-7000-8000-000000000000"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class Office(Roeland):
    """A Roeland whose commands run in this process: a new one for each would take most of the time."""

    def run(self, *arguments: str, as_: str | None = None, seconds: float = 60) -> Any:
        """As `Roeland.run`."""
        ran = self.told(*arguments, "--json", *(["--as", as_] if as_ else []))
        if ran.code == 1:
            raise Refused(ran.out)
        assert ran.code == 0, ran
        return ran.document

    def told(self, *arguments: str, **env: str) -> Ran:
        """`roeland …` as people type it."""
        with contextlib.chdir(self.data):
            return in_this_process(arguments, {**self.env, **env})


@pytest.fixture(scope="module")
def office(roeland: Roeland, module_env: dict[str, str]) -> Office:
    """A Roeland with the contacts of the example."""
    made = Office(roeland.data, module_env)
    made.run("contacts", "import", str(EXAMPLE))
    return made


def on_a_screen(office: Office, *arguments: str) -> str:
    """What a terminal of 80 columns is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    argv = [sys.executable, "-m", "services.admin", *arguments]
    env = {**office.env, "TERM": "xterm-256color"}
    with subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs, stderr=theirs, cwd=office.data):
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux tells that the other side is closed
            while part := os.read(ours, 65536):
                shown += part
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())


def released(office: Office, incident: str, **fields: Any) -> str:
    """A message that was submitted and approved; its id."""
    answer = office.submit(message(incident, channels=["mail"], **fields))
    office.approve(answer["id"])
    return str(answer["id"])


def test_a_healthy_stack_is_what_the_doctor_calls_healthy(office: Office) -> None:
    """A doctor who always finds something is not listened to."""
    found = office.run("doctor")
    assert found["ok"] is True
    states = {check["what"]: check["state"] for check in found["checks"]}
    assert states.pop("SMS spending") == "remark", "no cap is set here"
    assert set(states.values()) == {"ok"}
    assert {"database", "Kafka", "mail relay", "Twilio", "Sinch", "services", "templates", "newsletters"} <= set(states)


@pytest.mark.long
def test_the_doctor_names_kafka_when_it_has_stopped_and_says_what_to_do(
    office: Office, background: stack.Background
) -> None:
    """One line that says what is wrong, and what to do; the rest is as healthy as it was."""
    with stack.folder() as folder:
        server = background.run(kafka_server.start(folder / "kafka"))
        env = {"ROELAND_KAFKA_BOOTSTRAP": server.bootstrap}
        try:
            assert "dead-letters" in office.told("topics", "create", **env).out
        finally:
            background.run(server.stop())
        told = office.told("doctor", **env)
    assert (told.code, told.out) == (1, "")
    (line,) = (line for line in told.err.splitlines() if "Kafka" in line)
    assert "cannot be reached" in line
    assert "ROELAND_KAFKA_BOOTSTRAP" in line
    assert len(told.err.splitlines()) == 2, "Kafka alone, and how many things that is"


def test_feed_urls_are_the_contract_s_and_each_opens_its_own_feed_only(office: Office) -> None:
    """`[{"audience", "url"}]`, every audience in the configured order, all but the public one behind a secret."""
    feeds = office.run("feed", "urls")
    assert [list(feed) for feed in feeds] == [["audience", "url"]] * 8
    assert [feed["audience"] for feed in feeds] == [
        "governors", "local-governments", "senior-officials", "crisis-communication-contacts", "bcm-leads",
        "hr-business-partners", "partners", "public",
    ]  # fmt: skip
    assert office.run("feed", "urls") == feeds, "whoever subscribed stays subscribed"
    for feed in feeds:
        with urllib.request.urlopen(feed["url"], timeout=5) as answer:
            assert answer.status == 200
    governors, locals_ = feeds[0]["url"], feeds[1]["url"]
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(governors.replace("governors", "local-governments"), timeout=5)
    assert governors.rpartition("/")[2] != locals_.rpartition("/")[2]
    told = office.told("feed", "urls").out
    assert all(feed["url"] in told for feed in feeds)


def test_at_eighty_columns_nothing_that_is_copied_is_broken(office: Office) -> None:
    """An id or the address of a feed over two lines cannot be copied; a name of an audience cannot be read."""
    sent = office.submit(message("columns-2026-001", channels=["newsfeed"]))
    feeds = office.run("feed", "urls")
    assert sent["id"] in on_a_screen(office, "message", "list")
    shown = on_a_screen(office, "feed", "urls").replace("\r\n", "\n")
    assert all(f"\n    {feed['url']}\n" in shown for feed in feeds)
    shown = on_a_screen(office, "contacts", "coverage")
    assert all(feed["audience"] in shown for feed in feeds if feed["audience"] != "public")
    shown = on_a_screen(office, "contacts", "list", "--limit", "300")
    contacts = office.run("contacts", "list", "--limit", "300")["contacts"]
    assert all(contact["email"] in shown and contact["name"] in shown for contact in contacts)


def test_watching_ends_with_the_message_and_prints_plain_lines_where_there_is_no_screen(office: Office) -> None:
    """In a log or a pipe each change is a line; a program gets one document on stdout."""
    sent = office.submit(message("watch-2026-001", channels=["mail", "newsfeed"]))
    argv = [sys.executable, "-m", "services.admin", "message", "status", sent["id"], "--watch"]
    watching = [
        subprocess.Popen(
            [*argv, *more], env=office.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=office.data
        )
        for more in ([], ["--json"])
    ]
    assert all(each.stdout and each.stderr for each in watching)
    first = [str(stream.readline()) for stream in (watching[0].stdout, watching[1].stderr) if stream]
    office.approve(sent["id"])
    (words, _), (document, lines) = (each.communicate(timeout=30) for each in watching)
    assert [each.returncode for each in watching] == [0, 0]
    for text in (first[0] + words, first[1] + lines):
        assert CONTROL.search(text) is None
        assert re.match(r"\S+Z proofed · mail 5 planned", text)
        assert re.search(r"^\S+Z done · mail 5 accepted · newsfeed 1 accepted$", text, re.MULTILINE)
    assert json.loads(document) == office.status(sent["id"])


@pytest.mark.parametrize("id_", [NOBODY, "0199"])
def test_watching_a_message_that_does_not_exist_is_refused_at_once(office: Office, id_: str) -> None:
    """It would be watched for ever."""
    with pytest.raises(Refused, match="no message"):
        office.run("message", "status", id_, "--watch", seconds=10)


def test_what_a_preview_counts_is_what_is_sent(office: Office, tmp_path: Path) -> None:
    """People approve by these numbers."""
    office.clear()
    (office.data / "more.csv").write_text(
        EXAMPLE.read_text().splitlines()[0]
        + "\nx-1,Zonder nummer,,,governors,,,nl,x1@x.example,\nx-2,Zonder adres,,,governors,,,nl,,\n"
    )
    office.run("contacts", "import", "more.csv")
    (tmp_path / "message.json").write_text(
        json.dumps(message("count-2026-001", audiences=["governors", "bcm-leads", "public"]))
    )
    preview = office.run("message", "preview", str(tmp_path / "message.json"))
    sent = office.run("message", "submit", str(tmp_path / "message.json"), as_=AUTHOR)
    office.approve(sent["id"])
    status = office.until_done(sent["id"])
    office.run("contacts", "remove", "x-1", "x-2")
    reached = {
        channel: sum(counts.values()) - counts.get("suppressed", 0) for channel, counts in status["channels"].items()
    }
    assert preview["recipients"] == sent["recipients"] == status["recipients"] == 57
    assert sum(a["contacts"] - a["without_mail"] for a in preview["audiences"]) == reached["mail"] == 56
    assert sum(a["contacts"] - a["without_number"] for a in preview["audiences"]) == reached["sms"] == 55
    assert len(office.mails()) == 56
    assert len(office.texts()) == 55
    missed = [(each["name"], each["channel"]) for each in preview["not_reached"]]
    assert sorted(missed) == [("Zonder adres", "mail"), ("Zonder adres", "sms"), ("Zonder nummer", "sms")]
    assert len(missed) == status["channels"]["mail"]["suppressed"] + status["channels"]["sms"]["suppressed"]


def test_a_message_is_paused_resumed_and_stopped_and_each_is_told(office: Office) -> None:
    """What each prints is the state from then on; what makes no sense is refused with the state that it is in."""
    office.faults("mail", {"at": "mail", "do": "delay", "delay_seconds": 1})
    try:
        id_ = released(office, "halt-2026-001", audiences=["local-governments"])
        office.until(id_, lambda status: status["channels"]["mail"].get("accepted", 0) > 0)
        with pytest.raises(Refused, match="not paused"):
            office.run("message", "resume", id_)
        assert office.run("message", "pause", id_)["state"] == "paused"
        assert office.status(id_)["state"] == "paused"
        assert office.run("message", "resume", id_)["state"] == "sending"
        assert office.run("message", "stop", id_)["state"] == "stopped"
        assert office.run("message", "stop", id_)["state"] == "stopped", "whoever stops twice wants it stopped"
        for command in ("pause", "resume"):
            with pytest.raises(Refused, match="stopped"):
                office.run("message", command, id_)
    finally:
        office.faults("mail")
    listed = office.run("message", "list", "--incident", "halt-2026-001")
    assert [(each["id"], each["state"], each["recipients"]) for each in listed] == [(id_, "stopped", 570)]
    watched = office.run("message", "status", id_, "--watch")
    counts = watched["channels"]["mail"]
    assert counts.keys() == {"accepted", "superseded"}, "watching a stopped message ends when its counts add up"
    assert sum(counts.values()) == 570


def test_a_message_that_was_rejected_is_never_sent(office: Office) -> None:
    """And the list says so."""
    sent = office.submit(message("reject-2026-001", channels=["mail"]))
    assert office.run("message", "reject", sent["id"], "--reason", "cijfers", as_=APPROVER)["state"] == "rejected"
    with pytest.raises(Refused):
        office.approve(sent["id"])
    assert office.status(sent["id"])["state"] == "rejected"
    listed = office.run("message", "list", "--limit", "1")
    assert [(each["id"], each["state"]) for each in listed] == [(sent["id"], "rejected")]


def test_commands_of_who_has_a_key_are_signed_with_it(office: Office, module_env: dict[str, str]) -> None:
    """A key that the database does not know, or that another made, proves nothing: refused, and no effect."""
    signing = "signs@ccvo.example"
    office.run("users", "add", signing, "--role", "approver")
    made = office.run("users", "key", signing)
    first = office.submit(message("sign-2026-001", channels=["newsfeed"]))
    office.approve(first["id"], as_=signing)
    with psycopg.connect(module_env["ROELAND_DATABASE_URL"]) as connection:
        signed = connection.execute("SELECT body->>'signature' IS NOT NULL FROM command ORDER BY given_at").fetchall()
    assert signed[-2:] == [(False,), (True,)], "the author has no key, the approver has"
    private = Path(made["private_key"]).read_bytes()
    office.run("users", "key", signing)
    Path(made["private_key"]).write_bytes(private)  # the former key
    second = office.submit(message("sign-2026-001", kind="update", channels=["newsfeed"], title="Nog een"))
    with pytest.raises(Refused, match="signature"):
        office.approve(second["id"], as_=signing)
    assert office.status(second["id"])["state"] == "proofed"
    office.run("users", "disable", signing)


def test_what_nobody_can_read_is_listed_shown_counted_and_put_back(office: Office, module_env: dict[str, str]) -> None:
    """And the service goes on: the next message is answered as always."""
    topic = module_env["ROELAND_KAFKA_TOPIC_PREFIX"] + "messages"
    breaks = json.dumps(
        {"specversion": "1.0", "id": NOBODY, "source": "/x", "type": "roeland.message.approve.v1",
         "time": "2026-11-23T15:00:00Z", "data": {"who": "nobody"}}
    ).encode()  # fmt: skip
    asyncio.run(_produce(module_env, topic, [b"not json \xff\x00", breaks]))
    released(office, "letters-2026-001")
    letters = {letter["reason"]: letter for letter in _letters(office, 2)}
    not_json = next(letter for reason, letter in letters.items() if "JSON" in reason)
    schema = next(letter for reason, letter in letters.items() if "schema" in reason)
    assert not_json["topic"] == schema["topic"] == topic
    shown = office.run("dead-letters", "show", str(not_json["id"]))
    assert shown["value"] == "not json \\xff\x00"
    assert shown["key"] == "somebody"
    assert json.loads(office.run("dead-letters", "show", str(schema["id"]))["value"])["id"] == NOBODY
    told = office.told("dead-letters", "show", str(not_json["id"])).out
    assert CONTROL.search(told) is None, "what somebody else wrote cannot move the cursor"
    assert f'roeland_dead_letters_total{{topic="{topic}"}} 2.0' in office.metrics("editorial")

    replayed = office.told("dead-letters", "replay", str(not_json["id"]))
    assert replayed.code == 0
    assert topic in replayed.out
    assert asyncio.run(_all_values(module_env, topic)).count(b"not json \xff\x00") == 2
    assert len(_letters(office, 3)) == 3, "still unreadable: a dead letter again, at its new place"
    old = office.run("dead-letters", "show", str(not_json["id"]))
    assert old["replayed_at"] is not None
    with pytest.raises(Refused, match="no dead letter"):
        office.run("dead-letters", "replay", "4711")


def _letters(office: Office, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 10
    while len(found := office.run("dead-letters", "list")) < count:
        assert time.monotonic() < deadline, found
    return list(found)


async def _produce(env: dict[str, str], topic: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=env["ROELAND_KAFKA_BOOTSTRAP"]) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"somebody")


async def _all_values(env: dict[str, str], topic: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=env["ROELAND_KAFKA_BOOTSTRAP"], auto_offset_reset="earliest")
    async with consumer:
        found = []
        while batches := await consumer.getmany(timeout_ms=1000):
            found += [record.value for records in batches.values() for record in records]
        return found
