"""Whoever reads Dutch gets no English refusal: what commands, rules and checks say to a page has its Dutch."""

import ast
import re
from collections.abc import Iterator
from functools import reduce
from typing import Final

import pytest
from babel.messages.pofile import read_po

from services.console.command_words import sentence
from services.console.composing.told import told
from services.console.languages import LOCALE
from services.console.said import check_said, said
from services.domain.configuration import DEFAULT
from services.domain.event_mapping import load_mapping
from services.domain.lint_fact_words import FACT_RULES
from services.domain.lint_words import WORDS
from services.domain.newsletter_file import parse_newsletter
from services.domain.problems import Refused
from services.domain.shapes import BOUNDS, KINDS, OTHERWISE
from tests.console.saying import SERVICES, sentences

ROOMS: Final = (
    "admin",
    "editorial",
    "incidents",
    "newsletter",
    "contacts",
    "domain",
    "rendering",
    "runtime",
    "situation",
    "store",
)
NO_PAGE: Final = {
    "admin/__main__.py": "what nobody foresaw, on stderr",
    "admin/alarms.py": "a page has its own remedies",
    "admin/approving.py": "asks at a terminal",
    "admin/audit_reading.py": "prints a table",
    "admin/board.py": "prints a table",
    "admin/config.py": "prints a table",
    "admin/following.py": "prints a table",
    "admin/impact.py": "writes files",
    "admin/invocation.py": "how a command is typed",
    "admin/keys.py": "keys are on the machine of who types",
    "admin/new_file.py": "writes files",
    "admin/proof_files.py": "writes files",
    "admin/unknown.py": "prints a table",
    "rendering/encoding.py": "a mistake of ours",
    "rendering/mime.py": "a mistake of ours",
    "editorial/duty_settings.py": "no service starts so",
    "runtime/health.py": "no service starts so",
    "runtime/postgres.py": "before there is a console",
    "runtime/public_url.py": "no service starts so",
    "runtime/settings.py": "no service starts so",
    "runtime/tokens.py": "no service starts so",
    "runtime/trusted.py": "no service starts so",
    "situation/streaming.py": "in its log",
    "store/rights.py": "before there is a console",
}
"""Files whose words no page shows, and why. The demo's neither."""
ONLY_TYPED: Final = re.compile(
    r"--(?!recipients|text|fill|template|within|again|break-glass|status|until|replace|anyway|source|incident|nl\b)"
    r"|give --fill|write --fill|nobody can be asked|^[nN]othing was|your approval is recorded|NAME=…"
    r"|`\{\}` takes|lint it again|The page of its proof|is there already|there is no state"
)
"""What the options of a command alone can lead to, or who is asked at a terminal."""
BUILT: Final = frozenset(
    {
        "submit a message", "approve a message", "reject a message", "this message goes by SMS only, and {}",
        "name the incident: --incident SLUG, of {}", "Name at least one audience: {}.",
        "Write `{}: true` or `{}: false`.",
        "mend {}", "mend {} and {}", "mend {} or {}", "credentials{}: {}", "account-not-found{}: {}", "sender{}: {}",
        "account-not-active{}: {}", "account-suspended{}: {}", "trial-account{}: {}", "callback-address{}: {}",
    }
)  # fmt: skip
"""Sentences that the source puts together from several texts."""
DUTCH: Final = re.compile(r"\b(het|dit|deze|niet|naar|voor|met|kies)\b|RECHTZETTING|ging ook")


def table() -> dict[str, str]:
    """What there is in Dutch."""
    found: dict[str, str] = {}
    for path in sorted((LOCALE / "nl" / "commands").glob("*.po")):
        with path.open("rb") as file:
            found |= {str(each.id): str(each.string) for each in read_po(file) if each.id}
    return found


