"""Whoever reads Dutch finds no English: every text of the console has its translation."""

import re
from pathlib import Path
from typing import Final

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.console.languages import LOCALE, catalogue
from services.console.view import NAVIGATION, environment

CONSOLE: Final = Path(__file__).parents[2] / "services" / "console"
METHODS: Final = [("**/templates/**.j2", "jinja2"), ("**.py", "python")]
SLOT: Final = re.compile(r"%\((\w+)\)|%%")


def said() -> dict[str, str]:
    """Every text that code or a template gives to gettext, and where."""
    found = {name: "view.NAVIGATION" for _, name, _ in NAVIGATION}
    options = {"**/templates/**.j2": {"trimmed": "true", "newstyle_gettext": "true"}}
    for where, line, message, *_ in extract_from_dir(str(CONSOLE), METHODS, options):
        for each in message[:1] if isinstance(message, tuple) else (message,):  # the plural goes with it
            if each:
                found[each] = f"{where}:{line}"
    return found


def test_every_text_has_its_dutch() -> None:
    """The cell reads Dutch; a text that nobody translated looks like a mistake at three in the morning."""
    known = catalogue("nl")
    missing = {where: text for text, where in said().items() if text not in known._said}
    assert not missing, missing


@pytest.mark.parametrize("language", ["nl"])
def test_a_translation_has_the_same_slots(language: str) -> None:
    """Else the page fails, in that language only."""
    for text, translated in catalogue(language)._said.items():
        for each in (translated,) if isinstance(translated, str) else translated:
            assert set(SLOT.findall(each)) <= set(SLOT.findall(text)) | {"num"}, (text, each)


def test_a_percent_sign_is_written_twice() -> None:
    """Newstyle gettext fills every text in: a single one broke the page of each draft with a release order."""
    filled = [*said(), *(each for each in catalogue("nl")._said if isinstance(each, str))]
    wrong = [text for text in filled if "%" in SLOT.sub("", text)]
    assert not wrong, wrong


def test_every_template_can_be_read() -> None:
    """A slip in one shows here, and not when its page is asked for."""
    made = environment("nl")
    for name in made.list_templates(extensions=["j2"]):
        made.get_template(name)


def test_a_text_has_one_dutch() -> None:
    """Of two files that translate it differently the later name would win, without a word."""
    found: dict[str, set[str]] = {}
    for path in (LOCALE / "nl").glob("*.po"):
        with path.open("rb") as file:
            for each in read_po(file, locale="nl"):
                if each.id and isinstance(each.id, str):
                    found.setdefault(each.id, set()).add(str(each.string))
    assert not {text: said for text, said in found.items() if len(said) > 1}
