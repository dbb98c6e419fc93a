"""`roeland users …` and `roeland contacts …` on a real PostgreSQL."""

import csv
import io
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from services.domain.contact_row import COLUMNS
from tests.admin.conftest import Roeland

pytestmark = pytest.mark.stack

EXAMPLE = Path(__file__).parents[2] / "examples" / "contacts.csv"


@pytest.fixture
def roeland_env(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}


def test_users_are_added_changed_and_disabled(roeland: Roeland) -> None:
    """Adding twice is how a set-up script is run twice; it sets the roles to what it says."""
    added = roeland("users", "add", "Wacht@ccvo.example", "--role", "approver", "--json").document
    assert (added["email"], added["roles"], added["change"]) == ("wacht@ccvo.example", ["approver"], "added")
    again = ["users", "add", "wacht@ccvo.example", "--role", "approver", "--role", "crisis-manager", "--json"]
    assert roeland(*again).document["change"] == "changed"
    assert roeland(*again).document["change"] == "unchanged"
    assert roeland("users", "disable", "wacht@ccvo.example").code == 0
    (listed,) = roeland("users", "list", "--json").document
    assert listed["roles"] == ["approver", "crisis-manager"]
    assert listed["disabled_at"].endswith("Z")


@pytest.mark.parametrize(
    "arguments",
    [
        ["users", "add", "a@ccvo.example", "--role", "auther"],
        ["users", "add", "not an address", "--role", "author"],
        ["users", "disable", "nobody@ccvo.example"],
        ["users", "key", "nobody@ccvo.example"],
        ["contacts", "remove", "nobody"],
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(roeland: Roeland, arguments: list[str]) -> None:
    """Exit code 1, and nothing happened."""
    ran = roeland(*arguments, "--json")
    assert ran.code == 1
    assert ran.document["error"]
    assert roeland("users", "list", "--json").document == []


def test_a_key_pair_is_made_and_its_private_half_stays_with_its_owner(
    roeland: Roeland, database_url: str, tmp_path: Path
) -> None:
    """Whoever has the private key can approve. It is never printed, nobody else can read it, and it fits the public."""
    roeland("users", "add", "a@ccvo.example", "--role", "approver")
    first = roeland("users", "key", "a@ccvo.example", "--json").document
    second = roeland("users", "key", "a@ccvo.example")
    assert "former key counts no more" in second.out
    path = tmp_path / "data" / "keys" / "a@ccvo.example.pem"
    assert first["private_key"] == str(path)
    assert [f.name for f in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in second.out + second.err
    private = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT public_key FROM users").fetchone()
    assert row == (private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),)


def test_a_given_public_key_is_registered_and_a_private_one_refused(roeland: Roeland, tmp_path: Path) -> None:
    """People may keep their key elsewhere; handing us the private half by mistake must not be accepted in silence."""
    roeland("users", "add", "a@ccvo.example", "--role", "approver")
    roeland("users", "key", "a@ccvo.example")
    path = tmp_path / "data" / "keys" / "a@ccvo.example.pem"
    assert "private key" in roeland("users", "key", "a@ccvo.example", "--public", str(path), "--json").document["error"]
    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    registered = roeland("users", "key", "a@ccvo.example", "--public", "public.pem", "--json").document
    assert registered["private_key"] is None
    assert registered["replaces"] != registered["fingerprint"]


def test_every_change_is_audited_with_who_did_it_and_no_personal_data(roeland: Roeland, database_url: str) -> None:
    """Afterwards one must be able to prove who changed what; `--as` wins over ROELAND_USER."""
    boss, other = "boss@ccvo.example", "other@ccvo.example"
    roeland("users", "add", boss, "--role", "administrator")
    roeland("users", "add", other, "--role", "author", env={"ROELAND_USER": boss})
    roeland("users", "disable", other, "--as", boss, env={"ROELAND_USER": other})
    roeland("users", "key", boss)
    roeland("contacts", "import", str(EXAMPLE), "--as", boss)
    roeland("contacts", "remove", "gov-limburg", "--as", boss)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT actor, action, subject, detail::text FROM audit ORDER BY id").fetchall()
    assert [(actor, action) for actor, action, *_ in rows] == [
        (None, "user.added"),
        (1, "user.added"),
        (1, "user.disabled"),
        (None, "user.key"),
        (1, "contacts.imported"),
        (1, "contact.removed"),
    ]
    assert not any("@" in subject + detail or "gov-limburg" in subject + detail for *_, subject, detail in rows)


def test_the_example_contacts_import_dry_then_for_real_then_unchanged(roeland: Roeland) -> None:
    """The demo's people: everyone has a mail and a number, and every town has somebody."""
    counts = {"added": 778, "updated": 0, "unchanged": 0, "problems": []}
    dry = roeland("contacts", "import", str(EXAMPLE), "--dry-run", "--json")
    assert (dry.code, dry.document) == (0, {**counts, "dry_run": True})
    assert roeland("contacts", "list", "--json").document["total"] == 0
    assert roeland("contacts", "import", str(EXAMPLE), "--json").document == {**counts, "dry_run": False}
    again = roeland("contacts", "import", "--json", str(EXAMPLE)).document
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 778)
    coverage = roeland("contacts", "coverage", "--json").document
    assert {a["audience"]: a["contacts"] for a in coverage["audiences"]} == {
        "governors": 5,
        "local-governments": 570,
        "senior-officials": 40,
        "crisis-communication-contacts": 60,
        "bcm-leads": 50,
        "hr-business-partners": 45,
        "partners": 8,
    }
    assert not any(a["without_mail"] or a["without_number"] for a in coverage["audiences"])
    assert coverage["municipalities"] == {
        "total": 285, "without_contact": [], "without_mail": [], "without_number": [],
    }  # fmt: skip


def test_a_list_with_problems_changes_nothing_and_names_them_all(roeland: Roeland, tmp_path: Path) -> None:
    """The contract's JSON: counts of nothing, each problem with line, column, problem and remedy; exit code 1."""
    row = "1,Naam,,,governors,Alst,,xx,a@b,0470"
    (tmp_path / "people.csv").write_text(",".join(COLUMNS) + "\n" + row + "\n")
    for dry in ([], ["--dry-run"]):
        ran = roeland("contacts", "import", "people.csv", "--json", *dry)
        document = ran.document
        assert ran.code == 1
        assert (document["added"], document["updated"], document["unchanged"]) == (0, 0, 0)
        assert [(p["line"], p["column"]) for p in document["problems"]] == [
            (2, "municipality"), (2, "language"), (2, "email"), (2, "mobile"),
        ]  # fmt: skip
        assert all(p.keys() == {"line", "column", "problem", "remedy"} for p in document["problems"])
    told = roeland("contacts", "import", "people.csv")
    assert (told.code, told.out) == (1, "")
    assert "Did you mean Aalst?" in told.err


def test_a_landline_where_a_mobile_is_asked_is_warned_about(roeland: Roeland, tmp_path: Path) -> None:
    """No SMS arrives there: better known at an import than at three in the morning. It is imported all the same."""
    columns = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
    (tmp_path / "desk.csv").write_text(f"{columns}\nd1,Dienst,,,governors,,,,d@x.example,02 555 12 34\n")
    ran = roeland("contacts", "import", "desk.csv")
    assert (ran.code, "landline" in ran.out) == (0, True), ran
    assert roeland("contacts", "list", "--json").document["total"] == 1


def test_an_export_is_the_list_again_and_never_overwrites(roeland: Roeland, tmp_path: Path) -> None:
    """It holds addresses: for its owner alone; and an older export may be the only one left."""
    roeland("contacts", "import", str(EXAMPLE))
    assert roeland("contacts", "export", "--output", "out.csv", "--json").document == {
        "exported": 778,
        "file": "out.csv",
    }
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600

    def rows(text: str) -> list[dict[str, str]]:
        return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: row["external_id"])

    assert (
        rows((tmp_path / "out.csv").read_text()) == rows(EXAMPLE.read_text()) == rows(roeland("contacts", "export").out)
    )
    assert roeland("contacts", "export", "--output", "out.csv").code == 1


