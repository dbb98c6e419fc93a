"""What is asked of Twilio, to the letter, and a Twilio that is slower than the stand-in ever is."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import jsonschema
import pytest
from aiohttp import web
from pydantic import SecretStr
from twilio.rest import Client  # type: ignore[import-untyped]  # ships hints, but no py.typed

from services.domain.states import State
from services.runtime.tokens import Key, Keys
from services.sms.callbacks import DeliveryName, callback_url, named
from services.sms.codes import Ruling, Verdict
from services.sms.provider import MessageResource, Sms
from services.sms.settings import TwilioSettings
from services.sms.twilio import open_twilio
from tests.sms.jobs import BODY, Sent, job, world
from tests.stack import Twilio
from tests.twilio_requests import hold

pytestmark = pytest.mark.stack

ACCOUNT, SERVICE, TO = "AC" + "0" * 32, "MG" + "a" * 32, "+32470000001"
_HEADERS = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 800\r\n\r\n"
KEYS = Keys((Key("k1", b"1" * 32),))


@dataclass
class Slow:
    """A Twilio that makes what it is asked and drops the connection, and lists it only after `shows_after` seconds."""

    url: str = ""
    shows_after: float = 0.2
    forms: list[dict[str, str]] = field(default_factory=list)
    heads: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    made_at: list[float] = field(default_factory=list)
    answer: web.Response | None = None

    async def create(self, request: web.Request) -> web.StreamResponse:
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        self.heads.append((request.path_qs, dict(request.headers)))
        self.made_at.append(time.monotonic())
        if self.answer:
            return self.answer
        assert request.transport
        request.transport.close()
        return web.Response()

    async def list_(self, request: web.Request) -> web.Response:
        shown = [
            {"sid": "SM" + "0" * 32, "status": "sent", "to": form["To"], "body": form["Body"], "error_code": None,
             "date_created": format_datetime(datetime.now(UTC))}
            for form, made in zip(self.forms, self.made_at, strict=True)
            if time.monotonic() - made >= self.shows_after
        ]  # fmt: skip
        return web.json_response({"messages": shown, "next_page_uri": None, "page_size": 50})


@pytest.fixture
async def slow(unused_tcp_port: int) -> AsyncIterator[Slow]:
    """It runs in the test's own loop."""
    here = Slow(f"http://127.0.0.1:{unused_tcp_port}")
    app = web.Application()
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    app.add_routes([web.post(path, here.create), web.get(path, here.list_)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield here
    await runner.cleanup()


async def test_what_twilio_was_still_making_is_not_sent_again(slow: Slow, twilio: Twilio, database_url: str) -> None:
    """A look-up right after a lost answer finds nothing; only a later one counts."""
    async with world(
        twilio, database_url, twilio_base_url=slow.url, twilio_account_sid=ACCOUNT, twilio_from="CCVO"
    ) as here:
        sent = await here.carry(TO)
    assert sent.only.state is State.ACCEPTED
    assert len(slow.forms) == 1


async def test_the_request_says_what_twilio_describes(slow: Slow, twilio: Twilio, database_url: str) -> None:
    """To, Body, sender, how long it is worth sending, and where to tell what became of it: by Twilio's own schema."""

    def callback(name: DeliveryName) -> str:
        return callback_url("https://crisis.example.be", KEYS, name)

    async with world(
        twilio, database_url, twilio_base_url=slow.url, twilio_account_sid=ACCOUNT, callback=callback,
        twilio_from=None, twilio_messaging_service_sid=SERVICE,
    ) as here:  # fmt: skip
        await here.carrier.available()
        sent = Sent()
        await here.carrier.carry_out(job(sent, TO, expires_at=datetime.now(UTC) + timedelta(minutes=10)))
        await here.carrier.carry_out(job(sent, TO, expires_at=datetime.now(UTC) + timedelta(days=3)))
    form, later = slow.forms
    assert {name: form[name] for name in ("To", "Body", "MessagingServiceSid")} == {
        "To": TO, "Body": BODY, "MessagingServiceSid": SERVICE,
    }  # fmt: skip
    assert "From" not in form
    assert 590 <= int(form["ValidityPeriod"]) <= 600
    assert later["ValidityPeriod"] == "36000"
    query = dict(part.split("=") for part in form["StatusCallback"].partition("?")[2].partition("#")[0].split("&"))
    assert form["StatusCallback"].startswith("https://crisis.example.be/twilio/status?")
    assert named(query, KEYS) == DeliveryName(17, 1)
    hold([("post", ".json", form), ("post", ".json", later)])


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (web.Response(status=201, text="<html>OK</html>"), Verdict.IN_DOUBT),
        (web.Response(status=201, text="{}"), Verdict.IN_DOUBT),
        (web.Response(status=502, text="<html>Bad Gateway</html>"), Verdict.IN_DOUBT),
        (web.Response(status=307, headers={"Location": "/elsewhere"}), Verdict.CLOSED),
        (web.Response(status=407, text="proxy"), Verdict.CLOSED),
        (web.Response(status=429, headers={"Retry-After": "7"}), Verdict.SLOW_DOWN),
    ],
)
async def test_answers_that_are_not_twilios_fail_nobody(slow: Slow, answer: web.Response, verdict: Verdict) -> None:
    """Something between us and Twilio answers: what may have been made is looked up, nothing is sent elsewhere."""
    slow.answer = answer
    async with open_twilio(_settings(slow.url), 1) as twilio:
        ruling = await twilio.send(Sms(TO, BODY))
        assert not isinstance(ruling, MessageResource)
        assert ruling.verdict is verdict
        assert twilio.retry_after == (7.0 if verdict is Verdict.SLOW_DOWN else None)
    assert len(slow.forms) == 1


