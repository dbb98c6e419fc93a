"""`roeland demo`: the first thing that anyone sees of Roeland; and it can never send to a real relay."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from services.admin.answers import Refusal
from services.admin.demo_judgement import problems
from services.admin.demo_message import write_message
from services.admin.demo_outcomes import Outcome
from services.admin.demo_place import OWN, must_be_own
from services.admin.demo_received import Feed
from services.admin.demo_story import Played
from services.devstack import processes
from services.domain.configuration import DEFAULT
from services.domain.message_file import parse_message_file
from services.store.status import Status
from tests.stack import folder

REAL = "ROELAND_SMTP_URL={relay}\nROELAND_TWILIO_ACCOUNT_SID=AC{sid}\nROELAND_TWILIO_AUTH_TOKEN={sid}\n"


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder in which somebody works."""
    with folder() as path:
        yield path


@pytest.fixture
def relay() -> Iterator[socket.socket]:
    """A relay that is not ours: whoever connects to it would have sent mail to people."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


@pytest.mark.long
@pytest.mark.stack
def test_everybody_is_told_and_nothing_reaches_the_relay_that_the_settings_name(
    home: Path, relay: socket.socket
) -> None:
    """The whole of it, with another's settings in all three places where settings are read from."""
    address = "{}:{}".format(*relay.getsockname())
    (home / ".env").write_text(REAL.format(relay=f"smtp://{address}", sid="0" * 32))
    (home / "data").mkdir(mode=0o711)
    (home / "data" / "stack.env").write_text(f"ROELAND_DATABASE_URL=postgresql://roeland:x@{address}/roeland\n")
    ended = subprocess.run(
        [sys.executable, "-m", "services.admin", "demo", "--json"],
        env=_environment(ROELAND_DATA_DIR="data", ROELAND_KAFKA_BOOTSTRAP=address, ROELAND_SMTP_URL=f"smtp://{address}"),
        cwd=home, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with pytest.raises(BlockingIOError):  # nobody ever came
        relay.accept()
    _adds_up(json.loads(ended.stdout))
    assert "On its way" in ended.stderr
    assert "\x1b" not in ended.stderr, "no control characters where no terminal is"
    assert {path.name for path in (home / "data").iterdir()} == {"stack.env", "demo"}
    assert not _programs_in(home)


@pytest.mark.long
@pytest.mark.stack
def test_ctrl_c_stops_everything(home: Path) -> None:
    """Exit code 1, a line that says so, and no process left."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "services.admin", "demo"],
        env=_environment(ROELAND_DATA_DIR="data"), cwd=home,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert demo.stdout
    for line in demo.stdout:
        if "mails in" in line:
            break
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=30)
    assert demo.returncode == 1
    assert said.splitlines()[-1] == "roeland: interrupted; everything is stopped"
    assert "Traceback" not in said
    assert not _programs_in(home)


@pytest.mark.parametrize("name", OWN)
def test_a_stack_with_a_part_of_somebody_else_is_refused(name: str) -> None:
    """The second lock: whatever way a setting found, nothing is sent."""
    own = dict.fromkeys(OWN, "http://127.0.0.1:8090") | {"ROELAND_KAFKA_BOOTSTRAP": "127.0.0.1:9092"}
    must_be_own(own)
    for others in ({name: "smtp://relay.example.be:587"}, {name: "kafka.example.be:9092"}, {name: ""}):
        with pytest.raises(Refusal, match=name):
            must_be_own(own | others)


def test_the_message_promises_more_news_soon(tmp_path: Path) -> None:
    """Also just before midnight; and what is written is a good message file."""
    now = datetime(2030, 11, 23, 22, 50, tzinfo=ZoneInfo("Europe/Brussels"))
    text = write_message(tmp_path / "message.yaml", now=now).read_text()
    content = parse_message_file(text, name="message.yaml", now=now.astimezone(UTC), configuration=DEFAULT)
    assert content.next_update_at == datetime(2030, 11, 23, 23, 45, tzinfo=UTC)


def test_whatever_is_not_well_is_a_problem() -> None:
    """Exit code 0 means that everybody was told, once, by the record and by what was received."""
    status = Status(uuid4(), "done", 1, {"mail": {"accepted": 1}}, 0, None, None, None, None)
    played, mail = Played(status.id, 1, status), Outcome("governors", "mail", "accepted", 1, 1)
    entry, feed = Outcome("public", "newsfeed", "accepted", 1, 1), Feed("public", "http://…", 1, "t", "s")
    to = {"mail": {"a@b.example": "governors"}}
    assert not problems(played, [mail, entry], {"mail": ["a@b.example"]}, to, [feed])
    for outcomes, received, status_, feeds in (
        ([replace(mail, outcome="bounced")], ["a@b.example"], status, []),
        ([mail], [], status, []),
        ([mail], ["a@b.example", "a@b.example"], status, []),
        ([mail], ["a@b.example", "c@b.example"], status, []),
        ([mail], ["a@b.example"], replace(status, state="sending"), []),
        ([mail], ["a@b.example"], replace(status, recipients=2), []),
        ([mail], ["a@b.example"], replace(status, possible_duplicates=1), []),
        ([mail, entry], ["a@b.example"], status, [replace(feed, entries=0)]),
    ):
        found = problems(replace(played, status=status_), outcomes, {"mail": received}, to, feeds)
        assert len(found) == 1, found


def _adds_up(document: dict) -> None:
    """The same numbers by the record, by audience, by what was received, and in the example file."""
    assert document["good"] is True
    assert document["contacts"] == document["status"]["recipients"] == 778
    for channel, received in (("mail", "mails"), ("sms", "texts")):
        counts = [each for each in document["outcomes"] if each["channel"] == channel]
        assert sum(each["contacts"] for each in counts) == 778
        assert sum(each["deliveries"] for each in counts) == document["received"][received] == 778
        assert {each["outcome"] for each in counts} <= {"accepted", "delivered"}
    assert document["status"]["possible_duplicates"] == 0
    assert [feed["entries"] for feed in document["feeds"]] == [1] * 8
    assert sum(sms["recipients"] for sms in document["sms"]) == 778
    assert len({mail["text"] for mail in document["mails"].values()}) == len(document["mails"]) == 7
    assert len(list(Path(document["maildir"], "new").iterdir())) == 778, "mails stay when everything is stopped"
    assert Path(document["pages"], "governors.html").read_text(encoding="utf-8").startswith("<!")
    seconds = document["seconds"]
    assert 0 < seconds["approved_to_first_accepted"] <= seconds["approved_to_last_accepted"] < seconds["demo"]


def _environment(**settings: str) -> dict[str, str]:
    return {**os.environ, **settings, "PYTHONPATH": str(Path(__file__).parents[2])}


def _programs_in(home: Path) -> list[str]:
    """Programs that a stack below this folder started and that still run, after a moment to end in."""
    pids = [int(file.read_text().split()[0]) for file in home.rglob("*.pid") if file.read_text().split()[0].isdigit()]
    deadline = time.monotonic() + 5
    while (left := [pid for pid in pids if processes.alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [*map(str, left), *(line for line in found if str(home) in line)]
