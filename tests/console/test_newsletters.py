"""Newsletters and feeds as the cell keeps them at the console."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from services.console.app import make_app
from services.console.desk import Desk
from services.console.pages.newsletters import FRAMED
from services.console.settings import ConsoleSettings
from services.runtime.configuration import configuration_in_force
from services.runtime.health import Health
from services.runtime.postgres import DatabaseSettings, open_pool
from services.store import editorials, feed_tokens, newsletter_approvals, newsletters
from services.store.newsletters import NewsletterRow
from services.store.users import find_user, save_user
from tests.conftest import delete_topics
from tests.console.conftest import URL, Console
from tests.editorial.newsletters import TODAY, added, made
from tests.editorial.rooms import Rooms, rooms
from tests.stack import Background

pytestmark = pytest.mark.stack
XSS = "<script>alert(1)</script>"
DAY = timedelta(days=1)
FORM = {
    "newsletter": "lokale-besturen", "title_nl": "Nieuwsbrief", "language": "nl", "audience": "local-governments",
    "time": "17:00", "weekday": ["mon", "tue", "wed", "thu", "fri"], "holidays": "skip", "prepare_minutes": "30",
    "late_minutes": "180", "quiet_day": "skip",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example")


async def newsletter(console: Console, **fields: object) -> NewsletterRow:
    """One that the author of the tests wrote."""
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, "schrijver@ccvo.example") or await save_user(
            connection, "schrijver@ccvo.example", ["author"]
        )
        return await added(connection, by=user.id, **fields)


async def row_of(console: Console, name: str) -> NewsletterRow:
    async with console.desk.pool.connection() as connection:
        found = await newsletters.find(connection, name)
    assert found is not None
    return found


async def test_a_newsletter_is_made_in_a_form_and_changed_in_it(console: Console) -> None:
    """Nobody of the cell needs to write YAML; what they fill in is judged as the file is."""
    author = await console.as_("author")
    assert (await author.get("/newsletters/-/new")).status_code == 200
    answer = await author.post("/newsletters/-/new", data=FORM)
    assert answer.headers["location"] == "/newsletters/lokale-besturen?told=defined"
    made_now = await row_of(console, "lokale-besturen")
    assert made_now.definition.schedule.prepare_minutes == 30
    shown = await author.get("/newsletters/lokale-besturen?told=defined")
    assert "De nieuwsbrief is zoals u hem schreef." in shown.text
    changed = await author.post("/newsletters/lokale-besturen/change", data=FORM | {"quiet_day": "say-so"})
    assert changed.status_code == 303
    after = await row_of(console, "lokale-besturen")
    assert (after.definition.quiet_day, after.id) == ("say-so", made_now.id)
    again = await author.post("/newsletters/-/new", data=FORM)
    assert again.status_code == 409 and "al een nieuwsbrief" in again.text, (
        "a new one does not take the place of another"
    )


async def test_what_was_filled_in_wrong_is_told_and_kept(console: Console) -> None:
    """Whoever typed twelve fields does not type them again for one slip."""
    author = await console.as_("author")
    answer = await author.post("/newsletters/-/new", data=FORM | {"time": "25:99", "title_nl": XSS})
    assert answer.status_code == 409 and "25:99" in answer.text
    assert XSS not in answer.text and "&lt;script&gt;alert(1)" in answer.text
    file = await author.post("/newsletters/-/new", data={"file": "newsletter: [a"})
    assert file.status_code == 409 and "newsletter: [a" in file.text
    assert "<code>newsletter.yaml:1:15</code>: Dit is geen geldige YAML." in file.text
    many = await author.post("/newsletters/-/new", data={"file": "newsletter: dag\nexercise: perhaps"})
    assert "<code>exercise</code>: Dit moet ja of nee zijn." in many.text


async def test_the_form_says_all_that_the_definition_says_or_else_its_file_is_shown(console: Console) -> None:
    """A change of one field must not take away what the form has no field for."""
    author = await console.as_("author")
    await author.post("/newsletters/-/new", data=FORM | {"phase": ["acute"], "incidents": "cyber-1, cyber-2"})
    before = (await row_of(console, "lokale-besturen")).definition
    page = (await author.get("/newsletters/lokale-besturen/change")).text
    assert 'value="cyber-1 cyber-2"' in page and re.search(r'value="acute"\s+checked', page)
    file = "newsletter: lokale-besturen\ntitle: T\naudiences: [governors, local-governments]\nschedule: {time: 17:00}\n"
    await author.post(
        "/newsletters/lokale-besturen/change", data={"file": f"{file}opening: [{{text: Dag, audiences: [governors]}}]"}
    )
    page = (await author.get("/newsletters/lokale-besturen/change")).text
    assert 'name="file"' in page and "audiences:" in page
    assert before.hash != (await row_of(console, "lokale-besturen")).hash


async def test_a_form_that_was_opened_before_somebody_elses_change_says_so_and_keeps_its_text(console: Console) -> None:
    """The form says all that a newsletter is: sent late, it would put back all that was changed meanwhile."""
    author, path = await console.as_("author"), "/newsletters/lokale-besturen/change"
    await author.post("/newsletters/-/new", data=FORM)

    def seen(page: str) -> str:
        found = re.search(r'name="seen" value="([^"]+)"', page)
        assert found
        return found[1]

    old = seen((await author.get(path)).text)
    theirs = await author.post(path, data=FORM | {"time": "18:30", "seen": old})
    assert theirs.status_code == 303, theirs.text
    mine = FORM | {"title_nl": "Mijn titel"}
    for more in ({}, {"file": "newsletter: lokale-besturen\ntitle: Mijn titel\n"}):
        late = await author.post(path, data=mine | more | {"seen": old})
        assert (late.status_code, "Iemand wijzigde dit intussen" in late.text) == (409, True), late.text
        assert "Mijn titel" in late.text
    assert str((await row_of(console, "lokale-besturen")).definition.schedule.time).startswith("18:30")
    again = await author.post(path, data=mine | {"seen": seen(late.text)})
    assert again.status_code == 303, "who saw it sends it all the same"


async def test_a_date_is_skipped_and_that_is_undone(console: Console) -> None:
    """With why, which others read; and as it was afterwards."""
    row, author = await newsletter(console), await console.as_("author")
    where, day = f"/newsletters/{row.slug}", (TODAY + 3 * DAY).isoformat()
    assert (await author.post(f"{where}/skip", data={"day": day, "reason": XSS})).status_code == 303
    page = (await author.get(where)).text
    assert "overgeslagen" in page and "Laat ze toch vertrekken" in page
    assert XSS not in page and "&lt;script&gt;" in page
    assert (await author.post(f"{where}/skip", data={"day": day, "undo": "yes"})).status_code == 303
    assert "overgeslagen" not in (await author.get(where)).text


async def test_it_is_put_on_hold_and_goes_on(console: Console) -> None:
    """And everybody who looks sees that, and why."""
    row, author = await newsletter(console), await console.as_("author")
    where = f"/newsletters/{row.slug}"
    await author.post(f"{where}/pause", data={"until": (TODAY + 5 * DAY).isoformat(), "reason": "kerst & nieuwjaar"})
    assert "kerst &amp; nieuwjaar" in (await author.get(where)).text
    assert "Gepauzeerd" in (await author.get("/newsletters")).text
    await author.post(f"{where}/resume")
    assert not (await row_of(console, row.slug)).paused_at


async def test_its_history_says_what_each_date_came_to(console: Console) -> None:
    """With a link to what was sent, on that day and on the quiet one no link."""
    row, reader = await newsletter(console, quiet_day="say-so"), await console.as_("auditor")
    async with console.desk.pool.connection() as connection:
        await made(connection, row, TODAY - DAY, due=-timedelta(hours=1))
    page = (await reader.get(f"/newsletters/{row.slug}")).text
    assert "editie gemaakt" in page and 'href="/messages/' in page


async def test_who_only_reads_sees_no_button_and_cannot_act(console: Console) -> None:
    """An auditor looks, and changes nothing; an author approves nothing."""
    row = await newsletter(console)
    where = f"/newsletters/{row.slug}"
    auditor, author = await console.as_("auditor"), await console.as_("author")
    page = (await auditor.get(where)).text
    assert f'action="{where}/' not in page
    for act in ("pause", "resume", "skip", "send", "approve", "revoke"):
        data = {"day": TODAY.isoformat(), "hash": row.hash}
        assert (await auditor.post(f"{where}/{act}", data=data)).status_code == 403, act
    for act in ("approve", "revoke"):
        assert (await author.post(f"{where}/{act}", data={"hash": row.hash})).status_code == 403, act
    assert (await author.get("/newsletters/no-such")).status_code == 404


async def test_a_preview_stands_in_a_frame_that_may_do_nothing(console: Console) -> None:
    """What a template makes is not ours to trust: no script, no form, no cookie, and only our page frames it."""
    row, author = await newsletter(console), await console.as_("author")
    where = f"/newsletters/{row.slug}/preview"
    page = await author.get(where)
    assert re.search(r'<iframe class="proof" sandbox title="[^"]+" src="/newsletters/', page.text)
    framed = await author.get(f"{where}/page?audience=bcm-leads")
    assert framed.status_code == 200 and "Dagelijks overzicht" in framed.text
    assert {name: framed.headers[name] for name in FRAMED} == FRAMED
    assert "sandbox" in framed.headers["content-security-policy"]
    refused = await author.get(f"{where}/page?province=Atlantis")
    assert refused.status_code == 409 and refused.headers["x-frame-options"] == "SAMEORIGIN"


async def test_readers_are_unsubscribed_and_subscribed_again(console: Console) -> None:
    """For who rings the cell; what they are called is only ever text."""
    row, author = await newsletter(console), await console.as_("author")
    async with console.desk.pool.connection() as connection:
        await connection.execute("INSERT INTO contact (external_id, name, language) VALUES ('g-1', %s, 'nl')", (XSS,))
        await connection.execute("INSERT INTO contact_audience (audience, contact) SELECT 'governors', id FROM contact")
    where = f"/newsletters/{row.slug}/readers"
    page = (await author.get(where)).text
    assert "&lt;script&gt;alert(1)" in page and XSS not in page
    await author.post(where, data={"contact": "g-1", "wanted": "false"})
    assert "g-1" not in (await author.get(where)).text
    assert "door de cel" in (await author.get(f"{where}?unsubscribed=true")).text
    await author.post(where, data={"contact": "g-1", "wanted": "true"})
    assert "g-1" in (await author.get(where)).text


async def test_an_address_of_a_feed_is_shown_once_and_never_again(
    console: Console, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever has it reads what is meant for governors: it is in that one answer, in no list and in no log."""
    administrator = await console.as_("administrator")
    answer = await administrator.post("/feeds/tokens", data={"audience": "governors", "name": f"Kabinet {XSS}"})
    shown = re.search(r'value="(https://crisis\.example/feeds/governors/([^"]+)\.atom)"', answer.text)
    assert answer.status_code == 200 and shown and answer.headers["cache-control"] == "no-store"
    after = await administrator.get("/feeds")
    assert shown[2] not in after.text and "Kabinet &lt;script&gt;" in after.text and XSS not in after.text
    out = capfd.readouterr()
    assert shown[2] not in out.out + out.err
    async with console.desk.pool.connection() as connection:
        (token,) = await feed_tokens.listed(connection)
        said = await (await connection.execute("SELECT string_agg(detail::text, '') FROM audit")).fetchone()
    assert said and shown[2] not in said[0]
    await administrator.post(f"/feeds/tokens/{token.id}/revoke")
    async with console.desk.pool.connection() as connection:
        assert (await feed_tokens.listed(connection))[0].revoked_at


