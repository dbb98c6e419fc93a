"""The Twilio stand-in, driven by Twilio's own library: what works here must work there."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from services.devstack import processes, stand_ins, twilio_callbacks, twilio_messages
from tests.stack import Twilio

pytestmark = pytest.mark.stack

TO, FROM, SERVICE = "+32470000001", stand_ins.FROM, "MG" + "a" * 32


class Callbacks:
    """What our side received at the StatusCallback, and how it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.forms: list[dict[str, str]] = []
        self.signed: list[bool] = []
        self.answers: list[int] = []

    @property
    def statuses(self) -> list[str]:
        return [form["MessageStatus"] for form in self.forms]

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.forms) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.fixture
async def callbacks(twilio: Twilio) -> AsyncIterator[Callbacks]:
    """A web server that takes callbacks and has Twilio's own library check each signature."""
    received, validator = Callbacks(), RequestValidator(twilio.auth_token)

    async def take(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        url = received.url.partition("?")[0] + "?" + request.query_string
        received.signed.append(validator.validate(url, form, request.headers.get("X-Twilio-Signature", "")))
        received.forms.append(form)
        return web.Response(status=received.answers.pop(0) if received.answers else 204)

    app = web.Application()
    app.add_routes([web.post("/twilio/status", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    port = processes.free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    received.url = f"http://127.0.0.1:{port}/twilio/status?delivery=17-3&token=x%2By"
    yield received
    await runner.cleanup()


def test_a_message_is_held_and_shown_as_twilio_shows_it(twilio: Twilio) -> None:
    """The fields that the SMS service and the look-up read have Twilio's names, types and formats."""
    sent = _client(twilio).messages.create(
        to=TO, from_=FROM, body="Loonadministratie onbeschikbaar", validity_period=60
    )
    assert sent.sid is not None
    assert (sent.status, sent.num_segments, sent.direction, sent.error_code) == ("queued", "1", "outbound-api", None)
    assert sent.date_created is not None
    assert abs(sent.date_created - datetime.now(UTC)) < timedelta(seconds=5)
    assert _client(twilio).messages(sent.sid).fetch().body == "Loonadministratie onbeschikbaar"
    [held] = twilio.messages()
    jsonschema.validate(held, _message_schema())


def test_segments_are_counted_as_the_network_does(twilio: Twilio) -> None:
    """One ë makes an SMS UCS-2, of 70 characters instead of 160; a message through a service has no count at first."""
    create = _client(twilio).messages.create
    assert create(to=TO, from_=FROM, body="a" * 160).num_segments == "1"
    assert create(to=TO, from_=FROM, body="a" * 161).num_segments == "2"
    assert create(to=TO, from_=FROM, body="België " + "a" * 64).num_segments == "2"
    through_service = create(to=TO, messaging_service_sid=SERVICE, body="a")
    assert (through_service.status, through_service.num_segments, through_service.from_) == ("accepted", "0", None)


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"to": "0470000001"}, 400, 21211),
        ({"to": "+15005550001"}, 400, 21211),
        ({"to": "+15005550003"}, 403, 21408),
        ({"to": "+15005550004"}, 400, 21610),
        ({"body": "a" * 1601}, 400, 21617),
        ({"body": ""}, 400, 21602),
        ({"from_": ""}, 400, 21603),
        ({"from_": "Crisiscentrum Vlaanderen"}, 400, 21212),
        ({"validity_period": 36001}, 400, 90007),
        ({"status_callback": "geen adres"}, 400, 21609),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(
    twilio: Twilio, wrong: dict[str, Any], status: int, code: int
) -> None:
    """The SMS service decides by these codes whether to give up; a refused message is not held."""
    with pytest.raises(TwilioRestException) as refused:
        _client(twilio).messages.create(**{"to": TO, "from_": FROM, "body": "x", **wrong})
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.msg
    assert twilio.messages() == []


def test_strangers_and_unknown_messages(twilio: Twilio) -> None:
    """A wrong token and a message that does not exist have codes of their own."""
    with pytest.raises(TwilioRestException) as stranger:
        Client(twilio.account_sid, "wrong", http_client=_towards(twilio)).messages("SM" + "0" * 32).fetch()
    assert (stranger.value.status, stranger.value.code) == (401, 20003)
    with pytest.raises(TwilioRestException) as unknown:
        _client(twilio).messages("SM" + "0" * 32).fetch()
    assert (unknown.value.status, unknown.value.code) == (404, 20404)


def test_lists_are_paged_and_nothing_is_skipped_or_shown_twice(twilio: Twilio) -> None:
    """The look-up of an ambiguous SMS reads lists; messages that arrive while it turns pages must not shift them."""
    client = _client(twilio)
    sent = [client.messages.create(to=TO, from_=FROM, body=f"{number}").sid for number in range(7)]
    client.messages.create(to="+32470000002", from_=FROM, body="someone else")
    pages = [client.messages.page(to=TO, page_size=3)]
    client.messages.create(to=TO, from_=FROM, body="arrived in between")
    while following := pages[-1].next_page():
        pages.append(following)
    assert [[message.sid for message in page] for page in _seen(pages)] == [sent[:3:-1], sent[3:0:-1], sent[:1]]
    assert [message.sid for message in client.messages.list(to=TO, page_size=2)][1:] == sent[::-1]


def test_lists_are_filtered_by_sender_and_day(twilio: Twilio) -> None:
    """A filter that is silently not applied would find the SMS of someone else."""
    client, now = _client(twilio), datetime.now(UTC)
    client.messages.create(to=TO, from_=FROM, body="x")
    assert len(client.messages.list(to=TO, from_=FROM, date_sent=now.date())) == 1
    assert len(client.messages.list(date_sent_after=now - timedelta(days=1))) == 1
    assert client.messages.list(date_sent_before=now - timedelta(days=1)) == []
    assert client.messages.list(date_sent_after=now + timedelta(days=1)) == []
    assert client.messages.list(from_="+32460000000") == []


async def test_callbacks_tell_of_each_status_and_are_signed(twilio: Twilio, callbacks: Callbacks) -> None:
    """Twilio's own library accepts the signature, of the URL with its query; nothing tells of the first status."""
    await _create(twilio, StatusCallback=callbacks.url)
    await callbacks.wait_for(2)
    assert callbacks.statuses == ["sent", "delivered"]
    assert callbacks.signed == [True, True]
    assert {form["To"] for form in callbacks.forms} == {TO}
    assert twilio.messages()[0]["status"] == "delivered"


async def test_a_callback_that_is_not_taken_comes_again(twilio: Twilio, callbacks: Callbacks) -> None:
    """Our door may be restarting just then."""
    callbacks.answers = [503]
    await _create(twilio, StatusCallback=callbacks.url)
    await callbacks.wait_for(3)
    assert callbacks.statuses == ["sent", "sent", "delivered"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"do": "duplicate"}, ["sent", "sent", "delivered", "delivered"]),
        ({"do": "fail", "code": 30003}, ["sent", "undelivered"]),
        ({"do": "fail", "code": 30007, "status": "failed"}, ["failed"]),
        ({"do": "delay", "delay_seconds": 0.3}, ["sent", "delivered"]),
    ],
)
async def test_callbacks_can_go_wrong(
    twilio: Twilio, callbacks: Callbacks, rule: dict[str, Any], expected: list[str]
) -> None:
    """Late, double and bad news, as networks bring it."""
    twilio.faults({"at": "callback", "match": "0001$", **rule})
    began = time.monotonic()
    await _create(twilio, StatusCallback=callbacks.url)
    await callbacks.wait_for(len(expected))
    await asyncio.sleep(0.3)
    assert callbacks.statuses == expected
    assert callbacks.forms[-1].get("ErrorCode") == (str(rule["code"]) if "code" in rule else None)
    assert all(callbacks.signed)
    assert time.monotonic() - began > 2 * rule.get("delay_seconds", 0)