def source() -> dict[str, str]:
    """Every sentence that a page may show, and where it is said."""
    found: dict[str, str] = {}
    for path in (each for room in ROOMS for each in sorted((SERVICES / room).rglob("*.py"))):
        where = str(path.relative_to(SERVICES))
        if where not in NO_PAGE and not path.name.startswith("demo"):
            found |= dict.fromkeys(sentences(path), where)
    return {text: where for text, where in found.items() if not ONLY_TYPED.search(text) and not DUTCH.search(text)}


def strings() -> Iterator[str]:
    """Every text in the source, as `table` has it."""
    for path in SERVICES.rglob("*.py"):
        for each in ast.walk(ast.parse(path.read_text())):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value
            elif isinstance(each, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in each.values)


def test_what_refuses_finds_or_advises_has_its_dutch() -> None:
    """A new refusal is found here, and not by an author at night."""
    known = table()
    missing = {text: where for text, where in source().items() if text not in known}
    assert not missing, missing


def test_what_pydantic_finds_has_its_dutch() -> None:
    """A newsletter, a playbook, the mapping of events: one table of our words, and none of pydantic's."""
    said_of = [
        *KINDS.values(),
        *((problem, remedy) for problem, _ in BOUNDS.values() for remedy in [""]),
        (OTHERWISE, ""),
    ]
    assert {text for both in said_of for text in both if text} <= set(table())


def test_what_is_translated_is_still_said() -> None:
    """A sentence that was changed in the source has lost its Dutch, and nobody would see why."""
    assert set(table()) - set(strings()) <= BUILT


def test_a_translation_has_only_places_that_there_are() -> None:
    """Else the page fails, with that refusal only."""
    for text, dutch in table().items():
        assert all(int(place) < text.count("{}") for place in re.findall(r"\{(\d)\}", dutch)), text


def test_a_sentence_is_found_with_whatever_is_filled_in() -> None:
    """By its own pattern, and by no other that says less. (Of two places side by side nobody knows where they part.)"""
    for text, dutch in ((each, dutch) for each, dutch in table().items() if "{}{}" not in each):
        values = [f"w{number}" for number in range(text.count("{}"))]
        filled = reduce(lambda sofar, value: sofar.replace("{}", value, 1), values, text)
        expected = reduce(lambda sofar, place: sofar.replace(f"{{{place[0]}}}", place[1]), enumerate(values), dutch)
        assert sentence(filled, "nl") == expected


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        ("it is stopped: there is nothing left to stop", "Het is gestopt: er valt niets meer te stoppen."),
        ("governors would see no key message in fr.", "gouverneurs krijgt geen kernboodschap in het Frans."),
        ("There is no group x. `roeland group list` shows which there are.",
         "Er is geen groep x. Zie de pagina Groepen."),
        ("--recipients: At character 3: Something is missing here.", "Bij teken 3: Hier ontbreekt iets."),
        ("the mail relay cannot be trusted: its certificate has expired",
         "de mailrelay is niet te vertrouwen: het certificaat is verlopen"),
        ("nobody translated this", "nobody translated this"),
        (f"there is no user {'x. ' * 900}", f"there is no user {'x. ' * 900}".strip()),
    ],
)  # fmt: skip
def test_what_is_filled_in_is_put_in_words_too(english: str, dutch: str) -> None:
    """A state, an audience or a language has its Dutch name; a reason within a reason its own sentence."""
    assert said(english, "nl") == dutch


@pytest.mark.parametrize(
    "wrong",
    [
        "newsletter: [x]", "audiences: [17]", "audiences: mail", "schedule: 17", "schedule: {time: 17:00, days: [mon]}",
        "schedule: {time: 17:00, late_minutes: many}", "exercise: perhaps", "quiet_day: never", "title: {text: [1]}",
        "phases: [acuut]", "colour: blue",
    ],
)  # fmt: skip
def test_whoever_reads_dutch_reads_no_english_about_a_newsletter(wrong: str) -> None:
    """Every problem of its file and its remedy, not only the commonest."""
    with pytest.raises(Refused) as refused:
        parse_newsletter(wrong, name="brief.yaml", configuration=DEFAULT)
    for each in refused.value.problems:
        assert said(each.problem, "nl") != each.problem
        assert said(each.remedy, "nl") != each.remedy
        assert not re.search(
            r"\b(must|there|field|write|this|add)\b", said(each.problem, "nl") + said(each.remedy, "nl")
        )


