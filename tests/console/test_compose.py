"""Writing a message: every pause is kept, two people never overwrite each other, what is wrong stands at its field."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

from services.console.access import Who
from services.console.composing.previews import Previews, Superseded
from services.store import drafts
from services.store.sessions import Session
from services.store.users import find_user
from tests.console.conftest import Console

pytestmark = pytest.mark.stack

HX = {"HX-Request": "true"}
TEXTS = {
    "incident": "cyber-2026-014", "kind": "alert", "urgency": "urgent", "title.0.text": "De loonmotor ligt stil",
    "key_messages.0.text.0.text": "De lonen komen later.", "actions.0.text": "Verwittig uw personeel.",
    "next_update_at": "2030-01-01T16:00",
}  # fmt: skip


async def begun(client: httpx.AsyncClient, **chosen: str) -> str:
    """The address of a new draft."""
    answer = await client.post("/compose", data={"how": "nothing", "incident": "cyber-2026-014", **chosen})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def form(version: int, texts: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """What a browser sends of the form."""
    groups = {"in": ["exercise", "audiences", "channels", "confirm"], "audiences": ["governors"], "channels": ["mail"]}
    return {"version": str(version), "tab": "tab-1", "whole": "1", **groups, **(texts or TEXTS), **more}


async def saved(client: httpx.AsyncClient, where: str, version: int = 1, **more: Any) -> httpx.Response:
    """A pause in typing."""
    return await client.post(where, data=form(version, **more), headers=HX)


async def pressed(client: httpx.AsyncClient, where: str, version: int, **more: Any) -> httpx.Response:
    """The button that keeps it, as a page without scripts sends it."""
    return await client.post(where, data=form(version, do="save", **more))


async def test_a_playbook_becomes_a_draft_that_says_what_is_to_be_filled_in(console: Console) -> None:
    """At its field, in the words of the playbook; and one sees already what the message looks like."""
    client = await console.as_("author")
    where = await begun(client, how="playbook", entry="cyber-incident/eerste-melding")
    page = (await client.get(where)).text
    assert "Welke dienst is geraakt?" in page
    assert re.search(r'id="e-title-0">\s*<p class="wrong"', page)
    assert "[dienst] is niet beschikbaar" in page


async def test_every_pause_is_kept_and_weighed(console: Console) -> None:
    """What was typed is there after the browser was closed; the preview is of what was typed."""
    client = await console.as_("author")
    where = await begun(client)
    answer = await saved(client, where)
    assert answer.status_code == 200
    assert 'value="2"' in answer.text and answer.headers["HX-Trigger"] == "draft-saved"
    part = await client.get(f"{where}/beside", headers=HX)
    assert "De lonen komen later." in part.text and "gouverneurs" in part.text
    assert "De loonmotor ligt stil" in (await client.get(where)).text


async def test_what_was_not_changed_makes_no_new_version(console: Console) -> None:
    """Else two who only look would tell each other that somebody wrote."""
    client = await console.as_("author")
    where = await begun(client)
    await saved(client, where)
    assert 'value="2"' in (await saved(client, where, 2)).text


async def test_two_people_at_one_draft_see_both_texts_and_lose_nothing(console: Console) -> None:
    """Whoever is second gets what each wrote, and chooses; the first one's text stands until then."""
    an, bo = await console.as_("author", email="an@ccvo.example"), await console.as_("author", email="bo@ccvo.example")
    where = await begun(an)
    await saved(an, where)
    theirs = {**TEXTS, "title.0.text": "Titel van Bo"}
    assert (await saved(bo, where, 2, texts=theirs, tab="tab-2")).status_code == 200
    mine = {**TEXTS, "title.0.text": "Titel van An", "actions.0.text": "Bel uw bank."}
    refused = await saved(an, where, 2, texts=mine, touched="title actions")
    assert refused.status_code == 409
    assert all(each in refused.text for each in ("Titel van An", "Titel van Bo", "Bel uw bank.", "bo@ccvo.example"))
    assert "Titel van Bo" in (await bo.get(where)).text
    whole = re.search(r'<textarea name="mine"[^>]*>(.*?)</textarea>', refused.text, re.DOTALL)
    assert whole is not None
    chosen = {"version": "3", "mine": unescape(whole[1]), "of.title": "theirs", "of.actions": "mine"}
    assert (await an.post(f"{where}/settle", data=chosen)).status_code == 303
    page = (await an.get(where)).text
    assert "Titel van Bo" in page and "Bel uw bank." in page and "Titel van An" not in page


