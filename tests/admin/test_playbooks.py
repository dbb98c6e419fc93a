"""`roeland playbook …`: a draft is begun without a server; what was approved beforehand is released with editorial."""

from pathlib import Path

import pytest

from tests.admin.conftest import ROOT, Roeland

BOOK, ENTRY = "cyber-incident", "eerste-melding"
APPROVER, MANAGER = "wacht@ccvo.example", "manager@ccvo.example"
FILLED = ["--set", "dienst=De loonadministratie", "--set", "sinds=00:00", "--set", "volgend=17:00"]
START = ["playbook", "start", BOOK, "--entry", ENTRY, "--incident", "cyber-1"]


def test_a_draft_is_refused_until_its_holes_are_filled(roeland: Roeland, tmp_path: Path) -> None:
    """Each open hole with the question that its playbook asks; then lint lets it through."""
    begun = roeland(*START, "--set", "sinds=00:00", "-o", "m.yaml", "--json")
    assert (begun.code, set(begun.document["open"])) == (0, {"dienst", "volgend"})
    problems = roeland("message", "lint", "m.yaml", "--json").document["problems"]
    assert {each["remedy"].split(" (")[0] for each in problems} == {
        "Welke dienst is geraakt?", "Wanneer laat u opnieuw iets weten?",
    }  # fmt: skip
    assert roeland(*START, *FILLED, "-o", "m.yaml", "--force").code == 0
    assert roeland("message", "lint", "m.yaml", "--json").document["findings"] == []
    assert "{hole" not in (tmp_path / "m.yaml").read_text()


def test_a_file_that_is_there_is_not_overwritten(roeland: Roeland, tmp_path: Path) -> None:
    """It may be somebody's work."""
    (tmp_path / "m.yaml").write_text("mine")
    ran = roeland(*START, "-o", "m.yaml", "--json")
    assert (ran.code, "--force" in ran.document["error"]) == (1, True)
    assert (tmp_path / "m.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [(["--set", "sinds=straks"], 1, "not a moment"), (["--set", "dienst"], 2, "HOLE=VALUE"),
     (["--set", "dienst=a", "--set", "dienst=b"], 2, "twice"), (["--set", "x=a"], 1, "no such hole"),
     (["--phase", "recovery"], 1, "recovery")],
)  # fmt: skip
def test_what_does_not_fit_begins_nothing(
    roeland: Roeland, tmp_path: Path, more: list[str], code: int, said: str
) -> None:
    """No file is left behind."""
    ran = roeland(*START, *more, "-o", "m.yaml", "--json")
    assert ran.code == code
    assert said in ran.out
    assert not (tmp_path / "m.yaml").exists()


def test_a_centres_own_file_takes_the_place_of_ours_and_a_bad_one_stops_no_other(
    roeland: Roeland, tmp_path: Path
) -> None:
    """When it burns, a slip in another playbook must not stand in the way."""
    own = tmp_path / "own"
    own.mkdir()
    text = (ROOT / "playbooks" / f"{BOOK}.yaml").read_text()
    (own / f"{BOOK}.yaml").write_text(text.replace("title: Cyberincident", "title: Van ons", 1))
    (own / "pandemic.yaml").write_text("playbook: pandemic\n")
    (own / "storm.yaml").write_text(text)
    env = {"ROELAND_PLAYBOOKS_DIR": "own"}
    listed = {each["playbook"]: each for each in roeland("playbook", "list", "--json", env=env).document}
    assert listed[BOOK]["title"] == "Van ons"
    assert "rename the file" in listed["storm"]["problems"][0]["remedy"]
    assert roeland("playbook", "check", "--json", env=env).code == 1
    assert roeland(*START, *FILLED, env=env).code == 0
    assert roeland("playbook", "show", "pandemic", "--json", env=env).code == 1


@pytest.mark.stack
class TestWithEditorial:
    """What editorial answers."""

    @pytest.fixture
    def roeland_env(self, settings_env: dict[str, str]) -> dict[str, str]:
        return settings_env

    @pytest.mark.usefixtures("editorial")
    def test_a_crisis_manager_releases_alone_what_was_approved(self, roeland: Roeland, tmp_path: Path) -> None:
        """The whole of it, signed, as people type it; and nobody is asked where nobody can answer."""
        for email, role in ((APPROVER, "approver"), (MANAGER, "crisis-manager")):
            roeland("users", "add", email, "--role", role)
            roeland("users", "key", email)
        columns = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
        (tmp_path / "people.csv").write_text(f"{columns}\ng1,Gouverneur Een,,,governors,,,,g1@x.example,\n")
        assert roeland("contacts", "import", "people.csv").code == 0
        given = ["playbook", "release", BOOK, ENTRY, "--incident", "cyber-1", *FILLED, "--as", MANAGER]
        early = roeland(*given, "--json")
        assert (early.code, "not approved beforehand" in early.document["error"]) == (1, True)
        assert roeland("playbook", "approve", BOOK, ENTRY, "--json", "--as", APPROVER).document["changed"] is True
        assert [each["file"] for each in roeland("playbook", "approved", "--json").document] == ["as approved"]
        unasked = roeland(*given)
        assert (unasked.code, "--yes" in unasked.err, "De loonadministratie" in unasked.out) == (1, True, True), unasked
        released = roeland(*given, "--json")
        assert released.code == 0, released
        assert (released.document["state"], released.document["recipients"]) == ("released", 1)
        twice = roeland(*given, "--json")
        assert (twice.code, "not sent again" in twice.document["error"]) == (1, True), twice
        changed = tmp_path / "own"
        changed.mkdir()
        text = (ROOT / "playbooks" / f"{BOOK}.yaml").read_text()
        (changed / f"{BOOK}.yaml").write_text(text.replace("Veiligheid gaat voor snelheid.", "", 1))
        env = {"ROELAND_PLAYBOOKS_DIR": "own"}
        assert roeland("playbook", "approved", "--json", env=env).document[0]["file"] == "changed since"
        assert roeland("playbook", "revoke", BOOK, ENTRY, "--as", APPROVER).code == 0
        assert roeland("playbook", "approved", "--json").document == []