async def test_only_an_administrator_sees_the_addresses_of_closed_feeds(console: Console) -> None:
    """The address is the key."""
    administrator, author = await console.as_("administrator"), await console.as_("author")
    closed = r"https://crisis\.example/feeds/governors/[^<]+"
    assert re.search(closed, (await administrator.get("/feeds")).text)
    page = (await author.get("/feeds")).text
    assert not re.search(closed, page) and "/feeds/public.atom" in page.replace("&#x2F;", "/")
    for path in ("/feeds/tokens", "/feeds/governors/renew", "/feeds/tokens/1/revoke", "/feeds/subscriptions/1/end"):
        data = {"audience": "governors", "name": "x"}
        assert (await author.post(path, data=data)).status_code == 403, path
    before = re.search(closed, (await administrator.get("/feeds")).text)
    await administrator.post("/feeds/governors/renew")
    after = re.search(closed, (await administrator.get("/feeds")).text)
    assert before and after and before[0] != after[0]


@pytest.fixture(scope="module")
def newsroom(
    kafka: str, postgres: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """An editorial that runs."""
    with rooms(kafka, postgres, tmp_path_factory.mktemp("newsroom")) as there:
        try:
            with there.running("editorial"):
                yield there
        finally:
            background.run(delete_topics(kafka, there.kafka.kafka_topic_prefix))


async def test_it_is_approved_as_what_was_on_the_screen_and_what_is_written_above_it_is_not_lost(
    newsroom: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standing approval of something else than was read would be none; two who write at once both keep their text."""
    for name, value in newsroom.env.items():
        monkeypatch.setenv(name, value)
    url = newsroom.env["ROELAND_DATABASE_URL"]
    database = DatabaseSettings(database_url=SecretStr(url))
    async with open_pool(database) as pool:
        desk = Desk(pool, database, ConsoleSettings(console_url=URL), configuration_in_force(), Health())
        console = Console(make_app(desk), desk)
        async with console.stack:
            await _approved(console)
            await _written(console)


async def _approved(console: Console) -> None:
    row, approver = await newsletter(console, slug="dagelijks"), await console.as_("approver")
    other = await approver.post("/newsletters/dagelijks/approve", data={"hash": "0" * 64})
    assert other.status_code == 409, "of another definition than is in force"
    page = (await approver.get("/newsletters/dagelijks")).text
    seen = re.search(r'name="hash" value="([0-9a-f]{64})"', page)
    assert seen and seen[1] == row.hash
    done = await approver.post("/newsletters/dagelijks/approve", data={"hash": seen[1]})
    assert done.headers["location"].endswith("told=approved")
    async with console.desk.pool.connection() as connection:
        assert await newsletter_approvals.stands(connection, row)
    assert "vertrekt vanzelf" in (await approver.get("/newsletters")).text
    assert (await approver.post("/newsletters/dagelijks/revoke", data={"reason": "x"})).status_code == 303
    async with console.desk.pool.connection() as connection:
        assert not await newsletter_approvals.stands(connection, row)


async def _written(console: Console) -> None:
    row = await newsletter(console, slug="overzicht")
    day = TODAY + 2 * DAY
    where = f"/newsletters/overzicht/editorial/{day}"
    first, second = await console.as_("author"), await console.as_("author", email="ander@ccvo.example")
    text = {"text": "Vandaag komt het crisisteam samen.\n\nTweede alinea.", "seen": "0"}
    done = await first.post(where, data=text | {"at_0": f"{day}T14:00", "about_0": "Overleg"})
    assert done.status_code == 303, done.text
    late = await second.post(where, data={"text": "Mijn eigen tekst.", "seen": "0"})
    assert late.status_code == 409 and "Iemand schreef intussen ook" in late.text
    assert "Mijn eigen tekst." in late.text and "Tweede alinea." in late.text, "neither is lost"
    assert 'name="seen" value="1"' in late.text
    assert (await second.post(where, data={"text": "Mijn eigen tekst.", "seen": "1"})).status_code == 303
    async with console.desk.pool.connection() as connection:
        last = await editorials.last(connection, row.id, day)
    assert last and last.version == 2 and last.content and last.content.text[0].text == "Mijn eigen tekst."
    assert (await first.post(where, data={"act": "remove", "seen": "2"})).status_code == 303
