"""The list of messages: what somebody finds back at three at night."""

import httpx
import pytest

from services.console.desk import Desk
from tests.console.conftest import Console
from tests.store.world import add_crowd, add_user, connect, release, submit

pytestmark = pytest.mark.stack


async def written(desk: Desk, *titles: str, **given: object) -> list[str]:
    """Ids of so many proofed messages with these titles."""
    url = desk.database.database_url
    ids = []
    async with await connect(url.get_secret_value() if url else "") as connection:
        user = await add_user(connection, f"{titles[0][:6].strip().encode().hex()}@ccvo.example", "author")
        for title in titles:
            message = await submit(connection, user, **given)  # type: ignore[arg-type]
            await connection.execute(
                "UPDATE message SET content = jsonb_set(content, '{title,0,text}', to_jsonb(%s::text)) WHERE id = %s",
                (title, message.id),
            )
            ids.append(str(message.id))
    return ids


async def shown(browser: httpx.AsyncClient, **query: object) -> str:
    """The page."""
    answer = await browser.get("/messages", params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_newest_comes_first_with_its_state_in_dutch_words(console: Console, desk: Desk):
    """Whoever opens the list wants what was said last."""
    first, second = await written(desk, "Eerste bericht", "Tweede bericht")
    page = await shown(await console.as_("auditor"))
    assert page.index(second) < page.index(first)
    assert "wacht op goedkeuring" in page
    assert "proofed" not in page


async def test_each_filter_narrows_and_all_of_them_together(console: Console, desk: Desk):
    """One finds back what one half remembers."""
    await written(desk, "Dijk 100% dicht", "Dijk 100 meter lang")
    await written(desk, "Stroom weg", kind="update", lane="routine")
    browser = await console.as_("author")
    page = await shown(browser, text="100%")
    assert "Dijk 100% dicht" in page
    assert "100 meter" not in page
    page = await shown(browser, kind="update", lane="routine", incident="storm-2026-001", state="waiting")
    assert "Stroom weg" in page
    assert "Dijk" not in page
    assert "Geen enkel bericht is zo." in await shown(browser, text="dijk", kind="update")
    assert "Geen enkel bericht is zo." in await shown(browser, state="nonsense' OR 1=1")


async def test_a_state_is_what_has_come_of_it(console: Console, desk: Desk):
    """`released` in the row is being sent, paused or done to people: the batches decide."""
    (message,) = await written(desk, "Gaat uit")
    url = desk.database.database_url
    browser = await console.as_("author")
    async with await connect(url.get_secret_value() if url else "") as connection:
        await add_crowd(connection, 3)
        user = await add_user(connection, "x@ccvo.example", "approver")
        sent = await submit(connection, user)
        await release(connection, sent, user)
        assert str(sent.id) in await shown(browser, state="sending")
        await connection.execute("UPDATE message SET paused_at = now() WHERE id = %s", (sent.id,))
        assert str(sent.id) in await shown(browser, state="paused")
        assert str(sent.id) not in await shown(browser, state="sending")
        await connection.execute("UPDATE batch SET delivered = planned, planned = 0 WHERE message = %s", (sent.number,))
        assert str(sent.id) in await shown(browser, state="done")
        assert message not in await shown(browser, state="done")


async def test_ten_thousand_messages_are_turned_page_by_page(console: Console, desk: Desk):
    """By a place in the order and not by counting off: no page is slower than the first, none misses a message."""
    (message,) = await written(desk, "De oudste")
    columns = "incident, kind, lane, priority, phase, exercise, content_hash, state, submitted_by"
    async with desk.pool.connection() as connection:
        await connection.execute(
            f"""INSERT INTO message (id, content, {columns}) SELECT gen_random_uuid(),
                jsonb_build_object('title', jsonb_build_array(jsonb_build_object('text', 'Bericht ' || n))), {columns}
                FROM message, generate_series(1, 10000) n WHERE id = %s""".encode(),
            (message,),
        )
    browser = await console.as_("author")
    page = await shown(browser)
    assert page.count('class="row"') == 50
    assert "Bericht 9951" in page
    older = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    page = (await browser.get(older)).text
    assert "Bericht 9950<" in page
    assert "Bericht 9951<" not in page
    assert "Bericht 1<" in await shown(browser, text="bericht 1", before=60)


async def test_a_title_is_shown_and_never_run(console: Console, desk: Desk):
    """An author may be tricked into pasting anything."""
    await written(desk, "<script>alert(1)</script>")
    page = await shown(await console.as_("author"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_an_exercise_is_marked(console: Console, desk: Desk):
    """Nobody may take a drill for the real thing."""
    await written(desk, "Oefenbericht")
    async with desk.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO incident (slug, title, phase, exercise) VALUES ('oef-1', 'O', 'acute', true)"
        )
        await connection.execute("UPDATE message SET exercise = true, incident = 'oef-1'")
    assert ">OEFENING<" in await shown(await console.as_("author"))
