"""`POST /api/v1/events`: what outside systems send is taken once, durably, or not at all."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from services.admin import sources as commands
from services.console.api.events_door import Rates
from services.domain.cloud_events import BATCH, STRUCTURED
from tests.console.conftest import Console

pytestmark = pytest.mark.stack

EVENTS = "/api/v1/events"
EVENT = {
    "specversion": "1.0", "id": "1", "source": "/monitoring/a", "type": "be.example.alert",
    "data": {"title": "Mail down", "severity": "critical"},
}  # fmt: skip


class Outside:
    """An outside system, with its key."""

    def __init__(self, client: httpx.AsyncClient, console: Console, key: str = "") -> None:
        self.client, self.console, self.key = client, console, key

    async def send(self, event: Any = None, *, media_type: str = STRUCTURED, **headers: str) -> httpx.Response:
        body = event if isinstance(event, bytes) else json.dumps(EVENT if event is None else event).encode()
        given = {"authorization": f"Bearer {self.key}", "content-type": media_type, **headers}
        return await self.client.post(EVENTS, content=body, headers=given)

    async def signed(self, event: Any, key: str, *, at: datetime | None = None, **headers: str) -> httpx.Response:
        body, moment = json.dumps(event), at or datetime.now(UTC)
        own = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(key).sign("msg_1", moment, body),
        }
        given = {"content-type": STRUCTURED, **own, **headers}
        return await self.client.post(EVENTS, content=body.encode(), headers=given)

    async def rows(self, query: str = "SELECT source, id, state FROM outside_event ORDER BY number") -> list[Any]:
        async with self.console.desk.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()


async def _add(name: str, **given: Any) -> dict[str, Any]:
    asked = {"types": ["be.example.*"], "prefix": "/monitoring/", "bearer": False, "signed": False, "days": None}
    answer = await commands.add(name, **{**asked, **given})
    document: dict[str, Any] = answer.document
    return document


@pytest.fixture
async def outside(console: Console) -> AsyncIterator[Outside]:
    made = Outside(await console.anyone(), console)
    made.key = (await _add("monitoring", bearer=True))["token"]
    yield made


async def test_an_event_is_there_when_it_was_answered_202_and_again_does_nothing(outside: Outside) -> None:
    """A sender that hears 202 forgets it; one that heard nothing sends it again."""
    first, again = await outside.send(), await outside.send()
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == {"accepted": 1, "events": [{"source": "/monitoring/a", "id": "1", "new": True}]}
    assert again.json()["events"][0]["new"] is False
    assert await outside.rows() == [("/monitoring/a", "1", "waiting")]


async def test_all_three_modes_make_the_same_event(outside: Outside) -> None:
    """A retry may come through a gateway that changes the mode: it is the same event still."""
    event = {**EVENT, "datacontenttype": "application/json", "subject": "café"}
    assert (await outside.send(event)).status_code == 202
    headers = {f"ce-{name}": str(event[name]) for name in ("specversion", "id", "source", "type")}
    binary = await outside.send(event["data"], media_type="application/json", **headers, **{"ce-subject": "caf%C3%A9"})
    assert binary.status_code == 202, binary.text
    assert binary.json()["events"][0]["new"] is False
    batch = await outside.send([event, {**event, "id": "2"}], media_type=BATCH)
    assert [each["new"] for each in batch.json()["events"]] == [False, True]


async def test_bytes_of_binary_mode_are_kept(outside: Outside) -> None:
    """Data need not be JSON."""
    headers = {f"ce-{name}": str(EVENT[name]) for name in ("specversion", "id", "source", "type")}
    assert (await outside.send(b"\xff\x00", media_type="image/png", **headers)).status_code == 202
    assert (await outside.send(b"hello", media_type="text/plain", **{**headers, "ce-id": "2"})).status_code == 202
    assert await outside.rows("SELECT body->>'data_base64', body->>'data' FROM outside_event ORDER BY id") == [
        ("/wA=", None),
        (None, "hello"),
    ]


async def test_binary_headers_are_read_as_the_http_binding_says(outside: Outside) -> None:
    """Quoted ones are unquoted, once (1.0.2, §3.1.3.2); what stands twice, or is the body's to say, is refused."""
    headers = {f"ce-{name}": str(EVENT[name]) for name in ("specversion", "id", "source", "type")}
    quoted = {**headers, "ce-id": '"7 \\"x%20y"', "ce-ext": "%22kept%22"}
    answer = await outside.send({}, media_type="application/json", **quoted)
    assert (answer.status_code, answer.json()["events"][0]["id"]) == (202, '7 "x y'), answer.text
    for more in ({"ce-data": "x"}, {"ce-data_base64": "AA=="}):
        assert (await outside.send({}, media_type="application/json", **headers, **more)).status_code == 400
    twice = [*headers.items(), ("ce-id", "8"), ("authorization", f"Bearer {outside.key}")]
    assert (await outside.client.post(EVENTS, headers=twice)).status_code == 400
    assert [row[1] for row in await outside.rows()] == ['7 "x y']


