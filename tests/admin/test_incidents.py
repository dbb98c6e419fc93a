"""`roeland incident`, `fact` and `config` as people type them."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.domain.configuration import DEFAULT, load_configuration
from tests.admin.conftest import Roeland

AUTHOR, APPROVER = "schrijver@ccvo.example", "wacht@ccvo.example"
HERE = "cyber-2026-014"
OWN_WORDS = {"text": "De dienst ligt stil sinds 8 uur.", "fact": "outage"}


def message(**fields: Any) -> str:
    plain = {
        "incident": HERE, "kind": "alert", "title": "Loon", "audiences": ["governors"], "channels": ["mail"],
        "key_messages": [{"fact": "outage"}], "unknown": ["De oorzaak."], "next_update_at": "2099-11-23T16:00:00+01:00",
    }  # fmt: skip
    return json.dumps(plain | fields)


@pytest.mark.parametrize("file", ["config", "changed"])
def test_the_lists_that_are_shown_are_a_file_that_is_read(roeland: Roeland, tmp_path: Path, file: str) -> None:
    """A centre begins with them, changes a line, and has lists of its own."""
    shown = roeland("config", "show")
    assert shown.code == 0
    assert load_configuration(shown.out) == DEFAULT
    own = shown.out.replace("nl: havens", "").replace("id: other", "id: flood") if file == "changed" else shown.out
    (tmp_path / "centre.yaml").write_text(own)
    ran = roeland("config", "show", "--json", env={"ROELAND_CONFIGURATION": "centre.yaml"})
    assert ran.document["types"][-1]["id"] == ("flood" if file == "changed" else "other")


def test_lint_without_a_server_says_which_facts_it_does_not_know(roeland: Roeland, tmp_path: Path) -> None:
    """Said, not guessed: the rest is judged all the same."""
    (tmp_path / "m.json").write_text(message(actions=[OWN_WORDS, "Meld het aan de SPoC."]))
    ran = roeland("message", "lint", "m.json", "--json")
    assert ran.code == 0, ran
    unknown = [each["place"] for each in ran.document["findings"] if each["rule"] == "fact-unknown-here"]
    assert unknown == ["key_messages[0].text[0]", "actions[0]"]
    assert "actions[1]" in {each["place"] for each in ran.document["findings"]}, "a word that nobody knows"


@pytest.mark.stack
class TestOnADatabase:
    """What needs PostgreSQL alone."""

    @pytest.fixture
    def roeland_env(self, database_url: str, tmp_path: Path) -> dict[str, str]:
        return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}

    def test_an_incident_from_opening_to_closing(self, roeland: Roeland) -> None:
        """Each act with its history, for programs and for people."""
        roeland("users", "add", APPROVER, "--role", "crisis-manager")
        opened = roeland(
            "incident", "open", HERE, "--title", "Loon ligt stil", "--type", "cyber", "--level", "provincial",
            "--entity", "Agentschap Loon", "--spoc", "Jan", "--json", "--as", APPROVER,
        )  # fmt: skip
        assert opened.code == 0, opened
        assert opened.document["level"] == "provincial"
        assert roeland("incident", "open", HERE, "--title", "Nog eens").code == 1
        assert roeland("incident", "phase", HERE, "containment", "--reason", "beter", "--json").document["changed"]
        assert not roeland("incident", "phase", HERE, "containment", "--json").document["changed"]
        assert roeland("incident", "level", HERE, "federal").code == 0
        assert "Did you mean containment" in roeland("incident", "phase", HERE, "containmnt").err
        assert roeland("incident", "set", HERE, "--spoc", "An", "--json").document["spoc"] == "An"
        assert roeland("incident", "set", HERE).code == 1
        shown = roeland("incident", "show", HERE, "--json").document
        assert [each["what"] for each in shown["history"]] == ["opened", "level", "phase", "level"]
        assert shown["history"][0]["by"] == APPROVER
        assert roeland("incident", "close", HERE, "--reason", "voorbij").code == 0
        assert roeland("incident", "list", "--json").document == []
        assert [each["slug"] for each in roeland("incident", "list", "--all", "--json").document] == [HERE]
        assert roeland("incident", "reopen", HERE, "--json").document["state"] == "open"
        told = roeland("incident", "show", HERE).out
        assert "single point of contact: An" in told
        assert "reopened" in told
        for wrong in (
            ("show", "nosuch"),
            ("phase", "nosuch", "acute"),
            ("close", "nosuch"),
            ("open", "A b", "--title", "x"),
        ):
            ran = roeland("incident", *wrong, "--json")
            assert ran.code == 1
            assert ran.document["error"]

    def test_participants_are_added_listed_and_removed(self, roeland: Roeland, tmp_path: Path) -> None:
        """By the external ids that the contact list has."""
        (tmp_path / "people.csv").write_text(
            "external_id,name,organisation,role,audience,municipality,province,language,email,mobile\n"
            "g1,An,O,r,governors,,,nl,g1@x.example,\ng2,Bo,O,r,governors,,,nl,g2@x.example,\n"
        )
        assert roeland("contacts", "import", "people.csv").code == 0
        assert roeland("incident", "open", "drill-1", "--title", "Oefening", "--exercise").code == 0
        assert roeland("incident", "open", HERE, "--title", "Echt").code == 0
        participants = ("incident", "participants", "drill-1")
        assert roeland(*participants, "add", "g1", "g2", "--json").document == {"changed": 2, "participants": 2}
        assert roeland(*participants, "add", "g1", "--json").document == {"changed": 0, "participants": 2}
        assert roeland(*participants, "remove", "g2", "--json").document == {"changed": 1, "participants": 1}
        listed = roeland(*participants, "list", "--json").document
        assert listed == [{"external_id": "g1", "name": "An", "audiences": ["governors"]}]
        assert "An" in roeland(*participants, "list").out
        assert roeland(*participants, "remove", "g1").code == 1
        assert roeland(*participants, "add", "nosuch").code == 1
        assert roeland("incident", "participants", HERE, "add", "g1").code == 1
        assert roeland(*participants, "add").code == 2
        assert roeland(*participants, "list", "g1").code == 2
        assert roeland(*participants, "shuffle", "g1").code == 2

    def test_a_fact_from_rumour_to_withdrawal(self, roeland: Roeland) -> None:
        """Every version is shown, with who and on whose word."""
        roeland("users", "add", AUTHOR, "--role", "author")
        roeland("incident", "open", HERE, "--title", "Loon")
        first = roeland(
            "fact", "set", HERE, "outage", "--nl", "Stil sinds 8 uur.", "--value", "since=8 uur", "--json",
            "--as", AUTHOR,
        )  # fmt: skip
        assert first.document["status"] == "unconfirmed"
        assert roeland("fact", "set", HERE, "outage", "--status", "confirmed", "--source", "Loon").code == 0
        refused = roeland("fact", "set", HERE, "outage", "--nl", "Stil sinds 9 uur.", "--version", "1", "--json")
        assert refused.code == 1
        assert "--version 2" in refused.document["error"]
        wrong = roeland("fact", "set", HERE, "outage", "--fr", "Depuis 9 heures.", "--json")
        assert wrong.document["problems"][0]["place"] == "statement.fr"
        assert roeland("fact", "set", HERE, "outage", "--statement", "fr=Depuis 8 heures.").code == 0
        assert roeland("fact", "set", HERE, "outage", "--value", "since").code == 2
        assert roeland("fact", "set", HERE, "outage", "--status", "withdrawn").code == 2
        assert roeland("fact", "withdraw", HERE, "outage", "--reason", "fout", "--json").document["version"] == 4
        assert roeland("fact", "list", HERE, "--json").document[0]["status"] == "withdrawn"
        versions = roeland("fact", "show", HERE, "outage", "--json").document
        assert [each["status"] for each in versions] == ["unconfirmed", "confirmed", "confirmed", "withdrawn"]
        assert (versions[0]["by"], versions[1]["source"], versions[3]["reason"]) == (AUTHOR, "Loon", "fout")
        assert "Depuis 8 heures." in roeland("fact", "show", HERE, "outage").out
        assert roeland("fact", "show", HERE, "nosuch").code == 1
        assert roeland("fact", "list", "nosuch").code == 1
        assert roeland("fact", "impact", HERE, "--json").document == {"messages": [], "drafts": {}}

    def test_a_preview_states_the_facts_and_refuses_what_they_do_not_say(
        self, roeland: Roeland, tmp_path: Path
    ) -> None:
        """The same as a submission would, before anybody else sees it."""
        (tmp_path / "m.json").write_text(message(actions=[OWN_WORDS]))
        assert "no fact outage" in roeland("message", "preview", "m.json").err
        roeland("incident", "open", HERE, "--title", "Loon")
        roeland("fact", "set", HERE, "outage", "--nl", "Stil sinds 9 uur.", "--status", "confirmed")
        document = roeland("message", "preview", "m.json", "--json").document
        assert "Stil sinds 9 uur." in document["variants"][0]["text"]
        (finding,) = [each for each in document["findings"] if each["rule"] == "fact-other-value"]
        assert (finding["severity"], finding["place"]) == ("error", "actions[0]")

    @pytest.mark.long
    def test_a_change_of_the_lists_is_judged_before_it_is_in_force(self, roeland: Roeland, tmp_path: Path) -> None:
        """Not valid; without templates; in the way of what there is; or good."""
        own = roeland("config", "show").out
        check = ("config", "check", "c.yaml", "--json")

        def written(text: str) -> Any:
            (tmp_path / "c.yaml").write_text(text)
            return roeland(*check)

        assert written(own).code == 0
        invalid = written(own.replace("id: acute", "id: Acute"))
        assert invalid.code == 1
        assert invalid.document["problems"][0]["place"].startswith("c.yaml:")
        newer = own.replace("version: 1", "version: 2")
        assert written(newer.replace("id: other", "id: flood")).document["added"] == {"types": ["flood"]}
        ports = "audiences:\n- {id: ports, names: {nl: h, fr: p, en: p, de: H}, channels: [mail]}"
        missing = written(newer.replace("audiences:", ports))
        assert missing.code == 1
        assert any("ports" in each["place"] + each["problem"] for each in missing.document["effects"])
        roeland("incident", "open", HERE, "--title", "Loon", "--type", "other")
        standing = written(newer.replace("id: other", "id: flood"))
        assert standing.code == 1
        assert standing.document["problems"][0]["place"] == f"incident {HERE}"
        assert "must rise" in written(own.replace("id: other", "id: flood")).document["error"]


@pytest.mark.stack
class TestWithEditorial:
    """From a fact that turns out wrong to a correction that is handed in."""

    @pytest.fixture
    def roeland_env(self, settings_env: dict[str, str]) -> dict[str, str]:
        return settings_env

    @pytest.mark.usefixtures("editorial")
    def test_a_wrong_fact_is_corrected_to_whom_it_was_told(
        self, roeland: Roeland, database_url: str, tmp_path: Path
    ) -> None:
        """Set, stated, released, found wrong: how many were told, and the draft that puts it right is accepted."""
        roeland("users", "add", AUTHOR, "--role", "author")
        roeland("users", "add", APPROVER, "--role", "approver")
        (tmp_path / "people.csv").write_text(
            "external_id,name,organisation,role,audience,municipality,province,language,email,mobile\n"
            "g1,An,O,r,governors,,,nl,g1@x.example,\ng2,Bo,O,r,governors,,,nl,g2@x.example,\n"
        )
        roeland("contacts", "import", "people.csv")
        roeland("incident", "open", HERE, "--title", "Loon")
        fact = ("fact", "set", HERE, "outage", "--status", "confirmed")
        assert roeland(*fact, "--nl", "De dienst ligt stil sinds 8 uur.").code == 0
        (tmp_path / "m.json").write_text(message(actions=[OWN_WORDS]))
        submitted = roeland("message", "submit", "m.json", "--json", "--as", AUTHOR)
        assert submitted.code == 0, submitted
        released = submitted.document["id"]
        assert roeland("message", "approve", released, "--json", "--as", APPROVER).code == 0
        with psycopg.connect(database_url) as connection:  # as the worker would: all of it was accepted
            connection.execute("UPDATE delivery SET state = 80")
            connection.execute("UPDATE batch SET accepted = planned, planned = 0, claimed = 0")
        assert roeland(*fact, "--nl", "De dienst ligt stil sinds 7.30 uur.").code == 0

        (told,) = roeland("fact", "impact", HERE, "outage", "--json").document["messages"]
        assert (told["message"], told["people"], told["differs"]) == (released, 2, ["statement"])
        shown = roeland("fact", "impact", HERE, "--draft", "c.yaml")
        assert "roeland message submit c.yaml" in shown.out
        assert roeland("fact", "impact", HERE, "--draft", "c.yaml").code == 1, "it is there already"
        assert roeland("message", "lint", "c.yaml").code == 0
        corrected = roeland("message", "submit", "c.yaml", "--json", "--as", AUTHOR)
        assert corrected.code == 0, corrected
        assert corrected.document["recipients"] == 2
        preview = roeland("message", "preview", "c.yaml").out
        assert "7.30 uur" in preview
        assert "8 uur" in preview
        (told,) = roeland("fact", "impact", HERE, "--json").document["messages"]
        assert told["corrected_by"] == corrected.document["id"]
        assert "nothing to correct" in roeland("fact", "impact", HERE, "--draft", "d.yaml").err