async def test_a_pause_whose_answer_was_lost_is_no_conflict_with_oneself(console: Console) -> None:
    """A telephone in a cellar: the same tab sends again from the version that it knows."""
    client = await console.as_("author")
    where = await begun(client)
    await saved(client, where)
    again = await saved(client, where, 1, texts={**TEXTS, "title.0.text": "Verder getypt"})
    assert again.status_code == 200
    assert "Verder getypt" in (await client.get(where)).text


async def test_a_button_that_is_pressed_while_a_pause_is_on_its_way_is_no_conflict_with_oneself(
    console: Console,
) -> None:
    """Who types the last word and presses at once: both read the same version, and the pause comes first."""
    client = await console.as_("author")
    where = await begun(client)
    await saved(client, where)
    pause, last = ({**TEXTS, "title.0.text": title} for title in ("Een halve tit", "Een hele titel"))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with console.desk.pool.connection() as connection:
        await connection.execute("SELECT FROM draft WHERE id = %s FOR UPDATE", (where.rpartition("/")[2],))
        at_once = []
        for number, asked in enumerate((saved(client, where, 2, texts=pause), pressed(client, where, 2, texts=last))):
            at_once.append(asyncio.create_task(asked))
            async with asyncio.timeout(10), console.desk.pool.connection() as looking:
                while (await (await looking.execute(waits)).fetchone()) != (number + 1,):  # noqa: ASYNC110 - it is in PostgreSQL
                    await asyncio.sleep(0.01)
    assert [each.status_code for each in await asyncio.gather(*at_once)] == [200, 303]
    assert "Een hele titel" in (await client.get(where)).text


async def test_without_scripts_the_form_is_kept_grows_and_mends_an_sms(console: Console) -> None:
    """Plain forms: 303 to the page, at the row that was added."""
    client = await console.as_("author")
    where = await begun(client)
    added = await client.post(where, data=form(1, do="add:actions"))
    assert added.status_code == 303 and added.headers["location"].endswith("#f-actions-1-text")
    assert 'name="actions.1.text"' in (await client.get(where)).text
    odd = {**TEXTS, "sms.0.text": "CCVO: de dienst “ligt” stil… 😀"}
    page = await client.post(where, data=form(2, texts=odd, do="save"), follow_redirects=True)
    assert "UCS-2" in page.text and "gsm:0" in page.text
    page = await client.post(where, data=form(3, texts=odd, do="gsm:0"), follow_redirects=True)
    assert "CCVO: de dienst &#34;ligt&#34; stil..." in page.text


async def test_what_is_wrong_is_said_at_its_field_when_it_is_handed_in(console: Console) -> None:
    """And nothing is handed in: the page has a list that leads to each field."""
    client = await console.as_("author")
    where = await begun(client)
    bad = {**TEXTS, "title.0.text": "", "incident": "Geen Goede Naam"}
    answer = await client.post(where, data=form(1, texts=bad, do="submit"))
    assert answer.status_code == 409
    assert re.search(r'id="e-incident">\s*<p class="wrong"', answer.text)
    assert 'href="#e-title"' in answer.text and 'role="alert"' in answer.text


