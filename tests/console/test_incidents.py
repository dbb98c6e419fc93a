"""Incidents: opened, moved, closed; what is known in them; and what was said."""

import re

import httpx
import pytest

from services.console.desk import Desk
from services.store import facts, incidents
from tests.console.conftest import Console
from tests.store.world import INCIDENT, Person, add_people, add_user, connect, release, submit

pytestmark = pytest.mark.stack

EVIL = "<script>alert(1)</script>"


async def shown(browser: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """The page there."""
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def opened(console: Console, slug: str = "cyber-2026-014", **given: str) -> httpx.AsyncClient:
    """A crisis manager, who opened this one."""
    browser = await console.as_("crisis-manager")
    answer = await browser.post("/incidents", data={"incident": slug, "title": "Lonen liggen stil", **given})
    assert answer.status_code == 303, answer.text
    return browser


async def test_an_incident_is_opened_moved_and_closed_on_the_record(console: Console, desk: Desk):
    """Its whole life, by the functions of the command line; who did what stands in its history."""
    browser = await opened(console, kind="cyber", level="provincial")
    path = "/incidents/cyber-2026-014"
    assert "Het incident is geopend." in await shown(browser, f"{path}?told=opened")
    for act, data in (
        ("phase", {"to": "containment", "reason": EVIL}),
        ("level", {"to": "federal", "reason": "federale fase"}),
        ("about", {"title": "Lonen later", "kind": "cyber", "entity": "Agentschap Loon", "spoc": "Wachtdienst"}),
        ("close", {"reason": "hersteld"}),
        ("reopen", {"reason": "nieuwe aanval"}),
    ):
        answer = await browser.post(f"{path}/{act}", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?told={act}"), answer.text
    page = await shown(browser, path)
    assert EVIL not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "crisis-manager@ccvo.example</strong>: heropend" in page
    async with desk.pool.connection() as connection:
        found = await incidents.find(connection, "cyber-2026-014")
    assert found
    assert (found.phase, found.level, found.entity, found.closed_at) == (
        "containment", "federal", "Agentschap Loon", None,
    )  # fmt: skip


async def test_what_cannot_be_is_said_beside_what_was_typed(console: Console, desk: Desk):
    """Nobody types it all again."""
    browser = await opened(console)
    answer = await browser.post("/incidents", data={"incident": "cyber-2026-014", "title": "Nog een"})
    assert answer.status_code == 409
    assert 'value="Nog een"' in answer.text
    answer = await browser.post("/incidents/cyber-2026-014/phase", data={"to": "nonsense"})
    assert answer.status_code == 409
    assert "Het is geweigerd" in answer.text


@pytest.mark.parametrize("act", ["", "/x/phase", "/x/level", "/x/about", "/x/close", "/x/reopen", "/x/facts"])
async def test_only_who_keeps_incidents_changes_them(console: Console, desk: Desk, act: str):
    """An approver or auditor reads along."""
    for role in ("approver", "auditor", "administrator"):
        assert (await (await console.as_(role)).post(f"/incidents{act}", data={})).status_code == 403


async def test_an_incident_that_is_not_there(console: Console, desk: Desk):
    """A page in words, whatever is asked of it."""
    browser = await console.as_("author")
    for path in ("/incidents/nosuch", "/incidents/nosuch/impact", "/incidents/nosuch/facts/new"):
        await shown(browser, path, 404)
    assert (await browser.post("/incidents/nosuch/close", data={})).status_code == 404


async def test_a_fact_is_set_changed_and_withdrawn(console: Console, desk: Desk):
    """Said once, in every language that it has; what was left as it is still holds."""
    browser = await opened(console)
    path = "/incidents/cyber-2026-014"
    first = {"key": "stilstand", "said-nl": f"Stil sinds 8 uur {EVIL}", "said-fr": "Arrêt depuis 8 h", "said-en": ""}
    data = {**first, "values": "sinds = 8 uur", "status": "confirmed", "source": "DV"}
    answer = await browser.post(f"{path}/facts", data=data)
    assert answer.status_code == 303, answer.text
    page = await shown(browser, path)
    assert EVIL not in page
    assert "Arrêt depuis" in page
    data = {**data, "said-nl": "Stil sinds 9 uur", "said-fr": "Arrêt depuis 9 h", "values": "", "version": "1"}
    assert (await browser.post(f"{path}/facts", data=data)).status_code == 303
    data = {**data, "said-nl": "Stil sinds 10 uur", "version": "1"}
    answer = await browser.post(f"{path}/facts", data=data)  # somebody else was first
    assert answer.status_code == 409
    assert "Stil sinds 10 uur" in answer.text
    answer = await browser.post(f"{path}/facts/stilstand/withdraw", data={"version": "2", "reason": "klopte niet"})
    assert answer.status_code == 303, answer.text
    async with desk.pool.connection() as connection:
        versions = await facts.history(connection, "cyber-2026-014", "stilstand")
    assert [(each.version, each.status) for each in versions] == [(1, "confirmed"), (2, "confirmed"), (3, "withdrawn")]
    assert (dict(versions[0].literals), dict(versions[1].literals)) == ({"sinds": "8 uur"}, {})
    assert "klopte niet" in await shown(browser, f"{path}/facts/stilstand")
    assert "Geen enkel bericht" in await shown(browser, f"{path}/impact")


def seen(page: str, act: str) -> str:
    """What the form of this act carries of what stood there."""
    found = re.search(rf'/{act}".*?name="seen" value="([^"]+)"', page, re.S)
    assert found
    return found[1]


FORMS = {
    "phase": ({"to": "containment"}, {"to": "recovery", "reason": "mijn reden"}),
    "level": ({"to": "federal"}, {"to": "provincial", "reason": "mijn reden"}),
    "about": ({"title": "Anders", "spoc": "Wacht"}, {"title": "Van mij", "entity": "mijn reden"}),
    "close": ({}, {"reason": "mijn reden"}),
    "reopen": ({}, {"reason": "mijn reden"}),
}


async def test_a_form_that_was_opened_before_somebody_elses_change_says_so_and_keeps_its_text(
    console: Console, desk: Desk
):
    """What they changed is not overwritten unseen; once it was seen, the same form goes through."""
    browser, path = await opened(console), "/incidents/cyber-2026-014"
    for act, (theirs, mine) in FORMS.items():
        old = seen(await shown(browser, path), act)
        answer = await browser.post(f"{path}/{act}", data={**theirs, "seen": old})
        assert answer.status_code == 303, answer.text
        if act in {"close", "reopen"}:
            continue  # what it is now has no such form any more
        answer = await browser.post(f"{path}/{act}", data={**mine, "seen": old})
        assert (answer.status_code, "Iemand wijzigde dit intussen" in answer.text) == (409, True), act
        assert 'value="mijn reden"' in answer.text, act
        answer = await browser.post(f"{path}/{act}", data={**mine, "seen": seen(answer.text, act)})
        assert answer.status_code == 303, answer.text


async def test_two_who_change_something_else_are_not_in_each_others_way(console: Console, desk: Desk):
    """Who moves the phase while somebody types whom to call."""
    browser, path = await opened(console), "/incidents/cyber-2026-014"
    page = await shown(browser, path)
    for act, data in (("phase", {"to": "containment"}), ("about", {"title": "Anders"}), ("level", {"to": "federal"})):
        answer = await browser.post(f"{path}/{act}", data={**data, "seen": seen(page, act)})
        assert answer.status_code == 303, answer.text


async def test_whoever_closes_what_moved_meanwhile_hears_so(console: Console, desk: Desk):
    """Their reason stays."""
    browser, path = await opened(console), "/incidents/cyber-2026-014"
    old = seen(await shown(browser, path), "close")
    await browser.post(f"{path}/phase", data={"to": "containment"})
    answer = await browser.post(f"{path}/close", data={"reason": "hersteld", "seen": old})
    assert (answer.status_code, 'value="hersteld"' in answer.text) == (409, True)


async def test_a_new_fact_never_replaces_one_that_is_there(console: Console, desk: Desk):
    """Two give the same name to what they know: the second hears of the first, and loses no text."""
    browser, path = await opened(console), "/incidents/cyber-2026-014"
    assert 'name="version" value="0"' in await shown(browser, f"{path}/facts/new")
    data = {"key": "stilstand", "values": "", "status": "confirmed", "version": "0"}
    answer = await browser.post(f"{path}/facts", data={**data, "said-nl": "Stil sinds 8 uur"})
    assert answer.status_code == 303, answer.text
    answer = await browser.post(f"{path}/facts", data={**data, "said-nl": "Stil sinds 9 uur"})
    assert answer.status_code == 409
    assert "Stil sinds 9 uur" in answer.text and "Stil sinds 8 uur" in answer.text
    assert 'name="version" value="1"' in answer.text
    answer = await browser.post(f"{path}/facts/stilstand/withdraw", data={"version": "7", "reason": "klopt niet"})
    assert (answer.status_code, 'value="klopt niet"' in answer.text) == (409, True)


async def test_an_exercise_has_its_participants_and_says_so(console: Console, desk: Desk):
    """Nobody may take a drill for the real thing."""
    browser = await opened(console, "oef-2026-01", exercise="true")
    url = desk.database.database_url
    async with await connect(url.get_secret_value() if url else "") as connection:
        await add_people(connection, [Person(EVIL, ["governors"], mail="a@x.example")])
        await connection.execute("UPDATE contact SET external_id = 'gov-1'")
    answer = await browser.post("/incidents/oef-2026-01/participants", data={"act": "add", "contacts": "gov-1"})
    assert answer.status_code == 303, answer.text
    page = await shown(browser, "/incidents/oef-2026-01")
    assert "OEFENING" in page
    assert "1 contact neemt deel" in page
    assert EVIL not in page


async def test_what_was_said_and_promised_stands_on_its_page(console: Console, desk: Desk):
    """The next word that people wait for, and whether it is late."""
    url = desk.database.database_url
    async with await connect(url.get_secret_value() if url else "") as connection:
        user = await add_user(connection, "w@ccvo.example", "author")
        await add_people(connection, [Person("G", ["governors"], mail="a@x.example")])
        message = await submit(connection, user)
        await release(connection, message, user)
        await connection.execute("UPDATE message SET next_update_at = now() - interval '9 minutes'")
    browser = await console.as_("author")
    page = await shown(browser, f"/incidents/{INCIDENT}")
    assert f"/messages/{message.id}" in page
    assert "9 minuten geleden" in page
    assert f"/compose?all-clear={INCIDENT}" in page
    assert "9 minuten geleden" in await shown(browser, "/incidents")
