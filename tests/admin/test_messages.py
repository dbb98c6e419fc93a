"""`roeland message …`: judged without a server, previewed against real contacts, decided with a real editorial."""

import json
from pathlib import Path

import psycopg
import pytest

from tests.admin.conftest import ROOT, Roeland
from tests.domain.messages import TOMORROW

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
            "key_messages": [{"text": "De lonen komen later."}], "next_update_at": TOMORROW, **fields,
        }
    )  # fmt: skip


def test_the_example_message_lints_without_any_server(roeland: Roeland) -> None:
    """An author judges a text on a train. What it says of the next moment is filled in by the demo."""
    ran = roeland("message", "lint", str(EXAMPLE), "--json")
    assert ran.code == 0
    assert {finding["place"] for finding in ran.document["findings"]} <= {"next_update_at"}


def test_what_would_block_a_message_is_exit_code_1(roeland: Roeland, tmp_path: Path) -> None:
    """A script before the submission relies on it; all findings are in the document, hints too."""
    (tmp_path / "message.json").write_text(message(next_update_at=None, actions=["Bel de XYZ op 02 000 00 00."]))
    ran = roeland("message", "lint", "message.json", "--json")
    assert ran.code == 1
    assert {problem["rule"] for problem in ran.document["problems"]} == {"next-update-missing", "bad-phone"}
    assert {"abbreviation", "bad-phone"} < {finding["rule"] for finding in ran.document["findings"]}
    told = roeland("message", "lint", "message.json")
    assert (told.code, told.out) == (1, "")
    assert "next_update_at" in told.err


def test_lint_knows_what_the_templates_ask(roeland: Roeland, tmp_path: Path) -> None:
    """Also without a server: an audience of which a centre's templates ask nothing has no actions at all."""
    (tmp_path / "message.json").write_text(message(audiences=["partners"]))
    assert roeland("message", "lint", "message.json", "--json").code == 0
    (tmp_path / "own" / "audiences").mkdir(parents=True)
    theirs = (
        (ROOT / "templates" / "audiences" / "partners.yaml")
        .read_text()
        .replace("acute:\n    - ", "acute: []\n  x:\n    - ")
    )
    (tmp_path / "own" / "audiences" / "partners.yaml").write_text(theirs)
    ran = roeland("message", "lint", "message.json", "--json", env={"ROELAND_TEMPLATES_DIR": "own"})
    assert [problem["rule"] for problem in ran.document["problems"]] == ["no-actions"]


