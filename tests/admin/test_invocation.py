"""What holds for every command: where `--json` and `--as` may stand, exit codes, one document, no traceback."""

import subprocess
import sys

import pytest

from services.admin.answers import WrongUsage, as_plain, at_home
from services.admin.invocation import Invocation, wants_json, without_common
from tests.admin.conftest import ROOT, Roeland


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--as", "a@x.example", "users", "list"],
        ["users", "--json", "list", "--as=a@x.example"],
        ["users", "list", "--as", "a@x.example", "--json"],
    ],
)
def test_json_and_as_may_stand_anywhere(arguments: list[str]) -> None:
    """Whoever writes a script puts them where it suits them (DESIGN, Commands)."""
    assert without_common(arguments) == (Invocation(json=True, as_email="a@x.example"), ["users", "list"])


def test_what_stands_after_two_dashes_is_left_alone() -> None:
    """There, `--json` is somebody's text."""
    assert without_common(["message", "--", "--json"]) == (Invocation(), ["message", "--", "--json"])
    assert not wants_json(["message", "--", "--json"])


@pytest.mark.parametrize("arguments", [["users", "list", "--as"], ["--as", "--json", "users"]])
def test_as_without_an_address_is_wrong_usage(arguments: list[str]) -> None:
    """Else the next word would be taken for a user, or the command run by somebody else."""
    with pytest.raises(WrongUsage):
        without_common(arguments)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["users", "add"], 2),
        (["users", "nosuch"], 2),
        (["nosuch"], 2),
        (["users"], 2),
        ([], 2),
        (["contacts", "list", "--limit", "many"], 2),
        (["users", "list", "--as"], 2),
        (["users", "list"], 1),  # no settings
        (["db", "migrate"], 1),
        (["topics", "create"], 1),
        (["contacts", "import", "nosuch.csv"], 1),
    ],
)
def test_whatever_goes_wrong_is_one_json_document_and_its_exit_code(
    roeland: Roeland, arguments: list[str], code: int
) -> None:
    """A program that reads stdout must always find one document, also when it was used wrongly."""
    ran = roeland(*arguments, "--json") if arguments[-1:] != ["--as"] else roeland("--json", *arguments)
    assert ran.code == code
    assert ran.document["error"]
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "arguments", [["users", "list"], ["db", "migrate"], ["contacts", "coverage"], ["contacts", "list"]]
)
def test_a_database_that_is_not_there_is_one_line_that_says_what_to_do(roeland: Roeland, arguments: list[str]) -> None:
    """At night nobody reads a traceback."""
    ran = roeland(*arguments, env={"ROELAND_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"})
    assert (ran.code, ran.out) == (1, "")
    assert len(ran.err.splitlines()) == 1
    assert "roeland doctor" in ran.err
    assert "secret" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--json"], 2), (["users", "list", "--json"], 1), (["db", "--json", "--help"], 0)]
)
def test_the_program_itself_keeps_to_it_too(roeland_program: Roeland, arguments: list[str], code: int) -> None:
    """Help is for people, so it goes to stderr when a program reads stdout."""
    ran = roeland_program(*arguments)
    assert ran.code == code
    assert (ran.out == "") if code == 0 else ran.document["error"]


def test_help_imports_nothing_heavy() -> None:
    """`roeland --help` and the shell's completion must be there at once (under 0.4 s)."""
    heavy = ["psycopg", "aiokafka", "jinja2", "pydantic", "sqlalchemy", "phonenumbers", "asyncio", "cryptography"]
    code = f"import sys, services.admin.app as a; a.build(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() in {"[]", "['pydantic']"}  # typer uses pydantic itself


def test_kafka_that_is_not_there_is_one_line_too(roeland: Roeland) -> None:
    """The client's own log lines are for services."""
    ran = roeland("topics", "create", env={"ROELAND_KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)


def test_every_command_has_help_with_an_example(roeland: Roeland) -> None:
    """Nobody remembers the options of a command that they use twice a year."""
    from services.admin.app import build

    for group in build().registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            assert "roeland " in (command.help or "").partition("For example:")[2], (group, command.name)
    shown = roeland("contacts", "import", "--help")
    assert shown.code == 0
    assert "--dry-run" in shown.out
    assert "--json" in shown.out


def test_times_are_utc_with_milliseconds() -> None:
    """DESIGN, Commands."""
    from datetime import datetime, timedelta, timezone

    moment = datetime(2026, 11, 23, 16, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    assert as_plain({"at": [moment]}) == {"at": ["2026-11-23T15:00:00.123Z"]}


def test_people_read_by_the_centres_clock_and_programs_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """At three in the morning nobody adds an hour, or two in summer, to what was promised."""
    assert at_home("by 2026-11-28T00:39:58.000Z") == "by 2026-11-28 01:39:58"
    assert at_home("by 2026-07-28T23:39:58.000Z") == "by 2026-07-29 01:39:58"
    assert at_home("what somebody wrote: 2026-11-28T00:39Z") == "what somebody wrote: 2026-11-28T00:39Z"
    monkeypatch.setenv("ROELAND_TIMEZONE", "Nowhere/At-all")
    assert at_home("by 2026-11-28T00:39:58.000Z") == "by 2026-11-28T00:39:58.000Z"
