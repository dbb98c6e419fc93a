"""What an administrator keeps at the console."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from services.console.access import COOKIE
from services.console.languages import catalogue
from services.console.remedies import OTHERWISE, REMEDIES
from services.console.words import ALARMS
from services.store import alarms, api_keys, opt_outs, sessions, users
from services.store.alarms import Alarm
from services.store.users import User
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
XSS: Final = "<img src=x onerror=alert(1)>"
PAGES: Final = (
    "", "/users", "/duty", "/alarms", "/check", "/dead-letters", "/opt-outs", "/keys", "/webhooks",
    "/sources", "/spending",
    "/configuration",
)  # fmt: skip


async def user(console: Console, email: str) -> User:
    async with console.desk.pool.connection() as connection:
        found = await users.find_user(connection, email)
    assert found is not None
    return found


@pytest.mark.parametrize("role", ["author", "approver", "crisis-manager", "auditor"])
async def test_nobody_but_an_administrator_opens_settings(console: Console, role: str) -> None:
    """Whoever could give themselves a role would have all of them."""
    client = await console.as_(role)
    mine = await user(console, f"{role}@ccvo.example")
    for page in PAGES:
        assert (await client.get(f"/settings{page}")).status_code == 403, page
    answer = await client.post(f"/settings/users/{mine.id}/roles", data={"role": "administrator"})
    assert answer.status_code == 403
    assert (await user(console, mine.email)).roles == [role]
    assert (await client.post("/settings/users", data={"email": "x@y.example", "role": "author"})).status_code == 403


async def test_an_administrator_opens_all_of_them(console: Console) -> None:
    """Also where there is nothing yet."""
    client = await console.as_("administrator")
    for page in PAGES:
        assert (await client.get(f"/settings{page}")).status_code == 200, page


async def test_a_user_is_added_changed_disabled_and_enabled(console: Console) -> None:
    """The roles are those that were chosen and no others; who is disabled is signed in nowhere, also not afterwards."""
    client = await console.as_("administrator")
    added = await client.post(
        "/settings/users", data={"email": "An@CCVO.example", "role": ["author", "approver"], "mobile": "0470 12 34 56"}
    )
    made = await user(console, "an@ccvo.example")
    assert added.headers["location"] == f"/settings/users/{made.id}?told=added"
    assert (made.roles, made.mobile) == (["approver", "author"], "+32470123456")
    where = f"/settings/users/{made.id}"
    assert "+32470123456" not in (await client.get(where)).text, "numbers are masked"
    assert (await client.post(f"{where}/roles", data={"role": "auditor"})).status_code == 303
    assert (await user(console, made.email)).roles == ["auditor"]
    assert (await client.post(f"{where}/roles")).status_code == 409, "no role at all is a slip"
    assert (await client.post(f"{where}/mobile", data={"mobile": ""})).status_code == 303
    assert (await user(console, made.email)).mobile is None

    theirs = await console.as_("auditor", email="an@ccvo.example")
    assert (await theirs.get("/newsletters")).status_code == 200
    await client.post(f"{where}/disable")
    assert (await theirs.get("/newsletters")).status_code == 303
    await client.post(f"{where}/roles", data={"role": "auditor"})
    assert (await user(console, made.email)).disabled_at is None
    assert (await theirs.get("/newsletters")).status_code == 303, "an old session does not come to life"


async def test_who_is_there_already_is_not_changed_by_adding_them(console: Console) -> None:
    """The command line sets the roles of one who exists; a form for a new one would do it by a slip."""
    client = await console.as_("administrator")
    answer = await client.post("/settings/users", data={"email": "administrator@ccvo.example", "role": "author"})
    assert answer.status_code == 409 and "administrator@ccvo.example" in answer.text
    assert (await user(console, "administrator@ccvo.example")).roles == ["administrator"]
    wrong = await client.post("/settings/users", data={"email": XSS, "role": "author"})
    assert wrong.status_code == 409 and XSS not in wrong.text and "&lt;img" in wrong.text


async def test_two_who_change_somebodys_roles_at_once_do_not_undo_each_other(console: Console) -> None:
    """The second sees what the first did before they choose; also where their form waited for a proof."""
    client = await console.as_("administrator")
    await console.as_("author")
    path = f"/settings/users/{(await user(console, 'author@ccvo.example')).id}"
    assert 'name="seen" value="author"' in (await client.get(path)).text
    first = await client.post(f"{path}/roles", data={"role": ["author", "approver"], "seen": "author"})
    assert first.status_code == 303
    second = await client.post(f"{path}/roles", data={"role": ["author", "auditor"], "seen": "author"})
    assert second.status_code == 409
    assert "Iemand wijzigde deze rollen intussen" in second.text
    assert (await user(console, "author@ccvo.example")).roles == ["approver", "author"]
    assert 'name="seen" value="approver author"' in second.text
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE users SET roles = '{}' WHERE email = 'author@ccvo.example'")
    assert 'name="seen" value="-"' in (await client.get(path)).text, "no role at all is a version too"
    assert (await client.post(f"{path}/roles", data={"role": ["author"], "seen": "-"})).status_code == 303
    assert (await client.post(f"{path}/roles", data={"role": ["auditor"], "seen": "-"})).status_code == 409


async def test_the_last_administrator_stays_one(console: Console) -> None:
    """Nobody could undo it at the console: not by disabling, not by taking the role away, and not two at once."""
    client = await console.as_("administrator")
    me = await user(console, "administrator@ccvo.example")
    for act, data in (("disable", {}), ("roles", {"role": "author"})):
        answer = await client.post(f"/settings/users/{me.id}/{act}", data=data)
        assert answer.status_code == 409 and "de laatste beheerder" in answer.text, act
    other = await console.as_("administrator", email="tweede@ccvo.example")
    second = await user(console, "tweede@ccvo.example")
    answers = await asyncio.gather(
        client.post(f"/settings/users/{second.id}/disable"), other.post(f"/settings/users/{me.id}/disable")
    )
    assert sorted(each.status_code for each in answers) in ([303, 303], [303, 409], [303, 403])
    async with console.desk.pool.connection() as connection:
        assert len(await users.lock_administrators(connection)) == 1


async def test_somebody_is_signed_out_somewhere_and_that_is_audited(console: Console) -> None:
    """A telephone that was lost is signed out from here; a session of another user is not hit by its number."""
    client = await console.as_("administrator")
    lost, other = await console.as_("author"), await console.as_("approver")
    author, approver = await user(console, "author@ccvo.example"), await user(console, "approver@ccvo.example")
    async with console.desk.pool.connection() as connection:
        (session,) = await sessions.standing_of(connection, author.id)
    assert f"/sessions/{session.id}/end" in (await client.get(f"/settings/users/{author.id}")).text
    await client.post(f"/settings/users/{approver.id}/sessions/{session.id}/end")
    assert (await lost.get("/newsletters")).status_code == 200, "it is not that user's"
    await client.post(f"/settings/users/{author.id}/sessions/{session.id}/end")
    assert (await lost.get("/newsletters")).status_code == 303
    assert (await other.get("/newsletters")).status_code == 200
    async with console.desk.pool.connection() as connection:
        acts = await (await connection.execute("SELECT subject FROM audit WHERE action = 'session.ended'")).fetchall()
    assert acts == [(f"user:{author.id}",)]
    assert lost.cookies.get(COOKIE) not in (await client.get(f"/settings/users/{author.id}")).text


async def test_duty_is_set_and_what_is_amiss_is_told(console: Console) -> None:
    """With what was chosen kept when it is refused."""
    client = await console.as_("administrator")
    await console.as_("approver")
    answer = await client.post("/settings/duty", data={"email": ["approver@ccvo.example", ""], "until": "2020-01-01"})
    assert answer.status_code == 409 and re.search(r"approver@ccvo\.example\" selected", answer.text)
    assert (await client.post("/settings/duty", data={"email": ["approver@ccvo.example"]})).status_code == 303
    assert "approver@ccvo.example" in (await client.get("/settings/duty")).text
    old = {"seen": "never", "email": ["approver@ccvo.example"], "until": "2099-01-01T08:00"}
    answer = await client.post("/settings/duty", data=old)
    assert (answer.status_code, "Iemand wijzigde dit intussen" in answer.text) == (409, True), "it was set meanwhile"
    assert 'value="2099-01-01T08:00"' in answer.text, "nothing that was chosen is lost"
    now = re.search(r'name="seen" value="([^"]+)"', answer.text)
    assert now and (await client.post("/settings/duty", data={**old, "seen": now[1]})).status_code == 303
    assert (await client.post("/settings/duty", data={"email": ["", ""]})).status_code == 409
    assert (
        await client.post("/settings/duty", data={"email": ["approver@ccvo.example"], "from": "x"})
    ).status_code == 409


async def test_whole_numbers_are_shown_to_who_asks_and_that_is_audited(console: Console) -> None:
    """Looking at a page changes nothing and shows no numbers; asking for them is an act."""
    client = await console.as_("administrator")
    async with console.desk.pool.connection() as connection:
        await opt_outs.add(connection, ["+32470123456"], "reply")
    page = (await client.get("/settings/opt-outs")).text
    assert "+32470123456" not in page
    assert "Nummers willen geen sms meer" in (await client.get("/settings/alarms")).text
    whole = await client.post("/settings/opt-outs/show")
    assert "+32470123456" in whole.text
    async with console.desk.pool.connection() as connection:
        (read,) = await (await connection.execute("SELECT action FROM audit")).fetchall()
        assert not await alarms.rung(connection)
    assert read == ("sms.opt-outs-read",)
    await client.post("/settings/opt-outs/lift", data={"number": "+32470123456"})
    async with console.desk.pool.connection() as connection:
        assert not await opt_outs.everyone(connection)


async def test_the_key_of_an_outside_system_is_shown_once(console: Console, capfd: pytest.CaptureFixture[str]) -> None:
    """In the one answer: not in the list, not in the audit, not in a log."""
    client = await console.as_("administrator")
    answer = await client.post(
        "/settings/sources", data={"name": "monitoring", "types": "be.example.*", "how": "signed"}
    )
    shown = re.search(r'value="(whsec_[^"]+)"', answer.text)
    assert shown, answer.text
    key = shown[1].replace("&#43;", "+")
    assert key not in (await client.get("/settings/sources")).text
    out = capfd.readouterr()
    assert key not in out.out + out.err
    async with console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT string_agg(a::text, '') FROM audit a")).fetchone()
    assert row and key not in row[0]
    assert (await client.post("/settings/sources/revoke", data={"name": "monitoring"})).status_code == 303
    wrong = await client.post("/settings/sources", data={"name": XSS, "types": "x"})
    assert wrong.status_code == 409 and XSS not in wrong.text


async def test_an_unreadable_record_is_shown_without_what_it_holds(console: Console) -> None:
    """It may be about people, and whoever wrote it may have meant it to be run."""
    client = await console.as_("administrator")
    async with console.desk.pool.connection() as connection:
        await connection.execute(
            """INSERT INTO dead_letter (topic, partition, "offset", reason, key, value)
               VALUES ('messages', 0, 12, %s, 'k', 'burgemeester@gent.example')""", (f"not JSON {XSS}",)
        )  # fmt: skip
    page = (await client.get("/settings/dead-letters")).text
    assert "not JSON" in page and XSS not in page and "burgemeester" not in page
    assert '<span class="badge bad">1</span>' in (await client.get("/settings")).text


async def test_an_alarm_says_in_words_what_to_do(console: Console) -> None:
    """For who is tired, and has no terminal; what it is about may come from anywhere."""
    client = await console.as_("administrator")
    async with console.desk.pool.connection() as connection:
        await alarms.ring(connection, Alarm("cannot-send", "mail", {"why": XSS}))
    page = (await client.get("/settings/alarms")).text
    assert "Een kanaal kan niet verzenden" in page and "Er vertrekt niets op dit kanaal" in page and XSS not in page


@pytest.mark.parametrize("kind", sorted({*ALARMS, *REMEDIES}))
def test_every_alarm_has_a_name_and_a_remedy_in_dutch(kind: str) -> None:
    """A kind that only one of the two tables knows is one that nobody finished."""
    assert kind in ALARMS and kind in REMEDIES
    for text in (REMEDIES[kind], OTHERWISE):
        assert catalogue("nl").gettext(text) != text, text


async def test_a_link_to_choose_a_password_is_shown_once(console: Console, capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever has it gets in as that user: in the one answer, in no list and in no log; and for nobody disabled."""
    client = await console.as_("administrator")
    await console.as_("author")
    author = await user(console, "author@ccvo.example")
    answer = await client.post(f"/settings/users/{author.id}/invite")
    shown = re.search(r"/welcome\?token=([\w-]{43})", answer.text)
    assert answer.status_code == 200 and shown
    assert shown[1] not in (await client.get(f"/settings/users/{author.id}")).text
    out = capfd.readouterr()
    assert shown[1] not in out.out + out.err
    await client.post(f"/settings/users/{author.id}/disable")
    assert (await client.post(f"/settings/users/{author.id}/invite")).status_code == 409


