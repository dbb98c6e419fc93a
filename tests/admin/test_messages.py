"""`roeland message …`: judged without a server, previewed against real contacts, decided with a real editorial."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.admin.conftest import ROOT, Roeland

EXAMPLE = ROOT / "examples" / "cyber-incident.yaml"
AUTHOR, APPROVER = "schrijver@ccvo.example", "wacht@ccvo.example"
PEOPLE = """external_id,name,organisation,role,audience,municipality,province,language,email,mobile
g1,Gouverneur Een,,,governors,,,,g1@x.example,+32470000001
g2,Gouverneur Twee,,,governors;local-governments,,,,g2@x.example,
m1,Stad Een,,,local-governments,,,,,+32470000002
"""


def message(**fields: object) -> str:
    return json.dumps(
        {
            "incident": "cyber-2026-014", "kind": "alert", "urgency": "urgent", "title": "Loonadministratie ligt stil",
            "audiences": ["local-governments", "governors", "partners"], "channels": ["mail", "sms"],
            "key_messages": [{"text": "De lonen komen later."}], **fields,
        }
    )  # fmt: skip


def test_the_example_message_lints_without_any_server(roeland: Roeland) -> None:
    """An author judges a text on a train. What it says of the next moment is filled in by the demo."""
    ran = roeland("message", "lint", str(EXAMPLE), "--json")
    assert ran.code == 0
    assert [finding["place"] for finding in ran.document["findings"]] == ["next_update_at"]


@pytest.mark.parametrize("command", ["lint", "preview", "submit"])
def test_a_message_file_that_is_wrong_is_refused_with_every_problem(
    roeland: Roeland, tmp_path: Path, command: str
) -> None:
    """Each with its place and the remedy; and before any server is asked."""
    (tmp_path / "bad.json").write_text(message(audiences=["governers"], urgncy="urgent", language="xx"))
    ran = roeland("message", command, "bad.json", "--json")
    assert ran.code == 1
    assert len(ran.document["problems"]) >= 3
    assert all(p["place"] and p["problem"] and p["remedy"] for p in ran.document["problems"])
    told = roeland("message", command, "bad.json")
    assert (told.code, told.out) == (1, "")
    assert "governors" in told.err


@pytest.mark.parametrize("command", ["lint", "preview", "submit"])
def test_a_file_that_no_message_can_be_is_refused_at_once(roeland: Roeland, tmp_path: Path, command: str) -> None:
    """The wrong file by a slip of the hand: a minute of silence over it would be a minute of the crisis."""
    (tmp_path / "people.yaml").write_text("".join(f"key{number}: x\n" for number in range(20_000)))
    ran = roeland("message", command, "people.yaml", "--json")
    assert ran.code == 1
    assert "larger than 128 kB" in ran.document["error"]


@pytest.fixture
def office(request: pytest.FixtureRequest, roeland: Roeland, tmp_path: Path) -> None:
    """Two users and three contacts, one without a mail address and one without a number."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "message.json").write_text(message())
    roeland("users", "add", AUTHOR, "--role", "author", "--role", "approver")
    roeland("users", "add", APPROVER, "--role", "approver")
    assert roeland("contacts", "import", "people.csv").code == 0


@pytest.mark.stack
class TestOnADatabase:
    """What needs PostgreSQL, and nobody who answers."""

    @pytest.fixture
    def roeland_env(self, database_url: str, tmp_path: Path) -> dict[str, str]:
        return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}

    @pytest.mark.usefixtures("office")
    def test_a_preview_counts_recipients_and_names_who_is_not_reached(self, roeland: Roeland) -> None:
        """Before it goes out, one must see whom it misses. Someone in two audiences counts in the first."""
        document = roeland("message", "preview", "message.json", "--json").document
        assert document["recipients"] == 3
        counted = [
            (a["audience"], a["contacts"], a["without_mail"], a["without_number"]) for a in document["audiences"]
        ]
        assert counted == [("governors", 2, 0, 1), ("local-governments", 1, 1, 0), ("partners", 0, 0, 0)]
        missed = [(m["name"], m["channel"], m["reason"]) for m in document["not_reached"]]
        assert missed == [("Gouverneur Twee", "sms", "no number"), ("Stad Een", "mail", "no mail address")]
        sms = [v for v in document["variants"] if v["channel"] == "sms"]
        assert {(v["encoding"], v["segments"]) for v in sms} == {("GSM-7", 1)}
        assert len(document["variants"]) == 6
        shown = roeland("message", "preview", "message.json", "--audience", "governors").out
        assert "Geachte [naam]" in shown
        assert "GSM-7, 1 segments" in shown

    @pytest.mark.usefixtures("office")
    @pytest.mark.parametrize("who", [[], ["--as", "nobody@ccvo.example"]])
    def test_submitting_needs_a_known_user(self, roeland: Roeland, who: list[str]) -> None:
        """DESIGN, Who may act."""
        ran = roeland("message", "submit", "message.json", "--json", *who)
        assert ran.code == 1
        assert "user" in ran.document["error"] or "--as" in ran.document["error"]

    @pytest.mark.parametrize("command", ["approve", "reject", "pause", "resume", "stop", "status"])
    @pytest.mark.parametrize("id", ["0199", "01a2086d-f51e-715f-ab79-538535e52f00"])
    def test_a_message_that_does_not_exist_is_refused(self, roeland: Roeland, command: str, id: str) -> None:  # noqa: A002
        """Also when what was typed could not be an id at all."""
        roeland("users", "add", APPROVER, "--role", "approver")
        ran = roeland("message", command, id, "--json", "--as", APPROVER)
        assert ran.code == 1
        assert "no message" in ran.document["error"]


