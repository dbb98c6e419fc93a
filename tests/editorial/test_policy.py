"""A centre's own rules for who must approve, and its own templates, edited while messages wait."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.domain.commands import ApproveMessage
from services.domain.configuration import DEFAULT
from tests.conftest import delete_topics
from tests.editorial.rooms import AUTHOR, MANAGER, SECOND, Rooms, rooms
from tests.editorial.test_duty import notices
from tests.editorial.test_glass import until_told
from tests.editorial.test_revisions import proofed_again, states
from tests.stack import Background

pytestmark = pytest.mark.stack

WORD = "Anders gezegd: {{ title }}"


@pytest.fixture(scope="module")
def centre(kafka: str, postgres: str, background: Background, tmp_path_factory) -> Iterator[Rooms]:
    """Two people approve what goes to governors; templates of its own."""
    folder: Path = tmp_path_factory.mktemp("centre")
    rule = {"audiences": ["governors"], "count": 2}
    configured = DEFAULT.model_validate(DEFAULT.model_dump() | {"approval": [rule]})
    (folder / "configuration.yaml").write_text(configured.model_dump_json())
    (folder / "templates").mkdir()
    with rooms(kafka, postgres, folder) as made:
        made.env["ROELAND_CONFIGURATION"] = str(folder / "configuration.yaml")
        made.env["ROELAND_TEMPLATES_DIR"] = str(folder / "templates")
        try:
            with made.running("editorial"), made.running("dispatch"):
                yield made
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


OURS = Path("templates/subject.txt.j2").read_text()


@pytest.fixture
def edit(centre: Rooms) -> Iterator[Callable[[str], object]]:
    """Edits the template of every subject; ours stands again afterwards."""
    path = centre.folder / "templates" / "subject.txt.j2"
    yield path.write_text
    path.unlink(missing_ok=True)


async def test_where_two_must_approve_one_is_not_enough(centre: Rooms, incident: str):
    """The first is recorded and releases nothing; the same person twice is still one."""
    message_id = await centre.proofed(incident=incident)
    first = await centre.approve(message_id)
    assert first.done and first.result["state"] == "proofed"
    assert first.result["lacking"] == ["1 more by approver or crisis-manager"]
    assert "already" in ((await centre.approve(message_id)).error or "")
    assert await centre.state(message_id) == "proofed"
    second = await centre.approve(message_id, MANAGER)
    assert second.done and second.result["state"] == "released"


async def test_where_one_is_enough_one_releases(centre: Rooms, incident: str):
    """The stricter rule is for governors alone."""
    message_id = await centre.proofed(incident=incident, audiences=["bcm-leads"])
    assert (await centre.approve(message_id)).result["state"] == "released"


async def test_who_was_disabled_since_counts_no_more(centre: Rooms, incident: str):
    """An approval is that of somebody who may still approve when it is used."""
    message_id = await centre.proofed(incident=incident)
    assert (await centre.approve(message_id)).done
    await centre.rows("UPDATE users SET disabled_at = now() WHERE id = %s RETURNING 1", SECOND)
    try:
        assert (await centre.approve(message_id, MANAGER)).result["lacking"]
    finally:
        await centre.rows("UPDATE users SET disabled_at = NULL WHERE id = %s RETURNING 1", SECOND)
    assert await centre.state(message_id) == "proofed"


async def test_a_template_edited_since_the_proof_asks_again(centre: Rooms, incident: str, edit):
    """Nothing is released that nobody has seen; what was seen by the first approver does not count for the new one."""
    message_id = await centre.proofed(incident=incident)
    assert (await centre.approve(message_id)).done
    edit(WORD)
    answer = await centre.approve(message_id, MANAGER)
    assert not answer.done and "approve it again" in (answer.error or "")
    changed = answer.result["changed"]
    assert {(each["audience"], each["channel"]) for each in changed} == {("governors", "mail"), ("bcm-leads", "mail")}
    assert changed[0]["before"].startswith("Titel") and changed[0]["now"].startswith("Anders gezegd: Titel")
    await proofed_again(centre, message_id, 2)
    assert (await centre.approve(message_id, MANAGER)).result["lacking"]
    assert (await centre.approve(message_id)).result["state"] == "released"
    assert await states(centre, message_id) == ["replaced", "released"]
    query = "SELECT subject FROM variant v JOIN message m ON m.number = v.message WHERE m.id = %s AND revision = 2"
    assert await centre.one(query, message_id) == "Anders gezegd: Titel"


async def test_a_template_that_was_only_tidied_changes_nothing(centre: Rooms, incident: str, edit):
    """A comment in a template is no reason to wake anybody again."""
    message_id = await centre.proofed(incident=incident, audiences=["bcm-leads"])
    edit("{# netjes #}\n" + OURS)
    assert (await centre.approve(message_id)).result["state"] == "released"


async def test_a_template_that_is_broken_since_says_so_and_releases_nothing(centre: Rooms, incident: str, edit):
    """Its file is named; once it is mended the same approval goes through."""
    message_id = await centre.proofed(incident=incident, audiences=["bcm-leads"])
    edit("{{ wat")
    answer = await centre.approve(message_id)
    assert not answer.done and "subject.txt.j2" in str(answer.problems)
    edit(OURS)
    assert (await centre.approve(message_id)).result["state"] == "released"


async def test_a_crisis_manager_alone_breaks_the_glass(centre: Rooms, incident: str):
    """Also their own message, also where two must approve; with a reason, and the record says so."""
    message_id = await centre.proofed(MANAGER, incident=incident)
    reason = "Niemand anders bereikbaar."
    assert (await centre.ask(ApproveMessage(message_id=message_id, break_glass=reason), MANAGER)).result[
        "state"
    ] == "released"
    number = await centre.number(message_id)
    assert await centre.rows("SELECT user_id, act, reason FROM approval WHERE message = %s", number) == [
        (MANAGER, "break-glass", reason)
    ]
    query = "SELECT count(*) FROM audit WHERE subject = %s AND action = 'message.glass-broken'"
    assert await centre.one(query, f"message:{message_id}") == 1


@pytest.mark.parametrize(
    ("user", "reason", "fields", "why"),
    [
        (SECOND, "Haast", {}, "only a crisis manager"),
        (MANAGER, "  ", {}, "needs a reason"),
        (MANAGER, "Haast", {"kind": "update", "urgency": "routine"}, "only an urgent message"),
    ],
)
async def test_the_glass_is_not_for_convenience(centre: Rooms, incident: str, *, user, reason, fields, why):
    """An approver, a routine message, or no reason: nothing is released."""
    message_id = await centre.proofed(incident=incident, **fields)
    answer = await centre.ask(ApproveMessage(message_id=message_id, break_glass=reason), user)
    assert not answer.done and why in (answer.error or "")
    assert await centre.state(message_id) == "proofed"
    assert "no role" in ((await centre.ask(ApproveMessage(message_id=message_id, break_glass="x"), AUTHOR)).error or "")


async def test_a_record_that_was_altered_since_the_proof_is_not_released(centre: Rooms, incident: str):
    """Whoever has the right to the database can change a variant; the approval was not for that."""
    message_id = await centre.proofed(incident=incident, audiences=["bcm-leads"])
    number = await centre.number(message_id)
    await centre.rows("UPDATE variant SET text = text || 'x' WHERE message = %s RETURNING 1", number)
    assert "not what was proofed" in ((await centre.approve(message_id)).error or "")
    assert await centre.state(message_id) == "proofed"


async def test_a_template_edited_under_embargo_stops_what_was_approved(centre: Rooms, incident: str, edit):
    """Hours may lie between approval and embargo; what goes out then is what somebody saw, or nothing."""
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    message_id = await centre.proofed(incident=incident, audiences=["bcm-leads"], release_at=soon)
    assert (await centre.approve(message_id)).result["state"] == "approved"
    edit(WORD)
    await proofed_again(centre, message_id, 2)
    assert await states(centre, message_id) == ["replaced", "proofed"]
    await until_told(centre, message_id, 1)
    address, subject, _ = (await notices(centre, message_id))[0]
    assert (address, subject.split(":")[0]) == ("author@example.org", "Niet vertrokken")
    query = """SELECT count(*) FROM approval a JOIN message m ON m.number = a.message
        WHERE m.id = %s AND taken_back_at IS NULL"""
    assert await centre.one(query, message_id) == 0
    assert (await centre.approve(message_id)).result["state"] == "released"


async def test_a_template_broken_under_embargo_sends_it_back_to_who_approves(centre: Rooms, incident: str, edit):
    """It is not released by halves, and not forgotten: it waits for approval again."""
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    message_id = await centre.proofed(incident=incident, audiences=["bcm-leads"], release_at=soon)
    assert (await centre.approve(message_id)).result["state"] == "approved"
    edit("{{ wat")
    await centre.until("SELECT state = 'proofed' FROM message WHERE id = %s", message_id)
    query = "SELECT count(*) FROM audit WHERE subject = %s AND action = 'message.held-back'"
    assert await centre.one(query, f"message:{message_id}") == 1
    edit(OURS)
    assert (await centre.approve(message_id)).result["state"] == "released"