@pytest.mark.parametrize(
    ("option", "written", "likely"),
    [("audience", "governers", "governors"), ("municipality", "Alst", "Aalst"), ("province", "Limbrug", "Limburg")],
)
def test_looking_for_what_does_not_exist_is_wrong_usage(
    roeland: Roeland, option: str, written: str, likely: str
) -> None:
    """An empty list would say that nobody is there."""
    ran = roeland("contacts", "list", f"--{option}", written, "--json")
    assert ran.code == 2
    assert likely in ran.document["error"]


def test_contacts_are_listed_by_pages(roeland: Roeland) -> None:
    """A program that follows `next` sees everybody once."""
    roeland("contacts", "import", str(EXAMPLE))
    seen, after = [], ""
    while after is not None:
        arguments = ["contacts", "list", "--audience", "bcm-leads", "--limit", "20", "--after", after, "--json"]
        page = roeland(*arguments).document
        seen += [contact["external_id"] for contact in page["contacts"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == page["total"] == 50


def test_tables_of_somebody_else_are_left_alone(roeland: Roeland, postgres: str) -> None:
    """`db migrate` needs an empty database, and says so when it is not."""
    from tests import stack

    with stack.fresh_database(postgres) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE alembic_version")
        ran = roeland("db", "migrate", "--json", env={"ROELAND_DATABASE_URL": url})
        assert ran.code == 1
        assert "empty" in ran.document["error"]
