"""What events from outside lead to: drafts and reports by the mapping, once each, whatever happens in between."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.admin import config
from services.admin import sources as commands
from services.admin.answers import Refusal
from services.console.desk import Desk
from services.console.outside.worker import LOOK_SECONDS, map_next, map_waiting, unending
from services.domain.event_mapping import EventMapping
from services.rendering.event_mapping import mapping_in_force
from services.store import outside_events, sources
from services.store.alarms import rung
from services.store.users import save_user
from tests.situation.running import eventually

pytestmark = pytest.mark.stack

EVENT = {
    "specversion": "1.0", "id": "1", "source": "/monitoring/a", "type": "be.example.alert", "subject": "mail-gateway",
    "data": {"title": "Mail down", "severity": "critical", "description": "Since 3:00"},
}  # fmt: skip

PLAYBOOK = """
rules:
  - name: outbreak
    types: ["be.example.outbreak"]
    draft:
      title: "Outbreak in {{ data.place }}"
      playbook: cyber-incident
      holes: {dienst: "{{ data.service }}"}
  - name: literal
    types: ["be.example.help"]
    correlation: "{{ data.service }}"
    draft:
      title: "{{ data.service }} fails"
      file: {kind: alert, title: "{{ data.service }}", key_messages: ["{{ data.text }}"], audiences: [governors]}
"""


class Outside:
    """A source, and what became of what it sent."""

    def __init__(self, desk: Desk, sender: int) -> None:
        self.desk, self.sender = desk, sender

    async def sends(self, *events: dict[str, Any]) -> None:
        async with self.desk.pool.connection() as connection:
            await outside_events.keep(connection, self.sender, events)

    async def maps(self, *events: dict[str, Any]) -> int:
        await self.sends(*events)
        return await map_waiting(self.desk)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.desk.pool.connection() as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def states(self) -> list[str]:
        return [state for (state,) in await self.rows("SELECT state FROM outside_event ORDER BY number")]


def event(number: int, **more: Any) -> dict[str, Any]:
    return {**EVENT, "id": str(number), **more}


@pytest.fixture
async def outside(desk: Desk) -> Outside:
    async with desk.pool.connection() as connection:
        user = await save_user(connection, "an@ccvo.example", ["author"])
        made = await sources.add(connection, "monitoring", token="t", types=["*"], by=user.id)
    assert made is not None
    return Outside(desk, made.id)


def _mapping(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> Path:
    path = folder / "events.yaml"
    path.write_text(text)
    monkeypatch.setenv("ROELAND_EVENTS_MAPPING", str(path))
    return path


async def test_a_critical_alert_opens_an_incident_in_preparation(outside: Outside) -> None:
    """With nothing set: whoever looks at the overview sees it, and nobody was sent anything."""
    await outside.maps(EVENT)
    assert await outside.rows("SELECT slug, title, phase, exercise FROM incident") == [
        ("monitoring-mail-gateway", "Mail down", "preparation", False)
    ]
    history = await outside.rows("SELECT what, value, reason FROM incident_history ORDER BY id")
    assert history[-1] == ("reported", "monitoring", "critical: Mail down. Since 3:00")
    assert await outside.rows("SELECT count(*) FROM message") == [(0,)]
    async with outside.desk.pool.connection() as connection:
        (shown,) = await outside_events.reports(connection)
    assert (shown.incident, shown.sender, shown.events) == ("monitoring-mail-gateway", "monitoring", 1)


async def test_a_flood_about_one_thing_is_one_report_with_a_count(outside: Outside) -> None:
    """A monitoring system that says it each second must not bury what else comes in; somebody is told once."""
    await outside.maps(*(event(n) for n in range(20)))
    assert await outside.rows("SELECT events FROM event_thread") == [(20,)]
    assert await outside.rows("SELECT count(*) FROM incident_history WHERE what = 'reported'") == [(1,)]
    assert await outside.rows("SELECT count(*) FROM timer WHERE kind = 'telling'") == [(1,)]
    await outside.rows("UPDATE event_thread SET noted_at = now() - interval '31 minutes' RETURNING id")
    await outside.maps(event(20), event(21))
    assert await outside.rows("SELECT count(*) FROM incident_history WHERE what = 'reported'") == [(2,)]
    assert set(await outside.states()) == {"done"}


async def test_what_comes_after_an_incident_was_closed_opens_another(outside: Outside) -> None:
    """A closed incident is not opened behind anybody's back."""
    await outside.maps(event(1))
    await outside.rows("UPDATE incident SET closed_at = now() RETURNING slug")
    await outside.maps(event(2))
    assert [slug for (slug,) in await outside.rows("SELECT slug FROM incident ORDER BY opened_at")] == [
        "monitoring-mail-gateway",
        "monitoring-mail-gateway-2",
    ]