def test_the_rules_are_listed_as_they_hold_here(roeland: Roeland, tmp_path: Path) -> None:
    """With what this centre made of them; a rule that it misspelt is refused."""
    from services.domain.configuration import DEFAULT

    own = json.loads(DEFAULT.model_dump_json())
    (tmp_path / "own.json").write_text(json.dumps(own | {"lint": {"rules": {"jargon": "error", "iban": "off"}}}))
    listed = roeland("message", "lint", "--rules", "--json", env={"ROELAND_CONFIGURATION": "own.json"}).document[
        "rules"
    ]
    weighs = {each["rule"]: each["severity"] for each in listed}
    assert (weighs["jargon"], weighs["iban"], weighs["bad-link"]) == ("error", "off", "error")
    assert all(each["source"] and each["why"] and each["remedy"] for each in listed)
    assert "national-number" in roeland("message", "lint", "--rules").out
    (tmp_path / "own.json").write_text(json.dumps(own | {"lint": {"rules": {"jargn": "off"}}}))
    ran = roeland("message", "lint", "--rules", "--json", env={"ROELAND_CONFIGURATION": "own.json"})
    assert ran.code == 1
    assert "jargn" in ran.document["error"]
    assert roeland("message", "lint", "--json").code == 2


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
    def test_a_preview_says_what_blocks_and_shows_the_message_all_the_same(
        self, roeland: Roeland, tmp_path: Path
    ) -> None:
        """An author looks while writing; only here it is known that nobody was alerted in this incident."""
        (tmp_path / "clear.json").write_text(message(kind="all-clear", title="Voorbij"))
        assert roeland("message", "lint", "clear.json", "--json").code == 0
        ran = roeland("message", "preview", "clear.json", "--json")
        assert ran.code == 0
        assert ran.document["variants"]
        assert ("error", "all-clear-unalerted") in [(f["severity"], f["rule"]) for f in ran.document["findings"]]

    @pytest.mark.usefixtures("office")
    @pytest.mark.parametrize("who", [[], ["--as", "nobody@ccvo.example"]])
    def test_submitting_needs_a_known_user(self, roeland: Roeland, who: list[str]) -> None:
        """DESIGN, Who may act."""
        ran = roeland("message", "submit", "message.json", "--json", *who)
        assert ran.code == 1
        assert "user" in ran.document["error"] or "--as" in ran.document["error"]

    @pytest.mark.parametrize("command", ["approve", "reject", "take-back", "pause", "resume", "stop", "status"])
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
            "approved_at", "released_at", "first_accepted_at", "last_accepted_at", "release_at", "steps",
            "escalation", "break_glass",
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

    @pytest.mark.long  # told from the inside by tests/editorial
    @pytest.mark.usefixtures("office", "editorial")
    def test_a_message_is_rejected(self, roeland: Roeland) -> None:
        """By somebody else it is `rejected`, and then cannot be approved any more."""
        id = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR).document["id"]  # noqa: A001
        rejected = roeland("message", "reject", id, "--reason", "cijfers", "--json", "--as", APPROVER)
        assert (rejected.code, rejected.document["state"]) == (0, "rejected")
        assert roeland("message", "approve", id, "--as", APPROVER).code == 1
        assert roeland("message", "stop", id).code == 1

    @pytest.mark.long  # told from the inside by tests/editorial
    @pytest.mark.usefixtures("office", "editorial")
    def test_an_approval_is_taken_back_before_the_steps_begin(self, roeland: Roeland, tmp_path: Path) -> None:
        """Preview and status show who is told when; a routine message waits ten seconds for whoever thinks again."""
        order = [
            {"audiences": ["governors"]},
            {"audiences": ["local-governments"], "when": {"accepted": "95%", "at_most": "30m"}},
            {"channels": ["sms"], "after": "5m"},
        ]
        (tmp_path / "order.json").write_text(message(release_order=order, kind="update", urgency="routine"))
        shown = roeland("message", "preview", "order.json").out
        assert "95% accepted, at most 30m" in shown
        previewed = roeland("message", "preview", "order.json", "--json").document["release_order"]
        assert [each["opens"]["accepted_percent"] for each in previewed] == [None, 95, None]

        id = roeland("message", "submit", "order.json", "--json", "--as", AUTHOR).document["id"]  # noqa: A001
        approved = roeland("message", "approve", id, "--json", "--as", APPROVER).document
        assert approved["state"] == "approved"
        status = roeland("message", "status", id, "--json").document
        assert (status["state"], status["release_at"]) == ("approved", approved["release_at"])
        assert [(each["step"], each["recipients"], each["opened_at"]) for each in status["steps"]] == [
            (0, {"planned": 3, "suppressed": 1}, None), (1, {"planned": 1, "suppressed": 1}, None), (2, {}, None),
        ]  # fmt: skip
        assert list(status["steps"][1]) == [
            "step", "audiences", "channels", "opens", "opened_at", "opened_by", "recipients", "first_accepted_at",
            "last_accepted_at", "lead_seconds",
        ]  # fmt: skip
        told = roeland("message", "status", id).out
        assert "goes out" in told
        assert "opens 95% accepted, at most 30m" in told
        taken = roeland("message", "take-back", id, "--reason", "datum", "--json", "--as", AUTHOR)
        assert (taken.code, taken.document["state"]) == (0, "proofed")
        again = roeland("message", "take-back", id, "--json", "--as", AUTHOR)
        assert again.code == 1
        assert "no approval" in again.document["error"]
        assert "take-back" in roeland("message", "approve", id, "--as", APPROVER).out
        assert roeland("message", "stop", id, "--json").document["state"] == "stopped"

    @pytest.mark.long  # told from the inside by tests/editorial
    @pytest.mark.usefixtures("office", "editorial")
    def test_a_message_is_withdrawn_and_nothing_else_can_be_done_to_it(self, roeland: Roeland, tmp_path: Path) -> None:
        """Each refusal says what it is; what was never released is rejected instead."""
        id = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR).document["id"]  # noqa: A001
        early = roeland("message", "withdraw", id, "--reason", "fout", "--json", "--as", APPROVER)
        assert (early.code, "message reject" in early.document["error"]) == (1, True)
        assert roeland("message", "approve", id, "--as", APPROVER).code == 0
        righted = {"incident": "cyber-2026-014", "kind": "correction", "title": "Toch op tijd", "corrects": id}
        (tmp_path / "right.json").write_text(json.dumps(righted | {"key_messages": ["De lonen komen op tijd."]}))
        assert roeland("message", "lint", "right.json").code == 0
        previewed = roeland("message", "preview", "right.json", "--json").document
        assert {each["channel"] for each in previewed["variants"]} == {"mail", "sms"}, "those of the original"
        assert previewed["recipients"] == 0, "nobody has got it yet"
        assert all("De lonen komen later." in each["text"] for each in previewed["variants"]), "what was wrong"
        assert roeland("message", "withdraw", id, "--json", "--as", APPROVER).code == 1, "without a reason"
        told = roeland("message", "withdraw", id, "--reason", "fout", "--notify", "--json", "--as", APPROVER).document
        assert (told["state"], told["notice"], told["feed_entries"]) == ("withdrawn", None, 0)
        for again in (["pause"], ["resume"], ["stop"], ["withdraw", "--reason", "fout"]):
            refused = roeland("message", again[0], id, *again[1:], "--json", "--as", APPROVER)
            assert (refused.code, "withdrawn" in refused.document["error"]) == (1, True)
        status = roeland("message", "status", id, "--json").document
        assert status["state"] == "withdrawn" and status["withdrawn_at"].endswith("Z")
        assert "withdrawn 20" in roeland("message", "status", id).out


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
