"""The README is where a new maintainer begins: what it names is there, and nothing in docs/ is out of its reach."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from services.admin.app import build

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "README.md").read_text()
ROWS: Final = [
    line
    for line in TEXT.partition("## Which file to open")[2].splitlines()
    if line.startswith("| ") and "---" not in line
][1:]
PATH: Final = re.compile(r"`([\w-]+(?:/[\w.*-]+)*/?(?:\.[\w*]+)*)`")
WORDS: Final = frozenset({"Carrier"})


def paths(row: str) -> Iterator[Path]:
    """Each in the second column; one without a folder lies beside the one before it."""
    beside = ROOT
    for found in PATH.findall(row.split("|")[2]):
        if found in WORDS:
            continue
        path = ROOT / found if "/" in found else beside / found
        beside = path.parent
        yield path


@pytest.mark.parametrize("row", ROWS)
def test_every_file_to_open_is_there(row: str) -> None:
    """A table that sends people to what was renamed costs them the minute that it should save."""
    for path in paths(row):
        assert list(path.parent.glob(path.name)), path.relative_to(ROOT)


def test_the_table_names_files() -> None:
    """Else the test above holds nothing."""
    assert sum(len([*paths(row)]) for row in ROWS) > 80


def test_every_page_of_the_documentation_is_named() -> None:
    """A page that nothing leads to is written for nobody."""
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert set(re.findall(r"docs/([\w-]+\.md)", TEXT)) >= pages


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Pages were split and renamed often enough."""
    for link in re.findall(r"\]\(([^)#:]+\.md)", page.read_text()):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.stem
)
def test_modules_that_pages_name_are_there(page: Path) -> None:
    """In full, `services/…/x.py`: what is written so was copied to be opened."""
    for named in re.findall(r"`(services/[\w/]+\.py)`", page.read_text()):
        assert (ROOT / named).exists(), named


@pytest.mark.parametrize("line", [line for line in TEXT.splitlines() if line.startswith("roeland ")])
def test_every_command_that_it_shows_is_one_with_options_that_there_are(line: str) -> None:
    """People type what stands there, word for word, on their first day."""
    words = shlex.split(line.partition("  #")[0])[1:]
    command: Any = typer.main.get_command(build())
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), line
    known = {option for each in command.params for option in each.opts}
    assert {each for each in words if re.fullmatch(r"-[a-z]|--[a-z-]+", each)} <= known, line