async def test_no_text_becomes_markup(console: Console) -> None:
    """Through every field of the form, in the form, in what is beside it, in the list and as a file."""
    payload = '"><img src=x onerror=alert(1)><script>alert(1)</script>{{ 7*7 }}'
    client = await console.as_("author")
    where = await begun(client)
    fields = [
        *TEXTS, "recipients", "area", "language", "phase", "sms.0.text", "unknown.0.text", "unknown.0.language",
        "unknown.0.fact", "key_messages.0.facts.0.text", "release_order.0.after", "release_order.0.at_most",
        "confirm_minutes", "expires_at", "about.type",
    ]  # fmt: skip
    texts = dict.fromkeys(fields, payload)
    sent = form(1, texts=texts, touched=payload)
    sent |= {"audiences": ["governors", payload], "channels": ["mail", payload], "tab": payload, "do": payload}
    assert (await client.post(where, data=sent, headers=HX)).status_code == 200
    readable = {**TEXTS, "title.0.text": payload, "key_messages.0.text.0.text": payload, "actions.0.text": payload}
    answers = [await client.get(each) for each in (where, f"{where}/yaml", "/compose")]
    await client.post(where, data=form(2, texts=readable), headers=HX)
    answers += [await client.get(where), await client.get(f"{where}/beside", headers=HX)]
    assert {answer.status_code for answer in answers} == {200}
    for page in (answer.text for answer in answers):
        assert "<script>alert" not in page and "<img src=x" not in page and "</script>49" not in page
    frame = await client.get(f"{where}/versions/0")
    assert "default-src 'none'" in frame.headers["content-security-policy"]
    assert "sandbox" in frame.headers["content-security-policy"]
    assert "<script>alert" not in frame.text and "<img src=x" not in frame.text


async def test_a_form_that_no_page_of_ours_made_does_no_harm(console: Console) -> None:
    """Missing, doubled, endless, cut off: refused or read as far as it goes, never a mistake of ours."""
    client = await console.as_("author")
    where = await begun(client)
    assert (await client.post(where, data={})).status_code == 422
    assert (await client.post(where, data={"version": "1", "title.0.text": "x"})).status_code == 422
    many = form(1) | {f"actions.{number}.text": "x" for number in range(10_000)}
    assert (await client.post(where, data=many)).status_code in (400, 413, 422)
    doubled = form(1) | {"title.0.text": ["een", "twee"], "version": ["1", "1"]}
    assert (await client.post(where, data=doubled, headers=HX)).status_code == 200
    assert "twee" in (await client.get(where)).text
    odd = form(2) | {"key_messages.0": "x", "key_messages.x.y": "z", "sms.199.text": "laatste", "do": "add:../../x"}
    assert (await client.post(where, data=odd, headers=HX)).status_code == 200
    assert (await client.post(f"{where}/yaml", data={"version": "3", "text": "a: &b [1]\nc: *b"})).status_code == 422
    assert (await client.post(f"{where}/yaml", data={"version": "3", "text": "key_messages: 7"})).status_code == 303
    assert (await client.get(where)).status_code == 200
    assert (await client.post(f"{where}/settle", data={"version": "1", "mine": "]"})).status_code == 422
    assert (await client.get("/compose/00000000-0000-7000-8000-000000000000")).status_code == 404


async def test_the_file_and_the_form_are_one_draft(console: Console) -> None:
    """What the form does not show stays when the form is kept."""
    client = await console.as_("author")
    where = await begun(client)
    text = (
        "incident: storm-1\nkind: alert\ntitle: Storm\nkey_messages:\n- {text: Blijf binnen., language: nl}\nx-own: 1\n"
    )
    await client.post(f"{where}/yaml", data={"version": "1", "text": text})
    await saved(client, where, 2, texts={"title.0.text": "Zware storm"})
    page = (await client.get(f"{where}/yaml")).text
    assert "x-own: 1" in page and "Zware storm" in page and "Blijf binnen." in page


async def test_a_draft_is_removed_and_put_back(console: Console) -> None:
    """By mistake, at night: one press undoes it."""
    client = await console.as_("author")
    where = await begun(client)
    page = (await client.post(f"{where}/remove", follow_redirects=True)).text
    assert f'action="{where}/restore"' in page and f'href="{where}"' not in page
    assert f'href="{where}"' in (await client.post(f"{where}/restore", follow_redirects=True)).text