@pytest.mark.stack
class TestWithEditorial:
    """What editorial answers."""

    @pytest.fixture
    def roeland_env(self, settings_env: dict[str, str]) -> dict[str, str]:
        return settings_env

    @pytest.fixture
    def editorial(self, roeland: Roeland, settings_env: dict[str, str], tmp_path: Path) -> Iterator[None]:
        assert roeland("topics", "create").code == 0
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **settings_env}
        with (tmp_path / "editorial.log").open("wb") as log:
            argv = [sys.executable, "-m", "services.editorial"]
            with subprocess.Popen(argv, stderr=log, cwd=tmp_path, env=environment) as process:
                yield
                process.terminate()

    @pytest.mark.usefixtures("office", "editorial")
    def test_a_message_goes_from_submission_to_stop(self, roeland: Roeland, database_url: str) -> None:
        """The whole life of a message as people lead it, with the contract's JSON at each step."""
        submitted = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR).document
        assert submitted.keys() == {"id", "state", "recipients", "findings", "html"}
        assert (submitted["state"], submitted["recipients"]) == ("proofed", 3)
        id = submitted["id"]  # noqa: A001 - the contract calls it so

        again = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR)
        assert again.code == 1
        assert id in again.document["error"]

        assert roeland("message", "pause", id, "--json").code == 1
        assert roeland("message", "approve", id, "--json", "--as", AUTHOR).code == 1
        roeland("users", "key", APPROVER)  # from now on what they give is signed
        approved = roeland("message", "approve", id, "--json", "--as", APPROVER)
        assert approved.code == 0
        assert approved.document.keys() == {"id", "state", "approved_at"}
        assert approved.document["approved_at"].endswith("Z")
        assert roeland("message", "approve", id, "--json", "--as", APPROVER).code == 1

        status = roeland("message", "status", id, "--json").document
        assert list(status) == [
            "id", "state", "recipients", "channels", "possible_duplicates",
            "approved_at", "released_at", "first_accepted_at", "last_accepted_at",
        ]  # fmt: skip
        assert status["channels"]["mail"] == {"planned": 2, "suppressed": 1}
        assert roeland("message", "resume", id).code == 1
        assert roeland("message", "pause", id, "--json").document["state"] == "paused"
        assert roeland("message", "resume", id, "--json").document["state"] == "released"
        assert roeland("message", "stop", id, "--json", "--as", APPROVER).document["state"] == "stopped"
        assert roeland("message", "resume", id).code == 1
        assert [(m["id"], m["state"]) for m in roeland("message", "list", "--json").document] == [(id, "stopped")]

        with psycopg.connect(database_url) as connection:
            row = connection.execute("SELECT actor, detail FROM audit WHERE action = 'message.stopped'").fetchone()
        assert row is not None
        assert row[0] == 2
        assert len(row[1]["signature"]) == 128, "a stop is obeyed first, and its signature audited"

    @pytest.mark.usefixtures("office", "editorial")
    def test_a_message_is_rejected(self, roeland: Roeland) -> None:
        """By somebody else it is `rejected`, and then cannot be approved any more."""
        id = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR).document["id"]  # noqa: A001
        rejected = roeland("message", "reject", id, "--reason", "cijfers", "--json", "--as", APPROVER)
        assert (rejected.code, rejected.document["state"]) == (0, "rejected")
        assert roeland("message", "approve", id, "--as", APPROVER).code == 1
        assert roeland("message", "stop", id).code == 1


@pytest.mark.stack
def test_the_doctor_names_what_is_missing_and_how_to_mend_it(
    roeland: Roeland, database_url: str, tmp_path: Path
) -> None:
    """On a machine where only the database is there, everything else is told in one go, each with its remedy."""
    ran = roeland(
        "doctor", "--json", env={"ROELAND_DATABASE_URL": database_url, "ROELAND_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    )
    assert ran.code == 1
    states = {check["what"]: check["state"] for check in ran.document["checks"]}
    assert states["database"] == states["templates"] == "ok"
    assert {what for what, state in states.items() if state == "problem"} == {
        "Kafka", "mail relay", "Twilio", "services", "users", "contacts",
    }  # fmt: skip
    assert all(p["place"] and p["problem"] and p["remedy"] for p in ran.document["problems"])
    assert "Traceback" not in ran.err
