"""A crisis from the first report to the closed dossier, as the people of the centre go through it, on real parts.

One story in steps: each test is the next chapter, and needs the ones before.
"""

import hashlib
import json
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.running import APPROVER, AUTHOR, Refused, Roeland

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(600)]

INCIDENT = "cyber-2026-020"
MANAGER = "crisismanager@ccvo.example"

PEOPLE = """external_id,name,organisation,role,audience,municipality,province,language,email,mobile
g1,Gouverneur van Limburg,Provincie Limburg,gouverneur,governors,,Limburg,nl,gov@limburg.example,0470000001
m1,Burgemeester van Aalst,Gemeente Aalst,burgemeester,local-governments,Aalst,,nl,bm@aalst.example,0470000002
m2,Burgemeester van Genk,Gemeente Genk,burgemeester,local-governments,Genk,,nl,bm@genk.example,0470000003
h1,Personeel,Departement A,hrbp,hr-business-partners,,,nl,hr@a.example,0470000004
b1,Continuïteit,Departement A,bcm,bcm-leads,,,nl,bcm@a.example,0470000005
"""


def moment(hours: float) -> str:
    """So many hours from now, as in a message file."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")


@pytest.fixture(scope="module")
def told(roeland: Roeland) -> dict[str, Any]:
    """The people, and what the chapters leave for the next: ids by name."""
    people = roeland.data / "people.csv"
    people.write_text(PEOPLE, encoding="utf-8")
    assert roeland.run("contacts", "import", str(people))["added"] == 5
    roeland.run("users", "add", MANAGER, "--role", "crisis-manager", "--mobile", "+32470999999")
    roeland.run("users", "add", APPROVER, "--role", "approver", "--mobile", "+32470999998")
    roeland.run("duty", "set", APPROVER, MANAGER)
    return {}


def draft() -> dict[str, Any]:
    """The alert: governors and mayors first, the feed last."""
    return {
        "incident": INCIDENT,
        "kind": "alert",
        "urgency": "urgent",
        "title": "Loonadministratie niet beschikbaar",
        "audiences": ["governors", "local-governments", "hr-business-partners", "public"],
        "channels": ["mail", "sms", "newsfeed"],
        "key_messages": [
            {"text": "De loonadministratie ligt stil.", "facts": [{"fact": "stilstand"}]},
            {"text": "De lonen van november komen later.", "audiences": ["hr-business-partners"]},
        ],
        "unknown": ["Wanneer de dienst herstelt."],
        "actions": ["Verwijs vragen door naar uw aanspreekpunt."],
        "next_update_at": moment(2),
        "release_order": [
            {"audiences": ["governors", "local-governments"], "channels": ["mail", "sms"]},
            {"audiences": ["hr-business-partners"], "when": {"accepted": "95%", "at_most": "5m"}},
            {"channels": ["newsfeed"], "when": {"accepted": "95%", "at_most": "5m"}},
        ],
    }


def test_1_the_incident_is_opened_and_its_first_fact_recorded(roeland: Roeland, told: dict[str, Any]) -> None:
    """One source of truth, with who is concerned and who speaks for them."""
    opened = roeland.run(
        "incident", "open", INCIDENT, "--title", "Cyberincident bij de loonadministratie", "--type", "cyber",
        "--level", "federal", "--entity", "Agentschap Overheidspersoneel", "--spoc", "woordvoerder AgO", as_=MANAGER,
    )  # fmt: skip
    assert opened["phase"] == "acute"
    set_ = roeland.run(
        "fact", "set", INCIDENT, "stilstand", "--nl", "De dienst ligt stil sinds 8 uur.", "--value", "sinds=8 uur",
        "--status", "confirmed", "--source", "AgO", as_=MANAGER,
    )  # fmt: skip
    assert set_["version"] == 1


def test_2_a_playbook_gives_a_draft_with_holes_that_cannot_be_sent(roeland: Roeland, told: dict[str, Any]) -> None:
    """What was thought through before the crisis, in a file that asks what only the crisis can say."""
    books = {book["playbook"] for book in roeland.run("playbook", "list")}
    assert len(books) >= 6 and "cyber-incident" in books
    path = roeland.data / "draft.yaml"
    roeland.run("playbook", "start", "cyber-incident", "--phase", "acute", "--incident", INCIDENT, "-o", str(path))
    assert yaml.safe_load(path.read_text())["incident"] == INCIDENT
    with pytest.raises(Refused, match="hole"):
        roeland.run("message", "submit", str(path), as_=AUTHOR)


def test_3_lint_refuses_what_must_not_be_said_and_lets_the_mended_text_through(
    roeland: Roeland, told: dict[str, Any]
) -> None:
    """Another hour than the fact has, no next update, a link that leads nowhere: none of it leaves the house."""
    wrong = draft()
    wrong["key_messages"][0]["facts"] = [{"text": "De dienst ligt stil sinds 9 uur.", "fact": "stilstand"}]
    wrong["actions"] = ["Kijk op http://10.0.0.1/intern."]
    del wrong["next_update_at"]
    with pytest.raises(Refused) as refused:
        roeland.submit(wrong)
    assert len(json.loads(str(refused.value))["problems"]) >= 3
    answer = roeland.submit(draft())
    assert answer["state"] == "proofed"
    assert answer["recipients"] == 4
    told["alert"] = answer["id"]


def test_4_who_is_on_duty_is_called(roeland: Roeland, told: dict[str, Any]) -> None:
    """By SMS and mail, before anybody else is told anything."""
    wait = _until(lambda: [text for text in roeland.texts() if text["to"] == "+32470999998"])
    assert INCIDENT in wait[0]["body"]
    assert not [text for text in roeland.texts() if not text["to"].startswith("+324709999")]


def test_5_approved_it_goes_to_governors_and_mayors_first_and_to_the_feed_last(
    roeland: Roeland, told: dict[str, Any]
) -> None:
    """And the record says by how many seconds they knew before the public did."""
    assert roeland.approve(told["alert"])["state"] == "released"
    status = roeland.until_done(told["alert"])
    first, second, feed = status["steps"]
    assert first["opened_at"] <= second["opened_at"] <= feed["opened_at"]
    assert first["last_accepted_at"] <= feed["first_accepted_at"]
    assert first["lead_seconds"] > 0
    people = [row for row in roeland.run("message", "export", told["alert"])["rows"] if row["external_id"]]
    assert {row["external_id"] for row in people} == {"g1", "m1", "m2", "h1"}
    assert all(row["lead_seconds"] > 0 for row in people if row["accepted_at"])


def test_6_a_fact_that_was_wrong_is_put_right_with_exactly_those_who_got_it(
    roeland: Roeland, told: dict[str, Any]
) -> None:
    """Not the BCM leads, who never heard of it; each mail in the thread of the wrong one."""
    roeland.run(
        "fact", "set", INCIDENT, "stilstand", "--nl", "De dienst ligt stil sinds 6 uur.", "--value", "sinds=6 uur",
        "--status", "confirmed", "--source", "AgO, 11 uur", as_=MANAGER,
    )  # fmt: skip
    path = roeland.data / "correction.yaml"
    impact = roeland.run("fact", "impact", INCIDENT, "stilstand", "--draft", str(path))
    assert [each["message"] for each in impact["messages"]] == [told["alert"]]
    correction = yaml.safe_load(path.read_text())
    assert correction["corrects"] == told["alert"]
    correction.setdefault("next_update_at", moment(3))
    path.write_text(yaml.safe_dump(correction, allow_unicode=True), encoding="utf-8")
    answer = roeland.run("message", "submit", str(path), as_=AUTHOR)
    told["correction"] = answer["id"]
    roeland.approve(answer["id"])
    status = roeland.until_done(answer["id"])
    wrong = {mail["To"].addresses[0].addr_spec: mail["Message-ID"] for mail in _mails(roeland, told["alert"])}
    right = {mail["To"].addresses[0].addr_spec: mail for mail in _mails(roeland, told["correction"])}
    assert set(right) == set(wrong) == {"gov@limburg.example", "bm@aalst.example", "bm@genk.example", "hr@a.example"}
    for address, mail in right.items():
        assert mail["In-Reply-To"] == wrong[address]
        text = mail.get_body(("plain",)).get_content()
        assert "8 uur" in text and "6 uur" in text
    assert status["correction"]["not_reached"] == 0


def test_7_the_all_clear_reaches_everyone_who_was_alerted(roeland: Roeland, told: dict[str, Any]) -> None:
    """Whatever audience they were in then."""
    roeland.run("incident", "phase", INCIDENT, "recovery", "--reason", "dienst werkt weer", as_=MANAGER)
    answer = roeland.submit(
        {
            "incident": INCIDENT, "kind": "all-clear", "urgency": "urgent", "title": "Loonadministratie werkt weer",
            "channels": ["mail", "sms", "newsfeed"], "key_messages": ["De loonadministratie werkt weer volledig."],
            "actions": ["Informeer uw personeel."],
        }
    )  # fmt: skip
    told["all-clear"] = answer["id"]
    roeland.approve(answer["id"])
    roeland.until_done(answer["id"])
    reached = {mail["To"].addresses[0].addr_spec for mail in _mails(roeland, answer["id"])}
    assert reached == {"gov@limburg.example", "bm@aalst.example", "bm@genk.example", "hr@a.example"}


def test_8_the_closed_incident_has_a_dossier_that_stands_without_us(
    roeland: Roeland, told: dict[str, Any], tmp_path: Path
) -> None:
    """Checked with nothing but the standard library; and the chain of acts is whole."""
    roeland.run("incident", "close", INCIDENT, as_=MANAGER)
    roeland.run("audit", "verify")  # ends with 1 when the chain is broken
    path = tmp_path / "dossier.zip"
    roeland.run("message", "dossier", told["alert"], "-o", str(path), as_=MANAGER)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "dossier")
    sums = (tmp_path / "dossier" / "SHA256SUMS").read_text().splitlines()
    assert sums
    for line in sums:
        digest, name = line.split(maxsplit=1)
        assert hashlib.sha256((tmp_path / "dossier" / name.lstrip("*")).read_bytes()).hexdigest() == digest


def _mails(roeland: Roeland, message_id: str) -> list[Any]:
    return [mail for mail in roeland.mails() if mail["Message-ID"].startswith(f"<{message_id.replace('-', '')}.")]


def _until(look: Any, seconds: float = 15) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
    return found