async def test_a_draft_whose_console_died_while_it_was_handed_in_is_given_back(console: Console) -> None:
    """It is in the list and can be written in; the command that nobody answered comes to nothing, also afterwards."""
    client = await console.as_("author")
    where = await begun(client)
    lost, command = uuid7(), uuid7()
    async with console.desk.pool.connection() as connection:
        assert await drafts.hand_in(connection, UUID(where.rpartition("/")[2]), 1, lost)
    async with console.desk.pool.connection() as connection:
        given = {"body": {"type": "roeland.message.submit.v1", "message_id": str(lost)}}
        await connection.execute(
            "INSERT INTO command (id, hash, body) VALUES (%s, %s, %s)", (command, b"", Jsonb(given))
        )
    assert f'href="{where}"' not in (await client.get("/compose")).text
    assert (await client.post(where, data=form(1))).headers["location"] == f"/messages/{lost}"
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE draft SET changed_at = changed_at - interval '2 minutes'")
    assert f'href="{where}"' in (await client.get("/compose")).text
    assert (await client.get(where)).status_code == 200
    await saved(client, where, 1, texts={"title.0.text": "Toch nog"})
    async with console.desk.pool.connection() as connection:
        answered = await (await connection.execute("SELECT answer->>'done' FROM command")).fetchall()
    assert answered == [("false",)]


async def test_a_draft_whose_message_is_revised_in_vain_stays_handed_in(console: Console) -> None:
    """Its message is there: given back, it would be sent a second time."""
    client = await console.as_("author")
    where = await begun(client)
    made = uuid7()
    async with console.desk.pool.connection() as connection:
        assert await drafts.hand_in(connection, UUID(where.rpartition("/")[2]), 1, made)
        await connection.execute("UPDATE draft SET changed_at = changed_at - interval '2 minutes'")
        for done in (True, False):
            given = {"body": {"type": "roeland.message.submit.v1", "message_id": str(made)}}
            values = (uuid7(), b"", Jsonb(given), Jsonb({"done": done}))
            await connection.execute("INSERT INTO command (id, hash, body, answer) VALUES (%s, %s, %s, %s)", values)
            await connection.commit()
    await client.get(where)
    async with console.desk.pool.connection() as connection:
        tied = await (await connection.execute("SELECT message FROM draft")).fetchone()
    assert tied == (made,)


async def test_whose_session_ended_comes_back_to_the_draft(console: Console) -> None:
    """The page keeps what was typed; after signing in the draft is there to send it to."""
    client = await console.as_("author")
    where = await begun(client)
    stranger = await console.anyone()
    answer = await stranger.post(
        where, data=form(1), headers={**HX, "HX-Current-URL": f"https://console.example{where}"}
    )
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].endswith(where.replace("/", "%2F"))
    assert (await client.get(f"{where}/beside")).headers["location"] == where


@pytest.mark.parametrize("role", ["approver", "auditor", "administrator"])
async def test_who_may_not_submit_may_not_write(console: Console, role: str) -> None:
    """Neither look at a draft: it is nobody's word yet."""
    where = await begun(await console.as_("author"))
    client = await console.as_(role)
    for path in ("/compose", where, f"{where}/yaml", f"{where}/beside", f"{where}/versions/0"):
        assert (await client.get(path)).status_code == 403
    for path in ("/compose", where, f"{where}/yaml", f"{where}/settle", f"{where}/remove", f"{where}/test"):
        assert (await client.post(path)).status_code == 403


async def test_only_the_newest_of_many_pauses_is_weighed(console: Console) -> None:
    """Ten pauses that come at once render twice: what is being rendered, and the last."""
    where = await begun(await console.as_("author"))
    async with console.desk.pool.connection() as connection:
        draft = await drafts.find(connection, UUID(where.rpartition("/")[2]))
        user = await find_user(connection, "author@ccvo.example")
    assert draft is not None and user is not None
    now = datetime.now(UTC)
    who = Who(user, session=Session(1, b"", user.id, "password", now, now, now, None))
    previews = Previews(console.desk)
    found = await asyncio.gather(
        *(previews.of(replace(draft, version=number), who) for number in range(1, 11)), return_exceptions=True
    )
    weighed = [each for each in found if isinstance(each, dict)]
    assert 1 <= len(weighed) <= 2 and isinstance(found[-1], dict)
    assert all(isinstance(each, Superseded | dict) for each in found)
    assert isinstance(await previews.of(replace(draft, version=1), who, must=True), dict), "a whole page is made of it"
