"""Newsletters as they are kept at a command line."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.store import editions, newsletters
from tests.admin.conftest import ROOT, Roeland
from tests.editorial.newsletters import TODAY, made
from tests.store.world import connect

pytestmark = pytest.mark.stack

WRITER, READER = "schrijver@ccvo.example", "lezer@ccvo.example"
EXAMPLE = ROOT / "examples" / "newsletter.yaml"
NAME = "lokale-besturen"


@pytest.fixture
def roeland_env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A database of its own, and links that readers can follow."""
    return {
        "ROELAND_DATA_DIR": str(tmp_path / "data"),
        "ROELAND_DATABASE_URL": database_url,
        "ROELAND_PUBLIC_URL": "https://crisis.example",
        "ROELAND_USER": WRITER,
    }


@pytest.fixture
def people(roeland: Roeland) -> Roeland:
    roeland("users", "add", WRITER, "--role", "author")
    roeland("users", "add", READER, "--role", "auditor")
    return roeland


@pytest.fixture
def newsletter(people: Roeland) -> Roeland:
    assert people("newsletter", "add", str(EXAMPLE)).code == 0
    return people


def test_a_newsletter_is_made_from_its_file_and_shows_when_it_goes_out(people: Roeland) -> None:
    """Whoever makes one sees at once on which dates it goes out, and on which not and why."""
    added = people("newsletter", "add", str(EXAMPLE), "--json").document
    assert (added["newsletter"], added["change"], added["incident"]) == (NAME, "added", f"newsletter-{NAME}")
    shown = people("newsletter", "show", NAME, "--json").document
    assert shown["coming"] == added["coming"] and len(shown["coming"]) == 5
    assert {each["plan"] for each in people("newsletter", "list", "--json").document[0]["coming"]} >= {"not-a-weekday"}
    assert f"{NAME}  Nieuwsbrief" in people("newsletter", "list").out


def test_the_same_file_again_changes_nothing_and_another_one_defines_it_anew(
    newsletter: Roeland, tmp_path: Path
) -> None:
    """Files are kept in a folder and added again; what stands is not approved anew for that."""
    again = newsletter("newsletter", "add", str(EXAMPLE), "--json").document
    assert again["change"] == "unchanged"
    changed = newsletter("newsletter", "add", file(tmp_path, quiet_day="say-so"), "--json").document
    assert changed["change"] == "changed" and changed["id"] == again["id"] and changed["hash"] != again["hash"]
    real = newsletter("newsletter", "add", file(tmp_path, exercise=True), "--json")
    assert real.code == 1 and "is real" in real.document["error"]


def test_only_those_who_write_may_make_one_and_only_where_readers_can_end_it(people: Roeland) -> None:
    """A mail without a link to end it is refused by mail providers, and asks for complaints (RFC 8058)."""
    assert people("newsletter", "add", str(EXAMPLE), "--as", READER).code == 1
    refused = people("newsletter", "add", str(EXAMPLE), "--json", env={"ROELAND_PUBLIC_URL": ""})
    assert refused.code == 1 and "ROELAND_PUBLIC_URL" in refused.document["error"]
    assert people("newsletter", "list", "--json").document == []


def test_its_series_is_no_incident_to_people(newsletter: Roeland) -> None:
    """A list of what is the matter does not begin with what is sent every day."""
    assert newsletter("incident", "list", "--all", "--json").document == []
    assert newsletter("board", "--json").document["promises"] == []


def test_history_says_what_each_date_came_to(newsletter: Roeland, tmp_path: Path, database_url: str) -> None:
    """Whoever asks why there was no newsletter on Tuesday finds it in one line."""
    assert newsletter("newsletter", "add", file(tmp_path, quiet_day="say-so")).code == 0
    day = timedelta(days=1)

    async def lived() -> None:
        async with await connect(database_url) as connection:
            row = await newsletters.find(connection, NAME)
            assert row
            await made(connection, row, TODAY - 2 * day, due=-2 * day)
            await made(connection, row, TODAY - day, due=-timedelta(hours=1))
            await editions.skip(connection, row.id, TODAY, reason="vrij", by=None)
            await made(connection, row, TODAY)

    asyncio.run(lived())
    found = newsletter("newsletter", "history", NAME, "--json").document
    assert [(each["decision"], each["late"], each["number"]) for each in found] == [
        ("skipped", False, None), ("made", True, 1), ("too-late", False, None),
    ]  # fmt: skip
    shown = newsletter("newsletter", "history", NAME, "--limit", "2").out
    assert "skipped\n    vrij" in shown and "LATE" in shown and "not taken up yet" in shown and "too-late" not in shown
    again = newsletter("newsletter", "skip", NAME, TODAY.isoformat(), "--json")
    assert again.code == 1 and "is decided" in again.document["error"]


