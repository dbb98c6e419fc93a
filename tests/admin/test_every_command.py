"""What holds for each command that there is, found by walking the program: none can be forgotten."""

from collections.abc import Iterator

import pytest
import typer
from pydantic import BaseModel, ValidationError

from services.admin.app import build
from services.admin.foreseen import as_refusal
from tests.admin.conftest import Roeland

NO_SERVER = {"ROELAND_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x", "ROELAND_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
CONTRACT = frozenset(
    """up; doctor; topics create; db migrate; users add; users list; users disable; users key; contacts import;
    contacts list; contacts remove; contacts export; contacts coverage; message lint; message preview; message submit;
    message approve; message reject; message status; message pause; message resume; message stop; message list;
    feed urls; dead-letters list; dead-letters show; dead-letters replay""".replace("\n    ", " ").split("; ")
)  # those of DESIGN, Commands, that issue 3 asks for; `demo` is more
NEED_NOTHING = {
    ("up",),
    ("demo",),
    ("config", "show"),
    ("playbook", "list"),
}  # they start what is missing, or ask nobody
ARGUMENTS = {
    "EMAIL": "a@ccvo.example", "FILE": "nosuch", "ID": "4711", "INCIDENT": "cyber-1", "KEY": "outage", "PHASE": "acute",
    "LEVEL": "federal", "ACTION": "list", "EXTERNAL_ID...": "nobody", "PLAYBOOK": "no", "ENTRY": "no",
    "NAME": "no", "CONTACT": "c-1", "PHONE": "+32470000000", "NEW": "other", "DATE": "2026-12-24",
    "AUDIENCE": "governors", "URL": "https://desk.example/hook",
}  # fmt: skip

TAKE_MANY = {
    ("contacts", "remove"),
    ("message", "confirm"),
    ("duty", "set"),
    ("newsletter", "unsubscribe"),
    ("newsletter", "resubscribe"),
}

NEEDED = {
    ("users", "add"): ["--role", "author"],
    ("users", "mobile"): ["--none"],
    ("message", "dispute"): ["--reason", "x"],
    ("message", "called"): ["--reached"],
    ("sms", "replies"): ["--unmatched"],
    ("incident", "open"): ["--title", "x"],
    ("group", "set"): ["--recipients", "role=x"],
    ("playbook", "start"): ["--incident", "x-1"],
    ("playbook", "release"): ["--incident", "x-1"],
    ("feed", "tokens", "add"): ["--name", "x"],
    ("keys", "add"): ["--scope", "see"],
    ("sources", "add"): ["--type", "x", "--bearer"],
    ("webhooks", "add"): ["--event", "done"],
}


def walked(app: typer.Typer, *before: str) -> Iterator[tuple[tuple[str, ...], typer.models.CommandInfo]]:
    for command in app.registered_commands:
        assert command.name
        yield (*before, command.name), command
    for group in app.registered_groups:
        assert group.typer_instance
        yield from walked(group.typer_instance, *before, str(group.typer_instance.info.name))


COMMANDS = dict(walked(build()))
GROUPS = sorted({path[:-1] for path in COMMANDS if len(path) > 1})
each_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def test_every_command_of_the_contract_is_there() -> None:
    """Scripts outside rely on their names."""
    assert {" ".join(path) for path in COMMANDS} >= CONTRACT


@each_command
def test_a_wrong_option_is_wrong_usage_and_one_document(roeland: Roeland, path: tuple[str, ...]) -> None:
    """A program that reads stdout always finds one document; people get the usage, on stderr."""
    for arguments in ([*path, "--nosuch", "--json"], ["--json", *path, "--nosuch"]):
        ran = roeland(*arguments)
        assert ran.code == 2
        assert "--nosuch" in ran.document["error"]
        assert ran.err == ""
    told = roeland(*path, "--nosuch")
    assert (told.code, told.out) == (2, "")
    assert "Usage" in told.err
    assert "--help" in told.err


@each_command
def test_an_argument_too_many_is_wrong_usage_and_one_document(roeland: Roeland, path: tuple[str, ...]) -> None:
    """So is one that is missing; some commands take as many as are given."""
    arguments = [] if path in TAKE_MANY else ["1", "2", "3"]
    ran = roeland(*path, *arguments, "--json")
    assert ran.code == 2
    assert ran.document["error"]


@pytest.mark.parametrize("path", [(), *GROUPS], ids=" ".join)
def test_a_command_that_is_missing_or_unknown_is_wrong_usage_and_one_document(
    roeland: Roeland, path: tuple[str, ...]
) -> None:
    """A slip of the finger is told apart from a refusal."""
    for arguments in (path, (*path, "nosuch")):
        ran = roeland(*arguments, "--json")
        assert ran.code == 2
        assert ran.document["error"]


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in NEED_NOTHING], ids=" ".join)
def test_a_command_that_cannot_is_refused_with_one_document(roeland: Roeland, path: tuple[str, ...]) -> None:
    """With nothing there, neither file nor server: exit code 1, why, no traceback and no secret."""
    needed = NEEDED.get(path, [])
    usage = roeland(*path, "--help").out.split("Usage:")[1].splitlines()[0].translate({ord(c): None for c in "{}[]"})
    given = [value for metavar, value in ARGUMENTS.items() if f" {metavar}" in usage]
    ran = roeland(*path, *given, *needed, "--json", "--as", "a@ccvo.example", env=NO_SERVER)
    assert ran.code == 1, ran
    assert ran.document["error"]
    assert "Traceback" not in ran.err
    assert "secret" not in ran.out + ran.err


@each_command
def test_help_has_examples_that_name_the_command(roeland: Roeland, path: tuple[str, ...]) -> None:
    """Nobody remembers the options of a command that they use twice a year."""
    examples = (COMMANDS[path].help or "").partition("For example:")[2].split("\n")
    assert any(example.strip().startswith(" ".join(("roeland", *path))) for example in examples)
    shown = roeland(*path, "--help")
    assert shown.code == 0
    assert "--json" in shown.out
    assert "--as" in shown.out


def test_whoever_asks_for_help_is_told_where_to_begin(roeland: Roeland) -> None:
    """Twenty-odd groups of commands are no beginning."""
    told = roeland("--help").out
    assert all(each in told for each in ("roeland demo", "roeland doctor", "--json", "--as EMAIL"))


def test_a_file_that_is_not_there_is_told_with_what_to_look_at(roeland: Roeland) -> None:
    """In words of ours, and not in those of the operating system."""
    assert (
        roeland("message", "lint", "nosuch.yaml", "--json").document["error"].startswith("nosuch.yaml is not there: ")
    )


def test_a_wrong_setting_is_told_by_its_name_with_what_it_may_be() -> None:
    """Whoever sets a centre up writes no Python; and its value may be a secret."""

    class RelaySettings(BaseModel):
        smtp_port: int

    with pytest.raises(ValidationError) as wrong:
        RelaySettings(smtp_port="s3cret")  # type: ignore[arg-type]
    refusal = as_refusal(wrong.value)
    told = "the setting ROELAND_SMTP_PORT is wrong: This must be a whole number. Write digits only, without quotes."
    assert refusal is not None and str(refusal) == told
