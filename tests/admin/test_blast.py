"""`roeland sms blast`: hard to send by accident, quick to send on purpose."""

import io
import json
from pathlib import Path

import psycopg
import pytest

from tests.admin.conftest import Ran, Roeland

pytestmark = pytest.mark.stack

MANAGER, AUTHOR = "manager@ccvo.example", "schrijver@ccvo.example"
TEXT = "CCVO: het loonsysteem ligt stil. Gebruik de noodprocedure."
BLAST = ["sms", "blast", "--audience", "governors", "--text", TEXT]
PEOPLE = 30
GLASS = ["--break-glass", "niemand bereikbaar"]


class Typed(io.StringIO):
    """A terminal at which this is typed."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def roeland_env(settings_env: dict[str, str]) -> dict[str, str]:
    return {**settings_env, "ROELAND_TWILIO_FROM": "+15005550006"}


@pytest.fixture
def people(roeland: Roeland, tmp_path: Path) -> None:
    """Thirty governors, two of whom have no number."""
    columns = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
    rows = [f"g{n},Gouverneur {n},,,governors,,,,g{n}@x.example,+3247000{n:04}" for n in range(2, PEOPLE)]
    rows += [f"g{n},Zonder {n},,,governors,,,,g{n}@x.example," for n in range(2)]
    (tmp_path / "people.csv").write_text("\n".join([columns, *rows, "p1,Partner Een,,,partners,,,,p@x.example,"]))
    assert roeland("contacts", "import", "people.csv").code == 0
    for email, role in ((MANAGER, "crisis-manager"), (AUTHOR, "author")):
        assert roeland("users", "add", email, "--role", role).code == 0
        assert roeland("users", "key", email).code == 0


def shown(roeland: Roeland, *arguments: str, **env: str) -> Ran:
    return roeland("sms", "blast", "--audience", "governors", *arguments, "--dry-run", "--json", env=env)


@pytest.mark.usefixtures("people")
def test_the_preview_says_what_would_happen_and_nothing_does(roeland: Roeland) -> None:
    """Counts, names, text as received, size, cost, sender; nothing is recorded."""
    found = roeland(*BLAST, "--exercise", "--dry-run", "--json").document
    assert found["recipients"] == PEOPLE
    assert (found["no_number"], found["no_number_names"]) == (2, ["Zonder 0", "Zonder 1"])
    assert (found["encoding"], found["segments"], found["segments_each"], found["cost"]) == ("GSM-7", 28, 1, 2.8)
    assert found["texts"][0]["text"] == f"OEFENING: {TEXT}"
    assert (found["sender"], found["replies"], found["outside_gsm"]) == ("+15005550006", True, {})
    assert found["opens"] == found["incident"]
    told = roeland(*BLAST, "--dry-run")
    assert (told.code, TEXT in told.out, "Zonder 0, Zonder 1" in told.out) == (0, True, True)
    assert roeland("message", "list", "--json").document == []
    assert roeland("incident", "list", "--json").document == []


@pytest.mark.usefixtures("people")
def test_what_makes_an_sms_longer_is_named_with_what_could_stand_there(roeland: Roeland) -> None:
    """`--plain` puts it there."""
    text = f"{TEXT} “Rustig” blijven – 🚨 {'x' * 20}"
    found = shown(roeland, "--text", text).document
    assert (found["encoding"], found["segments_each"]) == ("UCS-2", 2)
    assert found["outside_gsm"] == {"“": '"', "”": '"', "–": "-", "🚨": ""}
    assert shown(roeland, "--text", text, "--plain").document["segments_each"] == 1


@pytest.mark.usefixtures("people")
def test_a_hole_counts_as_long_as_what_fills_it(roeland: Roeland, tmp_path: Path) -> None:
    """Two hundred characters for a name are another segment, and seen before it is sent."""
    (tmp_path / "stil.txt").write_text("CCVO: {hole:dienst} ligt stil.")
    given = ["--template", "stil.txt", "--fill"]
    assert shown(roeland, *given, "dienst=loon").document["segments_each"] == 1
    assert shown(roeland, *given, f"dienst={'x' * 200}").document["segments_each"] == 2
    assert "dienst" in shown(roeland, "--template", "stil.txt").out
    assert shown(roeland, *given, "dienst").code == 2


@pytest.mark.usefixtures("people")
def test_whom_it_asks_to_confirm_it_tells_how(roeland: Roeland) -> None:
    """A box that is ticked at night is enough: by a word where the sender can be answered, else by the link."""

    def text(given: str, **env: str) -> str:
        found = shown(roeland, "--text", given, "--confirm", **env).document
        assert not [each for each in found["findings"] if each["rule"] == "sms-confirm"]
        return str(found["texts"][0]["text"])

    assert text(TEXT) == f"{TEXT} Gelezen? Antwoord OK."
    assert text(f"{TEXT} Antwoord met JA.") == f"{TEXT} Antwoord met JA."
    assert shown(roeland, "--text", TEXT).document["texts"][0]["text"] == TEXT
    public = {"ROELAND_TWILIO_FROM": "CCVO", "ROELAND_PUBLIC_URL": "https://crisis.example"}
    assert text(TEXT, **public) == f"{TEXT} Bevestig: [link]"
    both = shown(roeland, "--text", TEXT, "--text", "fr: Le système est à l'arrêt.", "--confirm").document
    assert {each["text"].rpartition("? ")[2] for each in both["texts"]} == {"Antwoord OK.", "Répondez OK."}


@pytest.mark.usefixtures("people")
def test_several_languages_are_several_texts(roeland: Roeland) -> None:
    """Only a configured language stands before the colon."""
    found = shown(roeland, "--text", TEXT, "--text", "fr: Le système est à l'arrêt.").document
    assert {each["language"]: each["copies"] for each in found["texts"]} == {"nl": 28, "fr": 0}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--text", ""], 1, "empty"),
        (["--text", "🚨🚨"], 1, "no words"),
        (["--text", "x" * 1600], 1, "1600 characters"),
        (["--text", "x" * 1601], 1, "1601 characters"),
        (["--text", "x" * 1551], 1, "1551 characters"),
        ([], 2, "--text"),
        (["--text", "a", "--template", "b"], 2, "one way"),
        (["--text", "a", "--within", "5"], 2, "--confirm"),
        (["--text", "a", "--holding", "b", "c"], 2, "--text"),
    ],
    ids=["nothing", "emoji", "1600", "1601", "1551", "no text", "two", "within", "holding"],
)
def test_bad_input_is_refused_in_words(roeland: Roeland, arguments: list[str], code: int, said: str) -> None:
    """One document with the reason."""
    ran = shown(roeland, *arguments)
    assert ran.code == code
    assert said in json.dumps(ran.document)


@pytest.mark.usefixtures("people")
def test_the_longest_text_is_shown_with_all_its_segments(roeland: Roeland) -> None:
    """1,550 characters and the mark of an exercise: what Twilio takes at most, less what is ours."""
    found = shown(roeland, "--text", "x" * 1550, "--exercise").document
    assert (len(found["texts"][0]["text"]), found["segments_each"]) == (1560, 11)


@pytest.mark.usefixtures("people")
def test_a_number_in_three_contacts_is_one_sms(roeland: Roeland, database_url: str) -> None:
    """Three people, all of whom count; and one telephone."""
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE address SET value = '+32470001111' WHERE channel = 'sms' AND contact IN (1, 2, 3)")
    found = shown(roeland, "--text", TEXT).document
    assert (found["recipients"], found["channels"]["sms"]["messages"]) == (PEOPLE, 26)


@pytest.mark.usefixtures("people")
def test_what_cannot_be_sent_is_refused_before_anybody_is_asked(
    roeland: Roeland, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody selected, nobody with a number, no provider, no right, no one to ask."""
    given = ["--text", TEXT, "--as", MANAGER, "--json", "--yes"]
    said = [
        (["sms", "blast", "--audience", "local-governments", *given], {}, "nobody is selected"),
        (["sms", "blast", "--audience", "partners", *given], {}, "has a number"),
        ([*BLAST, "--as", MANAGER, "--json", "--yes"], {"ROELAND_TWILIO_FROM": ""}, "no SMS provider"),
        ([*BLAST, *GLASS, "--as", AUTHOR, "--json", "--yes"], {}, "crisis manager"),
        ([*BLAST, "--as", MANAGER, "--json"], {}, "--yes"),
        ([*BLAST, "--json", "--yes"], {}, "--as EMAIL"),
    ]
    for arguments, env, why in said:
        ran = roeland(*arguments, env=env)
        assert (ran.code, why in ran.document["error"]) == (1, True), ran
    monkeypatch.setattr("sys.stdin", Typed("29\n"))
    ran = roeland(*BLAST, *GLASS, "--as", MANAGER)
    assert (ran.code, "nothing was sent" in ran.err) == (1, True), ran
    assert roeland("message", "list", "--json").document == []