async def test_callbacks_can_stay_away(twilio: Twilio, callbacks: Callbacks) -> None:
    """The message is delivered and nobody tells."""
    twilio.faults({"at": "callback", "do": "never"})
    await _create(twilio, StatusCallback=callbacks.url)
    await asyncio.sleep(0.6)
    assert callbacks.forms == []
    assert twilio.messages()[0]["status"] == "delivered"


@pytest.mark.parametrize(("code", "error"), [(429, 20429), (503, 20503), (500, 20500)])
def test_it_can_be_busy_or_broken(twilio: Twilio, code: int, error: int) -> None:
    """What it answers with then is not held, and the next request goes well."""
    twilio.faults({"at": "request", "do": "reply", "code": code, "count": 1})
    with pytest.raises(TwilioRestException) as refused:
        _client(twilio).messages.create(to=TO, from_=FROM, body="x")
    assert (refused.value.status, refused.value.code) == (code, error)
    assert twilio.messages() == []
    _client(twilio).messages.create(to=TO, from_=FROM, body="x")
    assert len(twilio.messages()) == 1


@pytest.mark.parametrize(("at", "held"), [("connect", 0), ("request", 0), ("response", 1)])
async def test_it_can_drop_the_connection(twilio: Twilio, at: str, held: int) -> None:
    """Only after it has stored the message does a dropped connection leave doubt."""
    twilio.faults({"at": at, "do": "drop"})  # aiohttp tries once more by itself when a kept connection was dropped
    with pytest.raises(aiohttp.ClientError):
        await _create(twilio)
    assert len(twilio.messages()) == held


