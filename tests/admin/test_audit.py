"""`roeland audit …`, `message export` and `message dossier`: what an auditor asks for, on a real database."""

import asyncio
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.domain.states import State
from services.store import audit, ledger, workers
from services.store.ledger import Result
from services.store.messages import Message
from tests.admin.conftest import Roeland
from tests.store import world
from tests.store.world import SOURCE, Person

pytestmark = pytest.mark.stack
AUTHOR, SECOND = "schrijver@ccvo.example", "wacht@ccvo.example"
PEOPLE = [
    Person("=cmd|' /C calc'!A0", ["governors"], "shared@x.example", "+32470000001"),
    Person("Bob <b>Bob</b>", ["governors"], "Shared@x.example"),
    Person("Eve", ["governors"], "eve@x.example"),
    Person("Zonder Adres", ["governors"]),
]


@pytest.fixture
def roeland_env(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url}


@pytest.fixture
def message(database_url: str) -> Message:
    """One that went out: accepted for two who share an address, bounced for one, and one had no address."""
    return asyncio.run(_sent(database_url))


async def _sent(database_url: str) -> Message:
    async with await world.connect(database_url) as connection:
        author = await world.add_user(connection, AUTHOR, "author")
        second = await world.add_user(connection, SECOND, "approver")
        await world.add_people(connection, PEOPLE)
        sent = await world.submit(connection, author)
        content = {"title": [{"text": "Loon <later>", "language": "nl"}], "language": "nl"}
        await connection.execute("UPDATE message SET content = %s", (json.dumps(content),))
        await connection.execute("UPDATE variant SET text = text || chr(57344) || 'NAME' || chr(57345)")
        await audit.record(connection, actor=author, action="message.submitted", subject=f"message:{sent.id}")
        await world.release(connection, sent, second)
        detail = {"reason": "gezien met Jan Janssens"}
        await audit.record(
            connection, actor=second, action="message.approved", subject=f"message:{sent.id}", detail=detail
        )
        await connection.execute(
            "INSERT INTO approval (message, user_id, act, proof_hash, reason) VALUES (%s, %s, 'approve', 'ab', %s)",
            (sent.number, second, "gezien met Jan Janssens"),
        )
        async with connection.transaction():
            epoch = await workers.begin(connection, "mail")
            claim = await ledger.claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
            assert claim is not None
            results = [
                Result(d.sequence, d.attempt, State.BOUNCED, code=550, reason="no-such-user")
                if d.contact == PEOPLE[2].id
                else Result(d.sequence, d.attempt, State.ACCEPTED, at=world.now(), code=250)
                for d in claim.deliveries
            ]
            await ledger.settle(connection, claim, results, finished=True, source=SOURCE)
    return sent