async def test_the_secret_of_a_webhook_is_shown_once_and_no_address_inside_is_taken(console: Console) -> None:
    """In the one answer; and an administrator's browser is no way into the network of the centre."""
    client = await console.as_("administrator")
    inside = await client.post("/settings/webhooks", data={"url": "https://127.0.0.1/x", "event": "done"})
    assert inside.status_code == 409
    assert (await client.post("/settings/webhooks", data={"url": "https://desk.example/hook"})).status_code == 409
    answer = await client.post("/settings/webhooks", data={"url": "https://desk.example/hook", "event": "done"})
    shown = re.search(r'value="(whsec_[^"]+)"', answer.text)
    assert shown
    page = (await client.get("/settings/webhooks")).text
    assert "whsec_" not in page and "desk.example" in page
    another = await client.post("/settings/webhooks/1/rotate", data={"hours": 24})
    again = re.search(r'value="(whsec_[^"]+)"', another.text)
    assert again and again[1] != shown[1] and "tekent mee tot" in another.text
    assert (await client.post("/settings/webhooks/2/rotate", data={"hours": 24})).status_code == 404
    assert (await client.post("/settings/webhooks/1/remove")).status_code == 303


async def test_an_administrator_revokes_anybodys_key(console: Console) -> None:
    """Of somebody who left, or lost it; the list shows no token."""
    client, author = await console.as_("administrator"), await console.as_("author")
    who = await user(console, "author@ccvo.example")
    token = api_keys.new_token()
    async with console.desk.pool.connection() as connection:
        until = datetime.now(UTC) + timedelta(days=1)
        made = await api_keys.add(connection, token, who.id, name=f"pers {XSS}", scopes=["see"], expires_at=until)
    page = (await client.get("/settings/keys")).text
    assert "author@ccvo.example" in page and token not in page and XSS not in page
    assert (await author.post(f"/settings/keys/{made.id}/revoke")).status_code == 403
    assert (await client.post(f"/settings/keys/{made.id}/revoke")).status_code == 303
    async with console.desk.pool.connection() as connection:
        assert await api_keys.by_token(connection, token) is None
