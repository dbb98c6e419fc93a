"""A long crisis, as a local government and a website live it: the newsfeed, and one newsletter a day. On real parts.

One story in steps: each test is the next chapter, and needs the ones before.
"""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from email.message import EmailMessage
from typing import Any

import feedparser
import pytest
import yaml
from lxml import etree

from tests.domain.messages import TOMORROW
from tests.end_to_end.running import APPROVER, AUTHOR, Refused, Roeland

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(600)]

INCIDENT = "wateroverlast-2026-003"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"

PEOPLE = """external_id,name,organisation,role,audience,municipality,province,language,email,mobile
g1,Gouverneur van Limburg,Provincie Limburg,gouverneur,governors,,Limburg,nl,gov@limburg.example,
m1,Burgemeester van Aalst,Gemeente Aalst,burgemeester,local-governments,Aalst,,nl,bm@aalst.example,
m2,Burgemeester van Genk,Gemeente Genk,burgemeester,local-governments,Genk,,nl,bm@genk.example,
"""


@pytest.fixture(scope="module")
def told(roeland: Roeland) -> dict[str, Any]:
    """The people and the newsletter, and what the chapters leave for the next."""
    people = roeland.data / "people.csv"
    people.write_text(PEOPLE, encoding="utf-8")
    assert roeland.run("contacts", "import", str(people))["added"] == 3
    newsletter = roeland.data / "newsletter.yaml"
    newsletter.write_text(
        yaml.safe_dump(
            {
                "newsletter": "lokaal", "title": "Nieuwsbrief voor lokale besturen", "audiences": ["local-governments"],
                "schedule": {"time": "23:59", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                             "holidays": "send"},
                "by_province": ["local-governments"],
            }
        ),
        encoding="utf-8",
    )  # fmt: skip
    roeland.run("newsletter", "add", str(newsletter), as_=AUTHOR)
    return {}


def release(roeland: Roeland, **said: Any) -> str:
    """Submit, approve and send a message; its id."""
    message = {
        "incident": INCIDENT, "urgency": "routine", "audiences": ["local-governments", "public"],
        "channels": ["mail", "newsfeed"], "next_update_at": TOMORROW, **said,
    }  # fmt: skip
    message_id: str = roeland.submit(message)["id"]
    roeland.approve(message_id)
    roeland.until_done(message_id)
    return message_id


def test_1_what_is_released_stands_in_every_form_of_the_feed_and_on_its_page(
    roeland: Roeland, told: dict[str, Any]
) -> None:
    """The same truth for feed readers, websites, warning systems and people; without what is for mayors alone."""
    told["alert"] = release(
        roeland, kind="update", title="Wateroverlast in Genk", area=["Genk"],
        key_messages=["De Stiemer treedt buiten haar oevers.", {
            "text": "Open uw opvangcentrum.", "audiences": ["local-governments"]}],
    )  # fmt: skip
    for form in ("atom", "rss"):
        feed = _until(lambda form=form: _feed(roeland, f"/feeds/public.{form}"))
        assert not feed.bozo and [each.title for each in feed.entries] == ["Wateroverlast in Genk"]
    items = json.loads(_get(roeland, "/feeds/public.json"))["items"]
    assert items[0]["title"] == "Wateroverlast in Genk"
    alert = etree.fromstring(_get(roeland, f"/messages/{told['alert']}.cap"))
    assert alert.findtext(f"{CAP}msgType") == "Alert" and alert.findtext(f"{CAP}status") == "Actual"
    assert "BE-VLI" in [each.text for each in alert.iter(f"{CAP}value")]
    page = _get(roeland, f"/messages/{told['alert']}").decode()
    for shown in (page, etree.tostring(alert, encoding="unicode"), json.dumps(items)):
        assert "Stiemer" in shown and "opvangcentrum" not in shown


def test_2_the_code_in_a_mail_says_that_it_is_genuine(roeland: Roeland, told: dict[str, Any]) -> None:
    """And one that nobody printed is not."""
    text = _text(_mails(roeland, told["alert"])[0])
    code = _code(text)
    assert f"verify?code={code}" in text or "/verify" in text
    answer = _get(roeland, f"/verify?code={urllib.parse.quote(code)}").decode()
    assert "lokale besturen" in answer
    with pytest.raises(urllib.error.HTTPError, match="404"):
        _get(roeland, "/verify?code=00000-00000")


def test_3_an_edition_waits_for_a_person_until_somebody_approved_the_newsletter(
    roeland: Roeland, told: dict[str, Any]
) -> None:
    """Never by who wrote what the newsletter is."""
    release(
        roeland, kind="update", title="Stroomuitval in Aalst", incident="stroom-2026-001", area=["Aalst"],
        key_messages=["Het centrum van Aalst is zonder stroom."],
    )  # fmt: skip
    preview = roeland.run("newsletter", "preview", "lokaal", as_=AUTHOR)
    assert preview["recipients"] == 2
    roeland.run("users", "add", AUTHOR, "--role", "author", "--role", "approver")
    with pytest.raises(Refused, match="does not approve"):
        roeland.run("newsletter", "approve", "lokaal", as_=AUTHOR)
    roeland.run("newsletter", "approve", "lokaal", as_=APPROVER)