def acts(database_url: str, action: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        query = "SELECT actor, subject, detail, origin FROM audit WHERE action = %s ORDER BY id"
        return connection.execute(query, (action,)).fetchall()


def test_a_whole_chain_is_told_with_its_head(roeland: Roeland, message: Message) -> None:
    """What an operator notes down each day, and holds the chain against later."""
    del message
    head = roeland("audit", "head", "--json").document
    verdict = roeland("audit", "verify", "--json", "--expect", head["hash"]).document
    assert verdict["ok"]
    assert verdict["links"] == head["position"] == 2
    assert head["hash"] in roeland("audit", "head").out
    assert "every one holds" in roeland("audit", "verify").out


def test_a_broken_chain_is_refused_with_place_and_time(roeland: Roeland, message: Message, database_url: str) -> None:
    """Exit code 1, so that a nightly job rings; where and when, so that one knows which backup to compare with."""
    del message
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        connection.execute("UPDATE audit SET actor = 1 WHERE action = 'message.approved'")
        (at,) = connection.execute("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI') FROM audit"
                                   " WHERE action = 'message.approved'").fetchone() or ("",)  # fmt: skip
    ran = roeland("audit", "verify", "--json")
    assert ran.code == 1
    assert ran.document["breaks"] == 1
    assert ran.document["first"]["position"] == 2
    assert ran.document["first"]["at"].startswith(at)
    told = roeland("audit", "verify")
    assert (told.code, told.out) == (1, "")
    assert "position 2" in told.err
    assert "actor" in told.err
    assert roeland("audit", "verify", "--from", "1", "--expect", "0" * 64, "--json").document["breaks"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--expect", "abc"],
        ["verify", "--from", "0"],
        ["list", "--since", "gisteren"],
        ["list", "--incident", "A b"],
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(roeland: Roeland, arguments: list[str]) -> None:
    """A slip must not look like a verdict."""
    ran = roeland("audit", *arguments, "--json")
    assert ran.code == 2
    assert ran.document["error"]


def test_a_start_beyond_the_end_is_refused(roeland: Roeland, message: Message) -> None:
    """To verify nothing is not to find nothing."""
    del message
    assert roeland("audit", "verify", "--from", "3", "--json").code == 1


def test_acts_are_listed_with_who_and_on_what(roeland: Roeland, message: Message) -> None:
    """The latest first; what people typed is for whoever may read the database."""
    found = roeland("audit", "list", "--message", str(message.id), "--json").document
    assert [each["action"] for each in found] == ["message.approved", "message.submitted"]
    assert found[0]["reason"] == "gezien met Jan Janssens"
    assert found[0]["hash"] == f"content:{message.content_hash}"
    assert "message.approved" in roeland("audit", "list").out
    assert roeland("audit", "list", "--incident", "andere-1", "--json").document == []
    assert len(roeland("audit", "list", "--since", "2026-01-01", "--limit", "1", "--json").document) == 1


def test_an_export_verifies_line_by_line_and_is_recorded(
    roeland: Roeland, message: Message, database_url: str, tmp_path: Path
) -> None:
    """An auditor gets lines and sha256; the audit says who took them away, from where. Names only when asked for."""
    ran = roeland("audit", "export", "-o", "acts.jsonl", "--json", "--as", SECOND)
    assert ran.document == {"exported": 2, "file": "acts.jsonl"}
    file = tmp_path / "acts.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    before = "0" * 64
    for line in file.read_text().splitlines():
        link = json.loads(line)
        assert link["previous"] == before
        assert hashlib.sha256(f"{before}\n{link['entry']}".encode()).hexdigest() == link["hash"]
        before = link["hash"]
    assert "Janssens" not in file.read_text()
    ((actor, _, detail, origin),) = acts(database_url, "audit.exported")
    assert (actor, detail["rows"]) == (2, 2)
    assert detail["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert origin.startswith("/roeland/admin@")
    assert roeland("audit", "export", "-o", "acts.jsonl").code == 1, "it is never written over"
    streamed = roeland("audit", "export", "--message", str(message.id), "--reasons")
    assert [json.loads(line).get("reason") for line in streamed.out.splitlines()] == [None, "gezien met Jan Janssens"]
    assert len(roeland("audit", "export", "--json").document["rows"]) == 4


def test_an_export_of_a_message_has_everyone_on_every_channel(
    roeland: Roeland, message: Message, database_url: str, tmp_path: Path
) -> None:
    """Who was told what, when: also those behind a shared address, and those who had none. No name, no address."""
    roeland("message", "export", str(message.id), "-o", "out.csv", "--as", AUTHOR)
    text = (tmp_path / "out.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [
        "external_id", "audience", "channel", "state", "accepted_at", "code", "reason", "attempts",
        "possible_duplicate", "lead_seconds",
    ]  # fmt: skip
    assert sorted((row["state"], row["code"], row["reason"], row["attempts"]) for row in rows) == [
        ("accepted", "250", "", "1"), ("accepted", "250", "", "1"),
        ("bounced", "550", "no-such-user", "1"), ("suppressed", "", "no-address", "0"),
    ]  # fmt: skip
    assert all(re.fullmatch(r"....-..-..T..:..:..\....Z", r["accepted_at"]) for r in rows if r["state"] == "accepted")
    assert "Bob" not in text
    assert "x.example" not in text
    ((actor, subject, detail, _),) = acts(database_url, "message.exported")
    assert (actor, subject, detail["rows"]) == (1, f"export:message:{message.id}", 4)
    as_list = json.loads(roeland("message", "export", str(message.id), "--format", "json").out)
    document = roeland("message", "export", str(message.id), "--json").document
    assert as_list == document["rows"]
    assert [each["external_id"] for each in as_list] == [row["external_id"] for row in rows]
    assert roeland("message", "export", str(message.id), "-o", "out.csv").code == 1


def test_no_cell_of_an_export_is_a_formula(roeland: Roeland, message: Message, database_url: str) -> None:
    """An external id comes from a list that others keep (CWE-1236)."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE contact SET external_id = '=1+1' WHERE name = 'Eve'")
    assert "'=1+1" in roeland("message", "export", str(message.id)).out


def unzipped(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / f"{name}.unzipped"
    with zipfile.ZipFile(tmp_path / name) as packed:
        packed.extractall(folder)
    return folder


def verified(folder: Path) -> "subprocess.CompletedProcess[str]":
    """By the script that is in it, run by plain Python that knows nothing of Roeland."""
    argv = [sys.executable, "-I", "verify.py"]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, env={})


def test_a_dossier_is_verified_with_standard_tools(roeland: Roeland, message: Message, tmp_path: Path) -> None:
    """By an auditor who has a zip, sha256sum and perhaps Python, and no reason to believe us."""
    ran = roeland("message", "dossier", str(message.id), "-o", "d.zip", "--json", "--as", SECOND)
    assert ran.code == 0, ran
    assert (tmp_path / "d.zip").stat().st_mode & 0o777 == 0o600
    assert ran.document["sha256"] == hashlib.sha256((tmp_path / "d.zip").read_bytes()).hexdigest()
    folder = unzipped(tmp_path, "d.zip")
    sums = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert sums.returncode == 0
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == listed | {"SHA256SUMS"}
    assert verified(folder).stdout.startswith("OK")

    audit_lines = (folder / "audit.jsonl").read_text()
    assert audit_lines.count("\n") == 2
    (folder / "audit.jsonl").write_text(audit_lines.replace("message.approved", "message.rejected"))
    found = verified(folder)
    assert found.returncode == 1
    assert "audit.jsonl: changed" in found.stdout
    assert "does not follow" in found.stdout


def test_a_dossier_tells_who_was_told_what_by_whom(roeland: Roeland, message: Message, tmp_path: Path) -> None:
    """In Dutch, on a page that any browser opens; what others wrote is text there and never markup or a formula."""
    roeland("message", "dossier", str(message.id), "-o", "d.zip")
    folder = unzipped(tmp_path, "d.zip")
    page = (folder / "index.html").read_text()
    assert "Loon &lt;later&gt;" in page
    assert "Loon <later>" not in page
    assert "2 van 4 mensen" in page
    assert "wacht, gebruiker 2 (approver)" in page
    assert "keurde goed" in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page), "it needs nothing from elsewhere"
    for link in re.findall(r'href="([^"]+)"', page):
        assert (folder / link).is_file()
    people = list(csv.DictReader((folder / "recipients.csv").open(newline="")))
    assert {row["name"] for row in people} == {"'=cmd|' /C calc'!A0", "Bob <b>Bob</b>", "Eve", "Zonder Adres"}
    assert [row["shared_address"] for row in people].count("yes") == 1
    (variant,) = (folder / "variants/revision-1").glob("*.txt")
    assert "governors nl mail[naam]" in variant.read_text()
    assert json.loads((folder / "message/revision-1.json").read_text())["content"]["language"] == "nl"
    approvals = list(csv.DictReader((folder / "approvals.csv").open(newline="")))
    assert [(row["act"], row["proof_hash"], row["reason"]) for row in approvals] == [
        ("approve", "ab", "gezien met Jan Janssens")
    ]
    moments = [row["at"] for row in csv.DictReader((folder / "timeline.csv").open(newline=""))]
    assert moments == sorted(moments)
    assert len(moments) >= 8
    everything = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "x.example" not in everything, "addresses never"
    assert "@ccvo.example" not in everything


def test_a_dossier_with_pseudonyms_names_nobody(roeland: Roeland, message: Message, tmp_path: Path) -> None:
    """For an auditor outside: ids alone, and nothing that people typed as a reason."""
    roeland("message", "dossier", str(message.id), "-o", "d.zip", "--pseudonyms")
    folder = unzipped(tmp_path, "d.zip")
    everything = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert not [
        name for name in ("Bob", "Eve", "Zonder", "calc", "Janssens", "wacht", "schrijver") if name in everything
    ]
    assert "gebruiker 2 (approver)" in everything
    assert verified(folder).returncode == 0


def test_the_same_state_makes_the_same_dossier_and_each_is_recorded(
    roeland: Roeland, message: Message, database_url: str
) -> None:
    """Two that differ mean that something happened in between; that one was made is no such thing."""
    digests = [
        roeland("message", "dossier", str(message.id), "-o", f"{n}.zip", "--json").document["sha256"] for n in "ab"
    ]
    assert digests[0] == digests[1]
    assert [detail["sha256"] for _, _, detail, _ in acts(database_url, "message.dossier")] == digests
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE message SET stopped_at = now()")
    assert roeland("message", "dossier", str(message.id), "-o", "c.zip", "--json").document["sha256"] != digests[0]


def test_a_dossier_that_cannot_be_made_leaves_no_file(roeland: Roeland, message: Message, tmp_path: Path) -> None:
    """Half a dossier would be taken for a whole one; and one that is there may be the only one."""
    assert roeland("message", "dossier", "01a2086d-f51e-715f-ab79-538535e52f00", "-o", "d.zip", "--json").code == 1
    assert roeland("message", "dossier", str(message.id), "-o", "nowhere/d.zip", "--json").code == 1
    assert not list(tmp_path.glob("*d.zip*"))
    (tmp_path / "d.zip").write_text("x")
    assert roeland("message", "dossier", str(message.id), "-o", "d.zip").code == 1
    assert (tmp_path / "d.zip").read_text() == "x"