def test_a_centres_own_mapping_that_is_wrong_is_told_in_dutch() -> None:
    """As an event keeps it, with places, or as an alarm does."""
    with pytest.raises(Refused) as refused:
        load_mapping("rules: [{name: a, types: [x], ignore: true, within_minutes: -1}, {name: b, types: [y]}]")
    told = said(str(refused.value), "nl")
    assert "rules[0].within_minutes: Dit moet 0 of meer zijn." in told
    assert "een regel leidt tot `report`, `draft`" in told or "een regel leidt tot “report”, “draft”" in told
    assert not re.search(r"\b(must|rule leads|has an example)\b", told)


@pytest.mark.parametrize(
    ("reason", "dutch"),
    [
        ("MessageReleased breaks its schema: message_id: missing",
         "MessageReleased past niet in zijn schema (message_id: missing)."),
        ("unforeseen KeyError at service.py:12",
         "Een fout van Roeland zelf (KeyError at service.py:12): meld ze aan de ondersteuning."),
    ],
)  # fmt: skip
def test_reasons_of_dead_letters_are_dutch(reason: str, dutch: str) -> None:
    """The page of records that nobody could read is for the support cell, which reads Dutch too."""
    assert said(reason, "nl") == dutch


def test_who_reads_english_is_told_to_type_nothing() -> None:
    """There is no terminal at the console."""
    assert said("there is no group x: `roeland group list` shows which there are", "en") == "there is no group x"
    assert said("There is no group x. `roeland group list` shows which there are.", "en") == "There is no group x."


def test_a_refusal_that_the_doctor_cut_in_two_is_one_sentence() -> None:
    """It shows what is wrong and what to do apart."""
    cut = {"found": "the database cannot be reached", "remedy": "is it running? Try `roeland doctor`"}
    assert check_said(cut, "nl") == ("De databank antwoordt niet. Probeer het zo dadelijk opnieuw.", "")


def test_what_was_found_and_its_remedy_are_each_in_dutch() -> None:
    """A sentence with a gap at its end would take the remedy for what fills it, English and all."""
    found = {"found": "no worker runs for sms", "remedy": "Start `python -m services.sms`, or `roeland up`."}
    assert check_said(found, "nl") == ("er draait geen werker voor sms", "Start `python -m services.sms`.")


def of_lint() -> Iterator[tuple[str, str]]:
    """Every problem with its remedy, as a rule says them; `…` for what it fills in."""
    for words in (*WORDS.values(), *(each.words for each in FACT_RULES.values())):
        for both in ((words.problem, words.remedy), *words.cases.values()):
            problem, remedy = (re.sub(r"\{\w+\}", "…", each.replace("{{", "{").replace("}}", "}")) for each in both)
            yield problem, remedy


@pytest.mark.parametrize(("problem", "remedy"), [*of_lint()])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_lint_names_the_fields_of_the_form(problem: str, remedy: str, language: str) -> None:
    """Who writes at the console never sees the file, and looks for `next_update_at` in vain."""
    shown = " ".join(told(problem, remedy, language))
    assert "`" not in shown
    assert not re.search(r"\b(next_update_at|roeland)\b", shown), shown
    assert language == "en" or not re.search(r"\b(audiences|channels|unknown|actions|urgency)\b", shown), shown


@pytest.mark.parametrize(("problem", "remedy"), [*of_lint()])
def test_who_reads_english_reads_lint_in_english(problem: str, remedy: str) -> None:
    """The quoted words stay those of the message; what is said of them is for the reader."""
    shown = " ".join(told(problem, remedy, "en")).replace("Antwoord OK", "")
    assert not re.search(r"\b(het|een|niet|de|is geen|van|voor|uit|weg)\b", shown), shown
