"""Addresses of feeds, as they are given out and taken away at the command line."""

from pathlib import Path

import psycopg
import pytest

from services.runtime.tokens import digest
from tests.admin.conftest import Roeland

pytestmark = pytest.mark.stack

ROOT = "https://crisis.example/roeland"


@pytest.fixture
def roeland_env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A database of its own."""
    return {
        "ROELAND_DATA_DIR": str(tmp_path / "data"), "ROELAND_DATABASE_URL": database_url, "ROELAND_PUBLIC_URL": ROOT,
    }  # fmt: skip


def test_a_named_address_is_shown_once_kept_as_a_hash_and_revoked_by_itself(
    roeland: Roeland, database_url: str
) -> None:
    """Whoever reads the database, the audit or a log can open no feed; whoever leaves is cut off alone."""
    roeland("users", "add", "an@ccvo.example", "--role", "administrator")
    given = roeland("feed", "tokens", "add", "governors", "--name", "Kabinet", "--json", "--as", "an@ccvo.example")
    token = given.document["url"].removeprefix(f"{ROOT}/feeds/governors/").removesuffix(".atom")
    assert len(token) == 27
    other = roeland("feed", "tokens", "add", "governors", "--name", "Pers", "--json").document
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT hash FROM feed_token ORDER BY id").fetchone() == (digest(token),)
        kept = str(connection.execute("SELECT * FROM feed_token").fetchall())
        told = str(connection.execute("SELECT action, subject, detail FROM audit ORDER BY id").fetchall())
    assert token not in kept + told and "feed-token.added" in told
    revoked = roeland("feed", "tokens", "revoke", str(given.document["id"]), "--json").document
    again = roeland("feed", "tokens", "revoke", str(given.document["id"]), "--json").document
    assert revoked["revoked_at"] and revoked == again
    listed = roeland("feed", "tokens", "list", "--json").document
    assert [(each["id"], bool(each["revoked_at"])) for each in listed] == [
        (other["id"], False),
        (given.document["id"], True),
    ]
    assert "Kabinet" in roeland("feed", "tokens", "list").out


def test_an_audiences_own_address_is_renewed_and_the_others_stay(roeland: Roeland, database_url: str) -> None:
    """One that leaked is replaced in one command, which tells the new one."""
    before = {each["audience"]: each["url"] for each in roeland("feed", "urls", "--json").document}
    renewed = roeland("feed", "renew", "governors", "--json").document
    after = {each["audience"]: each["url"] for each in roeland("feed", "urls", "--json").document}
    assert after == before | {"governors": renewed["url"]} and after != before
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM audit WHERE action = 'feed.renewed'").fetchone() == (1,)


def test_what_makes_no_sense_is_refused_in_words(roeland: Roeland) -> None:
    """The open feed has no secret; nobody can be told apart by a blank name."""
    for arguments in (
        ("renew", "public"), ("renew", "burglars"), ("tokens", "add", "public", "--name", "x"),
        ("tokens", "add", "governors", "--name", " "), ("tokens", "revoke", "99"), ("urls", "--incident", "nosuch-1"),
    ):  # fmt: skip
        refused = roeland("feed", *arguments, "--json")
        assert (refused.code, bool(refused.document["error"])) == (1, True)


def test_the_address_of_an_incident_in_any_form_is_told(roeland: Roeland, database_url: str) -> None:
    """Below the audience's own address, so that one secret opens both."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO incident (slug, title, phase, exercise) VALUES ('storm-2026-001', 'Storm', 'acute', false)"
        )
    of_all = {each["audience"]: each["url"] for each in roeland("feed", "urls", "--json").document}
    arguments = ("feed", "urls", "--incident", "storm-2026-001", "--format", "rss", "--json")
    of_one = {each["audience"]: each["url"] for each in roeland(*arguments).document}
    assert of_one == {
        audience: url.removesuffix(".atom") + "/incidents/storm-2026-001.rss" for audience, url in of_all.items()
    }