async def test_a_date_that_is_none_fails_nobody(slow: Slow) -> None:
    """A year of twenty digits is noise, not a reason to leave a batch."""
    slow.answer = web.Response(status=429, headers={"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"})
    async with open_twilio(_settings(slow.url), 1) as twilio:
        ruling = await twilio.send(Sms(TO, BODY))
        assert not isinstance(ruling, MessageResource)
        assert (ruling.verdict, twilio.retry_after) == (Verdict.SLOW_DOWN, None)


async def test_a_hanging_twilio_is_left_after_the_timeout() -> None:
    """The SDK's own client would wait for ever: its timeout is ignored there."""
    server = await asyncio.start_server(_hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(3), open_twilio(_settings(url), 1) as twilio:
        began = time.monotonic()
        ruling = await twilio.send(Sms(TO, BODY))
    assert not isinstance(ruling, MessageResource)
    assert ruling.verdict is Verdict.IN_DOUBT
    assert 0.4 < time.monotonic() - began < 2.5
    server.close()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 201 Created\r\n", _HEADERS, _HEADERS + b'{"sid": "SM'])
async def test_an_answer_that_stops_in_the_middle_is_left_after_the_timeout(said: bytes) -> None:
    """The time is for a whole request, its last byte included; a message that may have been made is in doubt."""

    async def stop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"Body=")
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stop, "127.0.0.1", 0)
    async with asyncio.timeout(20), open_twilio(_settings(_url(server)), 1) as twilio:
        assert await twilio.send(Sms(TO, BODY)) == Ruling(Verdict.IN_DOUBT, reason="no-answer")
    server.close()


async def test_a_drip_of_bytes_does_not_keep_a_request_alive() -> None:
    """A time between two bytes would never be over; the time for all of it is."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_HEADERS)
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with asyncio.timeout(20), open_twilio(_settings(_url(server)), 1) as twilio:
        assert await twilio.send(Sms(TO, BODY)) == Ruling(Verdict.IN_DOUBT, reason="no-answer")
    server.close()


async def test_a_tls_handshake_that_hangs_hands_nothing_over() -> None:
    """Nobody is in doubt for it: nothing of the message had left."""
    server = await asyncio.start_server(_hang, "127.0.0.1", 0)
    settings = _settings(_url(server).replace("http:", "https:"))
    async with asyncio.timeout(20), open_twilio(settings, 1) as twilio:
        assert await twilio.send(Sms(TO, BODY)) == Ruling(Verdict.AWAY, reason="cannot-connect")
    server.close()


async def test_a_listener_that_does_not_accept_hands_nothing_over() -> None:
    """Its queue of connections is full: packets are dropped, as by a firewall."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        async with asyncio.timeout(20), open_twilio(_settings(url), 1) as twilio:
            assert await twilio.send(Sms(TO, BODY)) == Ruling(Verdict.AWAY, reason="cannot-connect")