async def test_two_workers_make_one_report_of_what_belongs_together(outside: Outside) -> None:
    """Several consoles may run; each maps what the other does not."""
    await outside.sends(*(event(n) for n in range(12)))
    await asyncio.gather(*(map_waiting(outside.desk) for _ in range(4)))
    assert await outside.rows("SELECT count(*), sum(events) FROM event_thread") == [(1, 12)]
    assert set(await outside.states()) == {"done"}


async def test_a_worker_that_dies_half_way_leaves_neither_half_a_draft_nor_two(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What kill -9 leaves is what PostgreSQL rolls back: here the connection is torn while the draft is made."""
    _mapping(monkeypatch, tmp_path, PLAYBOOK)
    await outside.sends(event(1, type="be.example.help", data={"service": "DNS", "text": "It is down."}))
    mapping = mapping_in_force(outside.desk.configuration)
    real = outside_events.settle

    async def dies(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(outside_events, "settle", dies)
    with pytest.raises(asyncio.CancelledError):
        await map_next(outside.desk, mapping)
    assert await outside.rows("SELECT count(*) FROM draft") == [(0,)]
    assert await outside.states() == ["waiting"]
    monkeypatch.setattr(outside_events, "settle", real)
    await map_waiting(outside.desk)
    await map_waiting(outside.desk)
    assert await outside.rows("SELECT count(*) FROM draft") == [(1,)]


async def test_a_draft_is_begun_from_literal_fields_and_never_sent(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A person finishes it: what an outside system says is text in it, whatever it looks like."""
    _mapping(monkeypatch, tmp_path, PLAYBOOK)
    nasty = "{{ 7*7 }} {fact:secret} {hole:x}\n<script>\u202e" + "x" * 5000
    await outside.maps(event(1, type="be.example.help", data={"service": "DNS", "text": nasty}))
    ((content, by),) = await outside.rows("SELECT content, created_by FROM draft")
    file = content["file"]
    assert (file["incident"], file["title"]) == ("monitoring-dns", [{"text": "DNS"}])
    text = file["key_messages"][0]["text"][0]["text"]
    assert text.startswith("(( 7*7 )) (fact:secret) (hole:x) <script> x")
    assert len(text) <= 600
    assert by == (await outside.rows("SELECT id FROM users"))[0][0]
    assert await outside.rows("SELECT count(*) FROM message") == [(0,)]
    async with outside.desk.pool.connection() as connection:
        (shown,) = await outside_events.waiting_drafts(connection)
    assert (shown.title, shown.about) == ("DNS fails", "monitoring-dns")


async def test_a_draft_is_begun_from_a_playbook(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is known is filled in; the other holes stay open, with the playbook's words around them."""
    _mapping(monkeypatch, tmp_path, PLAYBOOK)
    await outside.maps(event(1, type="be.example.outbreak", data={"place": "Gent", "service": "De loonadministratie"}))
    ((content,),) = await outside.rows("SELECT content FROM draft")
    assert "De loonadministratie" in json.dumps(content["file"], ensure_ascii=False)


async def test_the_same_draft_is_joined_while_it_lasts_and_not_after_it_was_sent(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ten alerts are one draft with a count; what comes after it was sent is something new."""
    _mapping(monkeypatch, tmp_path, PLAYBOOK)
    help_ = {"type": "be.example.help", "data": {"service": "DNS", "text": "It is down."}}
    await outside.maps(*(event(n, **help_) for n in range(10)))
    assert await outside.rows("SELECT events FROM event_thread") == [(10,)]
    await outside.rows("UPDATE draft SET removed_at = now() RETURNING id")
    await outside.maps(event(10, **help_))
    assert await outside.rows("SELECT events FROM event_thread ORDER BY id") == [(10,), (1,)]


async def test_what_cannot_be_mapped_is_kept_shown_and_mapped_again_after_mending(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An alert that a slip in the mapping swallowed would be found after the crisis."""
    path = _mapping(monkeypatch, tmp_path, PLAYBOOK)
    await outside.maps(event(1, type="be.example.help", data={"service": "DNS"}), event(2, type="unheard.of"))
    listed = (await commands.events(failed=True)).document
    assert ["'dict object' has no attribute 'text'" in listed[1]["problem"], listed[0]["problem"]] == [
        True,
        "no rule of the mapping fits type unheard.of from monitoring",
    ]
    assert "draft.file.key_messages[0]" in listed[1]["problem"]
    async with outside.desk.pool.connection() as connection:
        assert [(each.kind, each.detail["failed"]) for each in await rung(connection)] == [("events-failed", 2)]
    path.write_text(PLAYBOOK.replace("{{ data.text }}", "{{ data.text | default('?') }}"))
    await commands.replay(listed[1]["id"])
    path.write_text(path.read_text() + '  - {name: rest, types: ["*"], report: {title: rest, text: rest}}\n')
    await commands.replay(listed[0]["id"])
    await map_waiting(outside.desk)
    assert await outside.states() == ["done", "done"]
    async with outside.desk.pool.connection() as connection:
        assert await rung(connection) == []


async def test_a_mapping_that_cannot_be_read_leaves_everything_waiting(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And says so on the board: mended, it goes on by itself."""
    path = _mapping(monkeypatch, tmp_path, "rules: [{name: x, types: ['*'], report: {title: '{{ x', text: x}}]")
    assert await outside.maps(EVENT) == 0
    async with outside.desk.pool.connection() as connection:
        assert [each.kind for each in await rung(connection)] == ["events-failed"]
    path.write_text("rules: [{name: x, types: ['*'], ignore: true}]")
    assert await map_waiting(outside.desk) == 1
    async with outside.desk.pool.connection() as connection:
        assert await rung(connection) == []


async def test_the_worker_hears_of_an_event_at_once_and_ends_when_it_is_told_to(outside: Outside) -> None:
    """An alert does not wait for the next look; and a console that is stopped is gone within its grace."""
    working = asyncio.create_task(unending(outside.desk))
    await eventually(lambda: _is_listening(outside))
    await outside.sends(EVENT)

    async def mapped() -> bool:
        return await outside.states() == ["done"]

    await eventually(mapped, seconds=LOOK_SECONDS - 1)
    working.cancel()
    async with asyncio.timeout(3):
        await asyncio.wait({working})


async def _is_listening(outside: Outside) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND starts_with(query, 'LISTEN')"
    return bool((await outside.rows(query))[0][0])


def test_the_mapping_that_is_shipped_is_right(configuration: Any) -> None:
    """A centre that sets nothing stands on it."""
    mapping: EventMapping = mapping_in_force(configuration)
    assert mapping.rules[0].name == "signs-of-life"
    lesser = mapping.rule_for({**EVENT, "data": {"severity": "warning"}}, "monitoring")
    assert lesser is not None
    assert lesser.ignore


def test_the_example_in_the_documentation_is_right(configuration: Any, tmp_path: Path) -> None:
    """It is what a centre begins from."""
    text = Path("docs/events.md").read_text(encoding="utf-8").split("```yaml\n")[1].partition("```")[0]
    path = tmp_path / "events.yaml"
    path.write_text(text)
    mapping = mapping_in_force(configuration, path)
    assert [rule.name for rule in mapping.rules] == ["outbreak", "alert", "noise"]


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("rules: [{name: x, types: ['*']}]", "1:9 rules[0]", "leads to one of"),
        ("rules: [{name: x, types: ['*'], report: {title: '{{ x', text: x}}]", "rules[0].report.title", "no template"),
        ("rules:\n  - {name: x, types: ['*'], report: {title: x, text: x, phase: acut}}", "2:", "no phase 'acut'"),
        ("rules: [{name: x, types: ['*'], draft: {title: x}}]", "rules[0].draft", "give one of the two"),
        ("rules: [{name: x, types: ['*'], ignore: true, wen: {}}]", "rules[0].wen", "no field rules[0].wen"),
    ],
)
async def test_a_mapping_is_judged_before_it_is_in_force(tmp_path: Path, text: str, place: str, problem: str) -> None:
    """With the file, the line, the field and what to do: `roeland config check events.yaml`."""
    path = tmp_path / "events.yaml"
    path.write_text(text)
    with pytest.raises(Refusal) as refused:
        await config.check(path)
    (found, *_) = refused.value.problems
    assert place in found.place
    assert problem in found.problem
    assert found.remedy