async def test_the_same_id_with_another_content_is_refused(outside: Outside) -> None:
    """Else a slip in a sender would hide an alert behind an older one."""
    await outside.send()
    other = await outside.send({**EVENT, "data": {"title": "other"}})
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"


async def test_a_batch_is_taken_whole_or_not_at_all(outside: Outside) -> None:
    """A sender that must find out which half went in would send all of it again, or nothing."""
    await outside.send()
    batch = [{**EVENT, "id": "2"}, {**EVENT, "data": "other"}]
    refused = await outside.send(batch, media_type=BATCH)
    assert (refused.status_code, refused.json()["problems"][0]["place"]) == (409, "events[1].id")
    invalid = await outside.send([{**EVENT, "id": "3"}, {**EVENT, "id": ""}], media_type=BATCH)
    assert (invalid.status_code, invalid.json()["problems"][0]["place"]) == (422, "events[1].id")
    assert await outside.rows() == [("/monitoring/a", "1", "waiting")]


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", STRUCTURED, 400),
        (b"\xff", STRUCTURED, 400),
        (b"[" * 100_000, STRUCTURED, 400),
        (b'{"a": NaN}', STRUCTURED, 400),
        (b'{"id": "1", "id": "2"}', STRUCTURED, 400),
        (b"{}", BATCH, 400),
        (b"[]", STRUCTURED, 422),
        (b"{}", STRUCTURED, 422),
        (b"{}", "application/json", 415),
        (b"{}", "application/cloudevents+avro", 415),
        (json.dumps({**EVENT, "specversion": "0.3"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "Upper": "x"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "ext": {"a": 1}}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "data": "a\0b"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "data": "\ud800"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "time": "yesterday"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "data_base64": "AA=="}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "data": None, "data_base64": "no base64!"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "time": "1732590720"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "time": "2026-11-26T03:12:00"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "ext": 2**31}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "datacontenttype": "nonsense"}).encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "dataschema": "not a URI"}).encode(), STRUCTURED, 422),
        (json.dumps(EVENT).encode(), f"{STRUCTURED}; charset=iso-8859-1", 415),
        (json.dumps(EVENT).replace('"critical"', "1e999").encode(), STRUCTURED, 422),
        (json.dumps({**EVENT, "data": "x" * 70_000}).encode(), STRUCTURED, 413),
        (json.dumps({**EVENT, "data": "x" * 300_000}).encode(), STRUCTURED, 413),
        (json.dumps([EVENT] * 101).encode(), BATCH, 413),
    ],
)
async def test_what_is_no_event_is_told_so(outside: Outside, body: bytes, media_type: str, status: int) -> None:
    """A developer at the other end reads the answer, and nobody else is there to ask."""
    answer = await outside.send(body, media_type=media_type)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await outside.rows() == []


