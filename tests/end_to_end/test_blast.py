"""An SMS to thirty, sent by one person alone: on the real stack, from the command to the provider's record."""

import pytest

from tests.end_to_end.running import Roeland

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(400)]

MANAGER = "nacht@ccvo.example"
PEOPLE = 30
TEXT = "CCVO: het loonsysteem ligt stil. Gebruik de noodprocedure."


def test_thirty_people_get_this_text_once(roeland: Roeland) -> None:
    """And the record says done."""
    rows = [f"blast{n},Lid {n},,,partners,,,,,+3247012{n:04}" for n in range(PEOPLE)]
    columns = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile"
    people = roeland.data / "blast.csv"
    people.write_text("\n".join([columns, *rows]), encoding="utf-8")
    roeland.run("contacts", "import", str(people))
    roeland.run("users", "add", MANAGER, "--role", "crisis-manager")
    roeland.run("incident", "open", "blast-1", "--title", "Loonsysteem ligt stil")
    options = ["--audience", "partners", "--text", TEXT, "--incident", "blast-1", "--yes", "--break-glass", "nacht"]
    sent = roeland.run("sms", "blast", *options, as_=MANAGER)
    assert sent["recipients"] == PEOPLE
    assert roeland.until_done(sent["id"])["state"] == "done"
    got = [each["to"] for each in roeland.texts() if each["body"] == TEXT]
    assert sorted(got) == [f"+3247012{n:04}" for n in range(PEOPLE)]
