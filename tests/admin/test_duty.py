"""The duty list, numbers of users, and the board, as they are typed."""

from pathlib import Path

import psycopg
import pytest

from tests.admin.conftest import Roeland

pytestmark = pytest.mark.stack

BOSS, SECOND, WRITER = "boss@ccvo.example", "tweede@ccvo.example", "schrijver@ccvo.example"


@pytest.fixture
def roeland_env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A database of its own."""
    return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}


@pytest.fixture
def people(roeland: Roeland) -> Roeland:
    roeland("users", "add", BOSS, "--role", "crisis-manager", "--mobile", "0470 12 34 56")
    roeland("users", "add", SECOND, "--role", "approver")
    roeland("users", "add", WRITER, "--role", "author")
    return roeland


def test_a_number_is_checked_masked_and_never_in_the_audit(people: Roeland, database_url: str) -> None:
    """A wrong digit is found by day and not at night; a list on a screen is nobody's telephone book."""
    numbers = {user["email"]: user["mobile"] for user in people("users", "list", "--json").document}
    assert numbers == {BOSS: "+32…56", SECOND: None, WRITER: None}
    wrong = people("users", "mobile", SECOND, "12345", "--json")
    assert wrong.code == 1 and "+32470123456" in wrong.document["error"]
    assert people("users", "mobile", SECOND, "+32470000078", "--json").document["mobile"] == "+32…78"
    assert people("users", "mobile", SECOND, "--none", "--json").document["mobile"] is None
    assert people("users", "mobile", SECOND).code == 2
    assert people("users", "mobile", SECOND, "+32470000078", "--none").code == 2
    people("users", "add", BOSS, "--role", "crisis-manager")
    assert people("users", "list", "--json").document[0]["mobile"] == "+32…56"
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT mobile FROM users ORDER BY id").fetchone() == ("+32470123456",)
        audit = str(connection.execute("SELECT action, detail FROM audit").fetchall())
    assert "user.mobile" in audit and "+32" not in audit


def test_the_latest_set_that_holds_is_in_force(people: Roeland) -> None:
    """A night set over a week leaves the rest of the week."""
    people("duty", "set", BOSS, SECOND, "--from", "2030-01-01T00:00", "--until", "2030-01-08T00:00")
    people("duty", "set", SECOND, "--from", "2030-01-02T22:00", "--until", "2030-01-03T06:00")

    def at(moment: str) -> list[str]:
        return [each["email"] for each in people("duty", "show", "--at", moment, "--json").document["on_duty"]]

    assert at("2030-01-02T21:59") == at("2030-01-03T06:00") == [BOSS, SECOND]
    assert at("2030-01-02T22:00") == at("2030-01-03T05:59:59") == [SECOND]
    assert at("2030-01-08T00:00") == []
    assert len(people("duty", "history", "--json").document) == 2


def test_what_is_amiss_is_said(people: Roeland, database_url: str) -> None:
    """No list, nobody now, no number, no right any more: each is told before the night in which it counts."""
    assert "no duty list" in people("duty", "show", "--json").document["warnings"][0]
    told = people("duty", "set", BOSS, SECOND, "--json").document
    assert told["on_duty"][0] == {"email": BOSS, "mobile": "+32…56"}
    assert [SECOND in warning and "mail alone" in warning for warning in told["warnings"]] == [True]
    nobody = people("duty", "show", "--at", "2020-01-01T00:00", "--json").document
    assert nobody["told_instead"] == [BOSS] and "nobody is on duty" in nobody["warnings"][0]
    people("users", "disable", BOSS)
    assert "is skipped" in people("duty", "show").out
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT action, detail FROM audit WHERE action = 'duty.set'").fetchone()
    assert row and row[1]["users"] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        ([WRITER], 1, "may not approve"),
        (["nobody@ccvo.example"], 1, "there is no user"),
        ([BOSS, BOSS], 1, "twice"),
        ([BOSS, "--until", "2020-01-01T00:00"], 1, "has passed"),
        ([BOSS, "--from", "2030-01-02T00:00", "--until", "2030-01-01T00:00"], 1, "not after"),
        ([BOSS, "--from", "tomorrow"], 2, "is no time"),
    ],
)
def test_a_duty_that_would_call_nobody_is_refused(people: Roeland, arguments: list[str], code: int, why: str) -> None:
    """Each with its reason, and nothing is set."""
    ran = people("duty", "set", *arguments, "--json")
    assert ran.code == code and why in ran.document["error"]
    assert people("duty", "history", "--json").document == []


def test_an_empty_board_says_so(people: Roeland) -> None:
    """And for programs every part is there."""
    parts = {"glass", "alarms", "waiting", "approved", "running", "promises"}
    assert people("board", "--json").document == {part: [] for part in parts}
    assert "nothing waits" in people("board").out