def test_4_the_edition_goes_out_once_with_the_readers_own_province_first(
    roeland: Roeland, told: dict[str, Any]
) -> None:
    """And with what a newsletter owes: who sent it, how to end it, that no robot answers it."""
    roeland.run("newsletter", "send", "lokaal", "--yes", as_=AUTHOR)
    edition = _until(lambda: _edition(roeland))
    told["edition"] = edition
    roeland.until_done(edition)
    mails = {mail["To"].addresses[0].addr_spec: mail for mail in _mails(roeland, edition)}
    assert set(mails) == {"bm@aalst.example", "bm@genk.example"}
    for address, first, second in (
        ("bm@genk.example", "Wateroverlast in Genk", "Stroomuitval in Aalst"),
        ("bm@aalst.example", "Stroomuitval in Aalst", "Wateroverlast in Genk"),
    ):
        text = _text(mails[address])
        assert 0 <= text.index(first) < text.index(second)
        assert "opvangcentrum" in text
        html = mails[address].get_body(("html",))
        assert html is not None and len(html.get_content().encode()) < 100_000
        assert "lokaal" in mails[address]["List-Id"]
        assert mails[address]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mails[address]["Auto-Submitted"] == "auto-generated"
    told["genk"] = mails["bm@genk.example"]
    with pytest.raises(Refused):
        roeland.run("newsletter", "send", "lokaal", "--yes", as_=AUTHOR)


def test_5_the_reader_reads_it_in_the_browser_and_leaves_with_one_click(roeland: Roeland, told: dict[str, Any]) -> None:
    """A GET ends nothing, for scanners follow links."""
    leave = re.fullmatch(r"<(.+)>", told["genk"]["List-Unsubscribe"].split(",")[0].strip())
    assert leave is not None
    link = leave[1].removesuffix("/unsubscribe")
    assert "Wateroverlast in Genk" in _fetch(link).decode()
    assert "Nieuwsbrief voor lokale besturen" in _fetch(f"{link}/archive").decode()
    assert "ringende" in _fetch(leave[1]).decode()
    assert not _left(roeland)
    _fetch(leave[1], b"List-Unsubscribe=One-Click")
    assert _left(roeland) == ["m2"]


def test_6_who_left_still_gets_what_is_urgent(roeland: Roeland, told: dict[str, Any]) -> None:
    """Nobody can end crisis messages; and they say nothing of a newsletter."""
    message_id = release(
        roeland, kind="correction", corrects=told["alert"], title="Niet de Stiemer, de Demer",
        key_messages=["De Demer treedt buiten haar oevers."],
    )  # fmt: skip
    mails = {mail["To"].addresses[0].addr_spec: mail for mail in _mails(roeland, message_id)}
    assert set(mails) == {"bm@aalst.example", "bm@genk.example"}
    assert all(mail["List-Unsubscribe"] is None for mail in mails.values())
    told["correction"] = message_id


def test_7_the_feed_says_what_was_put_right_and_what_was_withdrawn(roeland: Roeland, told: dict[str, Any]) -> None:
    """Ids stay for life, and warning systems hear an update and a cancellation of what they had."""
    before = {each.id for each in _feed(roeland, "/feeds/public.atom").entries}
    update = etree.fromstring(_until(lambda: _found(roeland, f"/messages/{told['correction']}.cap")))
    assert update.findtext(f"{CAP}msgType") == "Update"
    assert told["alert"] in (update.findtext(f"{CAP}references") or "")
    roeland.run("message", "withdraw", told["correction"], "--reason", "Het was toch de Stiemer.", as_=APPROVER)
    feed = _until(
        lambda: (
            (found := _feed(roeland, "/feeds/public.atom"))
            and any("INGETROKKEN" in each.title for each in found.entries)
            and found
        )
    )
    assert before <= {each.id for each in feed.entries}


def _edition(roeland: Roeland) -> str | None:
    made = [each for each in roeland.run("newsletter", "history", "lokaal") if each["decision"] == "made"]
    return made[0]["message"] if made and roeland.status(made[0]["message"])["state"] == "done" else None


def _left(roeland: Roeland) -> list[str]:
    found = roeland.run("newsletter", "subscribers", "lokaal", "--unsubscribed")
    return [each["external_id"] for each in found["contacts"]]


def _mails(roeland: Roeland, message_id: str) -> list[EmailMessage]:
    return [mail for mail in roeland.mails() if mail["Message-ID"].startswith(f"<{message_id.replace('-', '')}.")]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _code(text: str) -> str:
    found = re.search(r"\b[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b", text)
    assert found is not None, text
    return found[0]


def _get(roeland: Roeland, path: str) -> bytes:
    return _fetch(roeland.description()["public_url"] + path)


def _found(roeland: Roeland, path: str) -> bytes | None:
    try:
        return _get(roeland, path)
    except urllib.error.HTTPError:
        return None


def _feed(roeland: Roeland, path: str) -> Any:
    found = feedparser.parse(_get(roeland, path))
    return found if found.entries else None


def _fetch(url: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=10) as answer:
        found: bytes = answer.read()
        return found


def _until(look: Any, seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)
    return found