def file(folder: Path, **changed: Any) -> str:
    """The example with other values, as a file."""
    path = folder / "newsletter.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(EXAMPLE.read_text()) | {"schedule": {"time": "17:00"}} | changed))
    return str(path)


def test_a_change_of_hour_is_shown_first_and_then_done(newsletter: Roeland) -> None:
    """Whoever moves an hour sees which dates move, before and after."""
    tried = newsletter("newsletter", "schedule", NAME, "--time", "16:00", "--dry-run", "--json").document
    assert (tried["change"], tried["dry_run"]) == ("changed", True)
    assert tried["coming"][3]["at"] < tried["before"][3]["at"]
    assert newsletter("newsletter", "show", NAME, "--json").document["hash"] != tried["hash"]
    done = newsletter("newsletter", "schedule", NAME, "--time", "16:00", "--weekdays", "sat,sun", "--json").document
    assert done["definition"]["schedule"]["weekdays"] == ["sat", "sun"]
    shown = newsletter("newsletter", "schedule", NAME, "--json").document
    assert len(shown["coming"]) == 14 and shown["coming"] == done["coming"]
    for wrong in (["--time", "25:00"], ["--weekdays", "maandag"], ["--late", "0"], ["--holidays", "maybe"]):
        assert newsletter("newsletter", "schedule", NAME, *wrong, "--json").code == 2, wrong


def test_a_pause_and_a_date_to_skip_show_in_the_dates_to_come(newsletter: Roeland) -> None:
    """What nobody sees is forgotten: a pause for a holiday lasts until spring."""
    daily = ("newsletter", "schedule", NAME, "--weekdays", "mon,tue,wed,thu,fri,sat,sun", "--holidays", "send")
    dates = [each["date"] for each in newsletter(*daily, "--json").document["coming"]]
    paused = newsletter("newsletter", "pause", NAME, "--until", dates[2], "--reason", "vakantie", "--json").document
    assert [each["plan"] for each in paused["coming"][:3]] == ["paused", "paused", "goes-out"]
    assert paused["state"] == "paused" and "PAUSED" in newsletter("newsletter", "show", NAME).out
    skipped = newsletter("newsletter", "skip", NAME, dates[3], "--reason", "vrij", "--json").document
    assert (skipped["plan"], skipped["reason"]) == ("skipped", "vrij")
    assert newsletter("newsletter", "resume", NAME, "--json").document["changed"]
    assert not newsletter("newsletter", "resume", NAME, "--json").document["changed"]
    plans = [each["plan"] for each in newsletter("newsletter", "schedule", NAME, "--json").document["coming"][:4]]
    assert plans == ["goes-out", "goes-out", "goes-out", "skipped"]
    assert newsletter("newsletter", "skip", NAME, dates[3], "--undo", "--json").document["plan"] == "goes-out"
    assert newsletter("newsletter", "skip", NAME, "2126-12-24").code == 1
    assert newsletter("newsletter", "skip", NAME, "24/12/2026").code == 2
    assert newsletter("newsletter", "pause", NAME, "--until", "2020-01-01").code == 1
    assert newsletter("newsletter", "history", NAME, "--json").document == []


def test_a_new_name_changes_nothing_for_readers_and_the_old_one_stays_its_own(
    newsletter: Roeland, tmp_path: Path
) -> None:
    """Mail programs sort by List-Id; and a second newsletter of the first one's name would be taken for it."""
    before = newsletter("newsletter", "show", NAME, "--json").document
    after = newsletter("newsletter", "rename", NAME, "gemeenten", "--json").document
    assert after["newsletter"] == "gemeenten" and after["definition"]["slug"] == "gemeenten"
    assert [after[key] for key in ("id", "list_id", "hash", "incident")] == [
        before[key] for key in ("id", "list_id", "hash", "incident")
    ]
    assert newsletter("newsletter", "show", NAME).code == 1
    refused = newsletter("newsletter", "add", str(EXAMPLE), "--json")
    assert refused.code == 1 and "gemeenten" in refused.document["error"]
    assert newsletter("newsletter", "add", file(tmp_path, newsletter="andere"), "--json").code == 0
    assert newsletter("newsletter", "rename", "andere", "gemeenten").code == 1
    assert newsletter("newsletter", "rename", "andere", "Niet Goed").code == 1
    assert newsletter("newsletter", "rename", "gemeenten", NAME).code == 0