async def test_a_name_that_is_nobodys_hands_nothing_over() -> None:
    """DNS says no (RFC 6761: `.invalid` never exists)."""
    async with asyncio.timeout(20), open_twilio(_settings("http://twilio.invalid"), 1) as twilio:
        assert await twilio.send(Sms(TO, BODY)) == Ruling(Verdict.AWAY, reason="cannot-connect")


async def test_a_name_server_that_hangs_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS says nothing: the wait ends before the request's own, so that it is known that nothing had left."""

    async def silent(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", silent)
    async with asyncio.timeout(20), open_twilio(_settings("http://twilio.invalid"), 1) as twilio:
        assert await twilio.send(Sms(TO, BODY)) == Ruling(Verdict.AWAY, reason="cannot-connect")


async def test_the_request_is_the_one_that_the_sdk_would_make(slow: Slow) -> None:
    """We build it for speed; where, as whom and with which fields is still what Twilio's own library says."""
    made = {"sid": "SM1", "status": "queued", "error_code": None}
    sms = Sms(TO, "Één & ander + 100% \u20ac\nBel: 016/00.00.00 \U0001f6a8", "https://x.be/twilio/status?d=1.2&t=a%2Bb#rc=5",
              timedelta(minutes=5))  # fmt: skip
    async with open_twilio(_settings(slow.url), 1) as twilio:
        slow.answer = web.json_response(made, status=201)
        assert await twilio.send(sms) == MessageResource("SM1", "queued", None)
        slow.answer = web.json_response(made, status=201)
        await twilio._messages.create_async(
            to=sms.to, body=sms.text, from_="CCVO", status_callback=sms.callback or "", validity_period=300
        )
    assert slow.forms[0] == slow.forms[1]
    (path, headers), (sdk_path, sdk_headers) = slow.heads
    assert path == sdk_path
    same = ("Authorization", "User-Agent", "X-Twilio-Client", "Accept", "Accept-Charset", "Content-Type")
    assert {name: headers.get(name) for name in same} == {name: sdk_headers.get(name) for name in same}


@pytest.mark.parametrize("edge", [None, "dublin", "frankfurt-ix"])
@pytest.mark.parametrize("region", [None, "ie1", "us1"])
def test_region_and_edge_lead_where_the_sdk_would_go(region: str | None, edge: str | None) -> None:
    """By data residency an account may be in Ireland: asked elsewhere it is not known."""
    settings = _settings("https://api.twilio.com").model_copy(update={"twilio_region": region, "twilio_edge": edge})
    sdk = Client("AC0", "x", region=region, edge=edge)
    assert settings.address() + "/2010-04-01" == sdk.get_hostname("https://api.twilio.com/2010-04-01")
    elsewhere = settings.model_copy(update={"twilio_base_url": "http://127.0.0.1:1"})
    assert elsewhere.address() == "http://127.0.0.1:1", "whoever sets an address means it"


@pytest.mark.parametrize("form", [{"To": TO, "Bodyy": "x"}, {"To": TO, "ValidityPeriod": "soon"}, {"Body": "x"}])
def test_a_request_that_twilio_does_not_describe_is_noticed(form: dict[str, str]) -> None:
    """What holds every request of every test must be able to fail."""
    with pytest.raises((AssertionError, jsonschema.ValidationError)):
        hold([("post", ".json", form)])


async def _hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def _url(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _settings(url: str) -> TwilioSettings:
    return TwilioSettings(
        twilio_account_sid=ACCOUNT, twilio_auth_token=SecretStr("secret"), twilio_from="CCVO",
        twilio_base_url=url, twilio_timeout_seconds=0.5,
    )  # fmt: skip