async def test_a_source_sends_only_what_it_may(outside: Outside) -> None:
    """The key of the help desk must not report an outbreak."""
    for event in ({**EVENT, "type": "be.other"}, {**EVENT, "source": "/elsewhere"}):
        assert (await outside.send(event)).status_code == 403
    batch = await outside.send([EVENT, {**EVENT, "id": "2", "type": "x"}], media_type=BATCH)
    assert batch.json()["problems"][0]["place"] == "events[1]"
    assert await outside.rows() == []


async def test_nobody_sends_without_a_key_that_stands(outside: Outside) -> None:
    """Unknown, revoked and expired are the same to whoever asks."""
    for key in ("", "nonsense", "x" * 10_000):
        outside_key, outside.key = outside.key, key
        refused = await outside.send()
        outside.key = outside_key
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
    await outside.rows("UPDATE event_source SET expires_at = now() - interval '1 s' RETURNING id")
    assert (await outside.send()).status_code == 401
    await outside.rows("UPDATE event_source SET expires_at = NULL RETURNING id")
    assert (await outside.send()).status_code == 202
    await commands.revoke("monitoring")
    assert (await outside.send()).status_code == 401
    assert (await commands.list_()).document[0]["last_used_at"] is not None


async def test_a_signature_proves_who_sent_it_and_that_nothing_was_changed(outside: Outside) -> None:
    """Standard Webhooks: signed with the reference library, by one of two systems that sign."""
    key = (await _add("outbreaks", signed=True))["secret"]
    other = (await _add("help-desk", signed=True, types=["nothing"]))["secret"]
    assert key.startswith("whsec_")
    assert (await outside.signed(EVENT, key)).status_code == 202
    assert (await outside.signed(EVENT, other)).status_code == 403
    assert (await outside.signed(EVENT, "whsec_" + "A" * 44)).status_code == 401
    late = datetime.now(UTC) - timedelta(minutes=6)
    assert (await outside.signed(EVENT, key, at=late)).status_code == 401
    now = datetime.now(UTC)
    beside = f"v1a,later v1,%%% {Webhook(key).sign('msg_1', now, json.dumps(EVENT))} v2,AAAA"
    assert (await outside.signed(EVENT, key, at=now, **{"webhook-signature": beside})).status_code == 202
    for broken in ("v1", "v1,%%%", "v2,AAAA", ",", "v1,a,b"):
        assert (await outside.signed(EVENT, key, **{"webhook-signature": broken})).status_code == 401
    async with outside.console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT secret FROM event_source WHERE name = 'outbreaks'")).fetchone()
    assert row is not None
    assert key.removeprefix("whsec_").encode() not in bytes(row[0])


async def test_attributes_that_no_signature_covers_are_not_believed(outside: Outside) -> None:
    """In binary mode type and source stand in headers: whoever caught one signed body could send it as anything."""
    key = (await _add("outbreaks", signed=True))["secret"]
    headers = {f"ce-{name}": str(EVENT[name]) for name in ("specversion", "id", "source", "type")}
    answer = await outside.signed(EVENT["data"], key, **{**headers, "content-type": "application/json"})
    assert answer.status_code == 415


async def test_a_flood_of_one_source_is_turned_away_and_told_when_to_come_back(outside: Outside) -> None:
    """And holds up nobody else."""
    rates = Rates(2), Rates(2)
    outside.console.app.state.event_rates = rates
    answers = [await outside.send({**EVENT, "id": str(n)}) for n in range(3)]
    assert [each.status_code for each in answers] == [202, 202, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    other = (await _add("other", bearer=True))["token"]
    outside.key = other
    assert (await outside.send({**EVENT, "id": "9"})).status_code == 202


async def test_a_name_is_had_again_once_its_key_was_revoked(outside: Outside) -> None:
    """A key that leaked is replaced; what the old one sent stays known as its own."""
    await outside.send()
    await commands.revoke("monitoring")
    outside.key = (await _add("monitoring", bearer=True))["token"]
    assert (await outside.send()).json()["events"][0]["new"] is False
    assert [each["state"] for each in (await commands.list_()).document] == ["standing", "revoked"]