async def test_it_can_store_and_never_answer(twilio: Twilio) -> None:
    """There is no idempotency key: the sender has to look it up."""
    twilio.faults({"at": "response", "do": "forget", "count": 1})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await _create(twilio)
    assert [message.to for message in _client(twilio).messages.list(to=TO)] == [TO]


async def test_it_can_be_away_altogether_and_its_look_up_too(twilio: Twilio) -> None:
    """An ambiguous SMS stays `unknown` only when the look-up stays impossible: that has to be tried."""
    twilio.faults({"at": "lookup", "do": "reply", "code": 503})
    with pytest.raises(TwilioException, match="20503"):
        await asyncio.to_thread(_client(twilio).messages.list)
    twilio.faults({"at": "connect", "do": "refuse"})
    with pytest.raises(aiohttp.ClientConnectorError):
        await _create(twilio)
    twilio.no_faults()
    await _create(twilio)
    assert len(twilio.messages()) == 1


async def test_messages_outlive_a_restart(tmp_path: Path) -> None:
    """After a crash of the stand-in a look-up must still find what was sent before."""
    first = await stand_ins.start_twilio(tmp_path, log=tmp_path / "log")
    sent = await asyncio.to_thread(_client(first).messages.create, to=TO, from_=FROM, body="België")
    first.program.popen.kill()
    again = await stand_ins.start_twilio(tmp_path, log=tmp_path / "log")
    try:
        assert sent.sid is not None
        assert (await asyncio.to_thread(_client(again).messages(sent.sid).fetch)).body == "België"
    finally:
        await processes.stop(again.program)


def test_the_oldest_messages_go_when_it_holds_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that runs for days, or through a benchmark, does not fill the machine's memory."""
    monkeypatch.setattr(twilio_messages, "HELD", 2)
    held = twilio_messages.Messages("AC" + "0" * 32)
    made = [held.create({"To": TO, "From": FROM, "Body": text}) for text in ("een", "twee", "drie")]
    assert [message.body for message in held.newest_first()] == ["drie", "twee"]
    assert list(held.newest_first(TO)) == [made[2], made[1]]
    assert held.get(made[0].sid) is None


@given(
    st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=40), max_size=8),
    st.from_regex(
        r"https://[a-z]{1,10}\.be(:8443)?/twilio/status\?d=[0-9]{1,5}\.[0-9]{1,5}&t=[A-Za-z0-9_-]{1,30}", fullmatch=True
    ),
    st.text(min_size=1, max_size=40),
)
def test_our_signatures_are_those_of_twilios_own_library(form: dict[str, str], url: str, token: str) -> None:
    """Whatever is in the form: what `public` is tested with is what Twilio would send."""
    signed = twilio_callbacks.signature(token, url, form)
    assert RequestValidator(token).validate(url, form, signed)
    assert not RequestValidator(token + "x").validate(url, form, signed)


class _Towards(TwilioHttpClient):
    """Twilio's own client, with the stand-in in the place of api.twilio.com."""

    def __init__(self, url: str) -> None:
        super().__init__(pool_connections=False, timeout=5)
        self._url = url

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._url), *args, **options)


def _towards(twilio: "Twilio | stand_ins.Twilio") -> TwilioHttpClient:
    return _Towards(twilio.url)


def _client(twilio: "Twilio | stand_ins.Twilio") -> Client:
    return Client(twilio.account_sid, twilio.auth_token, http_client=_towards(twilio))


async def _create(twilio: Twilio, **more: str) -> None:
    url = f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
    credentials = aiohttp.encode_basic_auth(twilio.account_sid, twilio.auth_token)
    async with (
        aiohttp.ClientSession(headers={"Authorization": credentials}) as session,
        session.post(url, data={"To": TO, "From": FROM, "Body": "x", **more}) as answer,
    ):
        assert answer.status == 201, await answer.text()


def _seen(pages: list[Any]) -> list[list[Any]]:
    return [list(page) for page in pages]


def _message_schema() -> dict[str, Any]:
    """Twilio's description of a message; OpenAPI's `nullable` said in JSON Schema's way, and nothing beyond it."""
    api = json.loads((Path(stand_ins.__file__).parent / "data" / "twilio-messages.openapi.json").read_text())
    schemas = api["components"]["schemas"]
    schema = schemas["api.v2010.account.message"]
    for name, field in schema["properties"].items():
        resolved = schemas[field["$ref"].rpartition("/")[2]] if "$ref" in field else field
        schema["properties"][name] = {"anyOf": [resolved, {"type": "null"}]} if resolved.get("nullable") else resolved
    return {**schema, "additionalProperties": False, "required": list(schema["properties"])}
