"""Sinch's delivery reports: only who has the address that we made may say anything, and only of that delivery."""

import json
from base64 import b64encode
from typing import Any

import pytest

from services.runtime.postgres import Connection
from services.sms.callbacks import PURPOSE, DeliveryName, sinch_callback_url
from services.store import alarms, ledger, workers
from services.store.ledger import Claim
from tests.public.conftest import PUBLIC_URL, Door
from tests.situation.running import eventually
from tests.store.world import Person, add_people, add_user, counted, release, submit

pytestmark = pytest.mark.stack

BATCH = "01FC66621XXXXX119Z8PMV1QPQ"


async def test_reports_say_what_became_of_each(door: Door, connection: Connection) -> None:
    """In any order and twice, earlier than our own record too; under way is no news; each code has its word."""
    claim = await _claimed(connection)
    assert await _report(door, claim, 1, "Delivered", 0) == 204
    assert await _report(door, claim, 1, "Dispatched", 401) == 204
    assert await _report(door, claim, 2, "Failed", 27) == 204
    assert await _report(door, claim, 2, "FAILED", "27") == 204
    assert await _report(door, claim, 3, "Aborted", 402) == 204
    assert await counted(connection, claim.ref.message) == {"delivered": 1, "bounced": 2}
    select = "SELECT code, reason, provider_id FROM delivery WHERE message = %s ORDER BY sequence"
    rows = await (await connection.execute(select, (claim.ref.message,))).fetchall()
    assert rows[1:] == [(27, "unreachable", f"sinch:{BATCH}"), (402, "unreachable", f"sinch:{BATCH}")]


async def test_what_carriers_filter_is_one_alarm_with_the_count(door: Door, connection: Connection) -> None:
    """Three hundred SMS called spam are one thing to look at, not three hundred."""
    claim = await _claimed(connection)
    for sequence in (1, 2):
        assert await _report(door, claim, sequence, "Failed", 9) == 204

    async def told() -> bool:
        rung = [each for each in await alarms.rung(connection) if each.kind == alarms.CARRIER_FILTERED]
        return [(each.subject, each.detail["failed"]) for each in rung] == [(f"{claim.ref.message}/sms", 2)]

    await eventually(told)


async def test_forged_and_strange_reports_change_nothing(door: Door, connection: Connection) -> None:
    """No token, another delivery's, Twilio's for this delivery, another format, a whole batch, nobody's delivery."""
    claim = await _claimed(connection)
    name = DeliveryName(claim.ref.message, 1)
    url, other = _url(door, name), _url(door, DeliveryName(claim.ref.message, 2))
    bare, report = url.partition("&t=")[0], _body("Delivered", 0)
    assert await _post(door, bare, report) == 404
    assert await _post(door, f"{bare}&t={other.partition('&t=')[2]}", report) == 404
    assert await _post(door, f"{bare}&t={door.keys.token(str(name), PURPOSE)}", report) == 404
    assert await _post(door, _url(door, DeliveryName(10**9, 1)), report) == 404
    for strange in (b"no JSON", b"[" * 9_000, b"[1]"):
        assert await _post(door, url, strange) == 400
    assert await _post(door, url, json.dumps({"type": "delivery_report_sms", "status": "Delivered"}).encode()) == 204
    assert await _post(door, url, _body("Elsewhere", 0)) == 204
    assert await _post(door, url, _body(["Delivered"], {})) == 204
    async with door.http.post(url.replace(PUBLIC_URL, door.url), data={"status": "Delivered"}) as answer:
        assert answer.status == 415
    assert await counted(connection, claim.ref.message) == {"claimed": 3}


async def test_while_postgresql_is_away_sinch_is_asked_to_call_again(door: Door, connection: Connection) -> None:
    """At once: it does not call again after 4xx."""
    claim = await _claimed(connection)
    door.service.health.down("postgres", "does not answer")
    assert await _report(door, claim, 1, "Delivered", 0) == 503
    door.service.health.up("postgres")
    assert await _report(door, claim, 1, "Delivered", 0) == 204


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> str:
    """Named before `door` in a test's arguments, so that `public` starts with it."""
    monkeypatch.setenv("ROELAND_SINCH_CALLBACK_LOGIN", "sinch:secret")
    return "sinch:secret"


async def test_with_a_login_reports_without_it_are_sent_away(login: str, door: Door, connection: Connection) -> None:
    """The only thing that Sinch itself can prove."""
    claim = await _claimed(connection)
    url, report = _url(door, DeliveryName(claim.ref.message, 1)), _body("Delivered", 0)
    assert await _post(door, url, report) == 403
    for wrong in ("Basic !", "Bearer x", _basic("sinch:guessed")):
        assert await _post(door, url, report, Authorization=wrong) == 403
    assert await _post(door, url, report, Authorization=_basic(login)) == 204


def _basic(login: str) -> str:
    return f"Basic {b64encode(login.encode()).decode()}"


async def _report(door: Door, claim: Claim, sequence: int, status: str, code: object) -> int:
    return await _post(door, _url(door, DeliveryName(claim.ref.message, sequence)), _body(status, code))


def _body(status: object, code: object) -> bytes:
    return json.dumps({
        "type": "recipient_delivery_report_sms", "batch_id": BATCH, "recipient": "32470000000", "code": code,
        "status": status, "at": "2026-11-26T20:00:00.000Z", "client_reference": "x",
    }).encode()  # fmt: skip


def _url(door: Door, name: DeliveryName) -> str:
    return sinch_callback_url(PUBLIC_URL, door.keys, name)


async def _post(door: Door, url: str, body: bytes, **headers: Any) -> int:
    headers = {"Content-Type": "application/json", **headers}
    async with door.http.post(url.replace(PUBLIC_URL, door.url), data=body, headers=headers) as answer:
        return answer.status


async def _claimed(connection: Connection) -> Claim:
    """A message to three, claimed and under way."""
    user = await add_user(connection, "crisis@ccvo.example", "crisis-manager")
    await add_people(connection, [Person(f"P{n}", ["governors"], mobile=f"+3247000000{n}") for n in range(3)])
    message = await submit(connection, user, channels=["sms"])
    await release(connection, message, user)
    async with connection.transaction():
        epoch = await workers.begin(connection, "sms")
        claim = await ledger.claim(connection, epoch=epoch, channel="sms", lanes=["urgent"])
    assert claim is not None
    return claim
