"""`roeland message preview|proof|test`: the page and the terminal, on a real database and a real editorial."""

from pathlib import Path

import psycopg
import pytest

from services.admin.answers import console
from tests.admin.conftest import Roeland
from tests.admin.test_messages import APPROVER, AUTHOR, PEOPLE, message
from tests.rendering.proofs import Page

pytestmark = pytest.mark.stack


@pytest.fixture
def office(roeland: Roeland, tmp_path: Path) -> None:
    """Two users, three contacts, a message."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "message.json").write_text(message(channels=["mail", "sms", "newsfeed"]))
    roeland("users", "add", AUTHOR, "--role", "author")
    roeland("users", "add", APPROVER, "--role", "approver")
    assert roeland("contacts", "import", "people.csv").code == 0


class TestOfAFile:
    """Before anything is submitted."""

    @pytest.fixture
    def roeland_env(self, database_url: str, tmp_path: Path) -> dict[str, str]:
        return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}

    @pytest.mark.usefixtures("office")
    def test_the_page_is_written_for_its_owner_alone(self, roeland: Roeland, tmp_path: Path) -> None:
        """It names people; the next proof of the same message takes its place."""
        document = roeland("message", "preview", "message.json", "--json", "--as", AUTHOR).document
        path = Path(document["html"])
        assert path.parent == tmp_path / "data" / "proofs"
        assert path.name.startswith("cyber-2026-014-")
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        said = Page(path.read_text()).said
        for words in ("Gouverneur Twee", "Stad Een", AUTHOR, "nog niet ingediend", "0,20 euro", "lokale besturen"):
            assert words in said, words
        assert roeland("message", "preview", "message.json", "--json").document["html"] == str(path)
        assert [each.name for each in path.parent.iterdir()] == [path.name]

    @pytest.mark.usefixtures("office")
    def test_programs_get_what_people_see(self, roeland: Roeland) -> None:
        """Reach by audience and province, costs, and who is missed on what."""
        document = roeland("message", "preview", "message.json", "--json").document
        assert document["provinces"] == [
            {"province": "", "contacts": 3, "without_mail": 1, "without_number": 1, "unreached": 0}
        ]
        assert document["sms"] == {"messages": 2, "segments": 2, "estimated_cost": 0.2, "currency": "EUR"}
        assert document["not_reached_in_all"] == 2
        assert document["area"] == []
        copies = {(v["audience"], v["channel"]): v["copies"] for v in document["variants"]}
        assert copies["governors", "mail"] == 2
        assert copies["local-governments", "sms"] == 1
        assert copies["governors", "newsfeed"] is None

    @pytest.mark.usefixtures("office")
    def test_the_page_goes_where_it_is_asked_for_but_over_nothing_else(self, roeland: Roeland, tmp_path: Path) -> None:
        """A slip of the hand must not cost somebody their file."""
        ran = roeland("message", "preview", "message.json", "--html", "proef.html", "--json")
        assert ran.document["html"] == str(tmp_path / "proef.html")
        assert (tmp_path / "proef.html").stat().st_mode & 0o777 == 0o600
        assert roeland("message", "preview", "message.json", "--html", "proef.html").code == 0
        (tmp_path / "data").mkdir(exist_ok=True)
        for name in ("message.json", "data", "nosuch/proef.html"):
            before = (tmp_path / "message.json").read_text()
            refused = roeland("message", "preview", "message.json", "--html", name, "--json")
            assert refused.code == 1, name
            assert name.partition("/")[0] in refused.document["error"]
            assert (tmp_path / "message.json").read_text() == before

    @pytest.mark.usefixtures("office")
    def test_prices_are_the_centres_own(self, roeland: Roeland) -> None:
        """And a price list that is none is refused, not taken for nothing."""
        ran = roeland("message", "preview", "message.json", "--json", env={"ROELAND_SMS_PRICE": "BE=1.5,*=2"})
        assert ran.document["sms"]["estimated_cost"] == 3.0
        ran = roeland("message", "preview", "message.json", "--json", env={"ROELAND_SMS_PRICE": "veel"})
        assert ran.code == 1
        assert "ROELAND_SMS_PRICE" in ran.document["error"]


@pytest.mark.long  # each recorded by a whole editorial
class TestOfAMessage:
    """What is recorded, with what was released before it."""

    @pytest.fixture
    def roeland_env(self, settings_env: dict[str, str]) -> dict[str, str]:
        return settings_env

    @pytest.mark.usefixtures("office", "editorial")
    def test_the_second_message_shows_what_changed_since_the_first(
        self, roeland: Roeland, tmp_path: Path, database_url: str
    ) -> None:
        """The proof is what gets approved: its hash is on the page, and what is new is marked wherever one looks."""
        first = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR).document
        assert Path(first["html"]).name == f"cyber-2026-014-{first['id']}.html"
        assert roeland("message", "approve", first["id"], "--json", "--as", APPROVER).code == 0
        with psycopg.connect(database_url) as connection:  # whatever the time in which it may be taken back
            connection.execute("UPDATE message SET state = 'released', released_at = coalesce(released_at, now())")
        (tmp_path / "message.json").write_text(
            message(
                kind="update", channels=["mail", "sms", "newsfeed"], key_messages=[{"text": "De lonen komen nooit."}]
            )
        )
        second = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR).document
        document = roeland("message", "proof", second["id"], "--json").document
        assert (document["state"], document["recipients"]) == ("proofed", 3)
        page = Path(document["html"]).read_text()
        assert document["proof"] in page
        assert "<ins> nooit</ins>" in page
        assert "<del> later</del>" in page
        assert document["html"] == second["html"]
        sms = next(v for v in document["variants"] if (v["audience"], v["channel"]) == ("governors", "sms"))
        assert sms["changed"] is True
        assert sms["former"]["id"] == first["id"]
        assert {"kind": "added", "text": " nooit"} in sms["changes"]
        shown = roeland("message", "proof", second["id"], "--audience", "governors").out
        assert "{+ nooit+}" in shown
        assert "[- later-]" in shown
        assert "local-governments · nl" not in shown
        own = roeland("message", "proof", first["id"], "--json").document
        assert not any("former" in each for each in own["variants"]), "never compared with what came after it"

    @pytest.mark.usefixtures("office", "editorial")
    def test_a_page_that_cannot_be_written_does_not_look_like_a_refusal(self, roeland: Roeland, tmp_path: Path) -> None:
        """The message is submitted: who reads `refused` would submit it a second time."""
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "proofs").write_text("not a folder")
        ran = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR)
        assert ran.code == 0, ran
        assert (ran.document["state"], ran.document["html"]) == ("proofed", None)
        assert roeland("message", "proof", ran.document["id"], "--json").code == 1
        assert roeland("message", "proof", ran.document["id"], "--html", "p.html", "--json").code == 0

    @pytest.mark.usefixtures("office", "editorial")
    def test_a_message_is_sent_to_oneself(self, roeland: Roeland) -> None:
        """And whoever has no mobile is told that no SMS comes. What was sent has no proof of its own."""
        sent = roeland("message", "submit", "message.json", "--json", "--as", AUTHOR).document
        ran = roeland("message", "test", sent["id"], "--json", "--as", AUTHOR)
        assert (ran.code, ran.document["mails"], ran.document["sms"]) == (0, 6, 0)
        assert "no mobile" in ran.document["note"]
        assert "no mobile" in roeland("message", "test", sent["id"], "--as", APPROVER).out
        assert roeland("message", "test", sent["id"], "--json").code == 1
        assert "no proof" in roeland("message", "proof", ran.document["test"], "--json").document["error"]


def test_what_changed_is_seen_without_colour_too() -> None:
    """On a printer, in a log, by who sees no green; and nothing that others wrote moves the cursor."""
    from services.admin.proof_view import coloured
    from services.domain.changes import changes

    out = console()
    with out.capture() as captured:
        out.print(coloured(changes("De lonen komen [b]later[/b].", "De lonen komen \x1b[31mnooit.")))
    assert "De lonen komen" in captured.get()
    assert "[-" in captured.get() and "{+" in captured.get()
    assert "\x1b[31m" not in captured.get()
