"""Callbacks of an SMS provider, shuffled and a fifth of them twice, to one `public` process on one core."""

import asyncio
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import aiohttp
from twilio.request_validator import RequestValidator

from services.runtime.postgres import DatabaseSettings, connect
from services.sms.callbacks import DeliveryName, callback_url
from services.store.secret_keys import signing_keys
from tests.benchmarks.deployment import Deployment, Servers, deployment, say
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of
from tests.benchmarks.people import add_contacts, message

CALLBACKS: Final = ("callbacks", "callbacks/s", Target("at least", 2000))
PUBLIC_URL: Final = "https://crisis.bench.example"
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
            _judge(made, message_id, contacts, answers)
            rates.append(len(calls) / seconds)
            details.append({"calls": len(calls), "seconds": round(seconds, 2), "cpu": spent})
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
    answers: Counter[int] = Counter()
    waiting, base = iter(calls), f"http://{made.env['ROELAND_PUBLIC_ADDRESS']}"

    async def caller(http: aiohttp.ClientSession) -> None:
        for path, form, signature in waiting:
            async with http.post(base + path, data=form, headers={"X-Twilio-Signature": signature}) as answer:
                answers[answer.status] += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as http:
        begun = time.monotonic()
        await asyncio.gather(*(caller(http) for _ in range(AT_ONCE)))
        return time.monotonic() - begun, answers


def _judge(made: Deployment, message_id: str, contacts: int, answers: Counter[int]) -> None:
    wanted = Counter(STATES[_status(sequence)] for sequence in range(1, contacts + 1))
    found: dict[str, Any] = made.status(message_id)["channels"]["sms"]
    if found != dict(wanted) or set(answers) != {204}:
        raise FailedRun(f"wrong states: {found}, {dict(wanted)} wanted; answers {dict(answers)}")


def _status(sequence: int) -> str:
    return "undelivered" if sequence % 10 == 0 else "delivered"
