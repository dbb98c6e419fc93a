"""Callbacks of an SMS provider, shuffled and a fifth of them twice, to one `public` process on one core."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from services.runtime.postgres import DatabaseSettings, connect
from services.sms.callbacks import DeliveryName, callback_url
from services.store.secret_keys import signing_keys
from tests.benchmarks.deployment import Deployment, Servers, deployment, say
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of
from tests.benchmarks.people import add_contacts, message

CALLBACKS: Final = ("callbacks", "callbacks/s", Target("at least", 2000))
PUBLIC_URL: Final = "https://crisis.bench.example"
MERGED_WITHIN: Final = 120.0
AT_ONCE: Final = 1000
"""Connections of the provider's; Twilio names no limit of its own."""
STATES: Final = {"delivered": "delivered", "undelivered": "bounced"}

Call = tuple[str, dict[str, str], str]


def measure(servers: Servers, *, contacts: int, runs: int) -> list[Figure]:
    """From the first callback to the last answer; every state is looked at afterwards."""
    rates, details = [], []
    for _ in range(runs):
        with deployment(servers, "callbacks", ROELAND_PUBLIC_URL=PUBLIC_URL) as made:
            add_contacts(made, contacts, mobile=True)
            made.start("editorial")
            made.start("public")
            message_id = made.submit(message("Terugbellen", channels=["sms"], sms="CCVO: test.", urgency="urgent"))
            made.approve(message_id)
            pid = made.programs["public"].popen.pid
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {0})
            calls = asyncio.run(_calls(made, message_id, contacts))
            before = made.cpu()
            seconds, answers = asyncio.run(_called(made, calls))
            spent = {name: round(value - before[name], 2) for name, value in made.cpu().items()}
            merged = _judge(made, message_id, contacts, answers)
            rates.append(len(calls) / seconds)
            details.append({"calls": len(calls), "seconds": round(seconds, 2), "cpu": spent, "merged_after": merged})
            say(f"callbacks: {rates[-1]:.0f}/s {details[-1]}")
    return [figure_of(*CALLBACKS, rates, details={"contacts": contacts, "runs": details})]


async def _calls(made: Deployment, message_id: str, contacts: int) -> list[Call]:
    """Each delivery is said to be sent, and then delivered, or one in ten undelivered; a fifth is said twice."""
    async with connect(DatabaseSettings(database_url=made.database_url), autocommit=True) as connection:
        keys = await signing_keys(connection)
        row = await (await connection.execute("SELECT number FROM message WHERE id = %s", (message_id,))).fetchone()
    assert row
    validator, calls = RequestValidator(made.twilio.auth_token), []
    for sequence in range(1, contacts + 1):
        url = callback_url(PUBLIC_URL, keys, DeliveryName(row[0], sequence)).partition("#")[0]
        form = {"MessageSid": f"SM{sequence:032x}", "MessageStatus": _status(sequence), "ApiVersion": "2010-04-01"}
        call = (url.removeprefix(PUBLIC_URL), form, validator.compute_signature(url, form))
        calls += [call] * (2 if sequence % 5 == 0 else 1)
    random.Random(1).shuffle(calls)
    return calls


async def _called(made: Deployment, calls: list[Call]) -> tuple[float, Counter[int]]:
    host, _, port = made.env["ROELAND_PUBLIC_ADDRESS"].rpartition(":")
    requests = iter([_request(host, *call) for call in calls])
    answers: Counter[int] = Counter()
    loop, ended = asyncio.get_running_loop(), []
    begun = time.monotonic()
    for _ in range(AT_ONCE):
        ended.append(loop.create_future())
        await loop.create_connection(partial(_Caller, requests, answers, ended[-1]), host, int(port))
    await asyncio.gather(*ended)
    return time.monotonic() - begun, answers


def _request(host: str, path: str, form: dict[str, str], signature: str) -> bytes:
    body = urlencode(form)
    lines = (
        f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/x-www-form-urlencoded",
        f"X-Twilio-Signature: {signature}", f"Content-Length: {len(body)}", "", body,
    )  # fmt: skip
    return "\r\n".join(lines).encode()


class _Caller(asyncio.Protocol):
    """A kept connection on which the next request leaves when the last was answered. It costs a tenth of what an HTTP
    client does: with two cores the caller would else be what is measured."""

    def __init__(self, requests: Iterator[bytes], answers: Counter[int], ended: "asyncio.Future[None]") -> None:
        self._requests, self._answers, self._ended, self._read = requests, answers, ended, b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._read.endswith(b"\r\n\r\n"):  # a 204 has no body; any other status fails the run
            self._answers[int(self._read[9:12])] += 1
            self._read = b""
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._answers[int(self._read[9:12] or 0)] += 1
            self._ended.set_result(None)

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._ended.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)


def _judge(made: Deployment, message_id: str, contacts: int, answers: Counter[int]) -> float:
    """What was answered is merged soon; returns after how many seconds."""
    wanted = Counter(STATES[_status(sequence)] for sequence in range(1, contacts + 1))
    began = time.monotonic()
    found: dict[str, Any] = {}
    while found != dict(wanted):
        if set(answers) != {204} or time.monotonic() - began > MERGED_WITHIN:
            raise FailedRun(f"wrong states: {found}, {dict(wanted)} wanted; answers {dict(answers)}")
        time.sleep(0.2)
        found = made.status(message_id)["channels"]["sms"]
    return round(time.monotonic() - began, 1)


def _status(sequence: int) -> str:
    return "undelivered" if sequence % 10 == 0 else "delivered"