@pytest.mark.usefixtures("people", "editorial")
class TestSent:
    """With editorial."""

    def test_a_crisis_manager_types_the_number_and_it_goes(
        self, roeland: Roeland, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Then the same text is asked about once more; in a closed incident nothing goes; of two one is named."""
        monkeypatch.setattr("sys.stdin", Typed(f"{PEOPLE}\n"))
        ran = roeland(*BLAST, *GLASS, "--as", MANAGER)
        assert (ran.code, f"released, {PEOPLE} recipients" in ran.out) == (0, True), ran
        first = roeland("message", "list", "--json").document[0]
        again = roeland(*BLAST, *GLASS, "--as", MANAGER, "--yes", "--json")
        assert (again.code, again.document["existing"]) == (1, first["id"])
        sent = roeland(*BLAST, *GLASS, "--as", MANAGER, "--yes", "--json", "--again").document
        assert (sent["state"], sent["recipients"], sent["incident"]) == ("released", PEOPLE, first["incident"])
        assert sent["channels"]["sms"] == {"planned": 28, "suppressed": 2}
        closing = first["incident"]
        assert roeland("incident", "close", closing).code == 0
        closed = shown(roeland, "--text", "Nog iets.", "--incident", closing)
        assert (closed.code, "closed" in closed.document["error"]) == (1, True)
        for slug in ("cyber-1", "cyber-2"):
            assert roeland("incident", "open", slug, "--title", "x").code == 0
        two = shown(roeland, "--text", "Nog iets.")
        assert (two.code, "cyber-1" in two.document["error"], "cyber-2" in two.document["error"]) == (1, True, True)

    @pytest.mark.long  # with a whole editorial, as the first
    def test_without_the_right_somebody_else_approves(self, roeland: Roeland) -> None:
        """As every message."""
        waiting = roeland(*BLAST, "--as", AUTHOR, "--yes")
        assert (waiting.code, "proofed" in waiting.out, "message approve" in waiting.out) == (0, True, True), waiting
        (waits,) = roeland("message", "list", "--json").document
        assert roeland("message", "approve", waits["id"], "--yes", "--as", MANAGER).code == 0

    @pytest.mark.long  # with a whole editorial, as the first
    def test_what_was_confirmed_for_others_is_not_sent(
        self, roeland: Roeland, monkeypatch: pytest.MonkeyPatch, database_url: str
    ) -> None:
        """Somebody imported contacts between the question and the answer."""

        class Late(Typed):
            def readline(self, *given: int) -> str:  # type: ignore[override]
                with psycopg.connect(database_url) as connection:
                    connection.execute("UPDATE contact SET removed_at = now() WHERE external_id = 'g5'")
                return super().readline(*given)

        monkeypatch.setattr("sys.stdin", Late(f"{PEOPLE}\n"))
        ran = roeland(*BLAST, *GLASS, "--as", MANAGER)
        assert (ran.code, "29 recipients in its proof" in ran.err) == (1, True), ran
        (there,) = roeland("message", "list", "--json").document
        assert there["state"] == "withdrawn"
