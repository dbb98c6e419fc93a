"""The parts of a stack: how each is started, and how it is started again on the same ports."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar

from services.devstack import kafka, postgres, processes, stand_ins
from services.devstack.processes import DevstackError, Program
from services.devstack.running import Given, Running
from services.devstack.supervision import Household, Layer

S = TypeVar("S", bound=stand_ins.StandIn)

READY_WITHIN: Final = 60.0
"""Seconds for a service to be ready."""

PORTS: Final = {"kafka": 9092, "postgres": 5432, "mail": 1025, "mail-control": 1026, "twilio": 8090,
                "twilio-control": 8091, "sinch": 8092, "sinch-control": 8093,
                "public": 8080, "console": 8000}  # fmt: skip
"""The usual ports; another is taken when somebody has one already."""


async def start_servers(
    running: Running, household: Household, given: Given, *, prepare: bool, second_provider: bool = False
) -> None:
    """Start what is not given, all at once; `prepare` makes topics and tables as soon as their server is there.

    `second_provider`: also a stand-in for the second provider of SMS, unless one is set up.
    """
    _choose(running, given)
    await together(
        _kafka(running, household, start=not given.kafka_bootstrap, prepare=prepare),
        _postgres(running, household, start=not given.database_url, prepare=prepare),
        *([] if given.smtp_url else [_mail_sink(running, household)]),
        *([] if given.twilio_account_sid else [_twilio(running, household, given)]),
        *([_sinch(running, household)] if second_provider and not given.sinch_service_plan_id else []),
    )


async def _kafka(running: Running, household: Household, *, start: bool, prepare: bool) -> None:
    if start:
        begin = partial(kafka.start, running.data / "kafka", log=running.logs / "kafka.log", report=household.report)
        server = await begin(port=PORTS["kafka"])
        port = int(server.bootstrap.rpartition(":")[2])
        household.keep(server.program, _program_of(partial(begin, port=port, same_port=True)), Layer.SERVER)
        running.env["ROELAND_KAFKA_BOOTSTRAP"] = server.bootstrap
        household.report(f"Kafka on {server.bootstrap}, in {server.seconds:.1f} s")
    if prepare:
        await _admin("topics", "create", running=running)


async def _postgres(running: Running, household: Household, *, start: bool, prepare: bool) -> None:
    if start:
        begin = partial(postgres.start, running.data / "postgres", log=running.logs / "postgres.log")
        server = await begin(port=PORTS["postgres"])
        again = partial(begin, port=server.port, same_port=True)
        household.keep(server.program, _program_of(again), Layer.SERVER)
        running.env["ROELAND_DATABASE_URL"] = server.url
        household.report(f"PostgreSQL on 127.0.0.1:{server.port}, in {server.seconds:.1f} s")
    if prepare:
        await _admin("db", "migrate", running=running)


async def _mail_sink(running: Running, household: Household) -> None:
    begin = partial(stand_ins.start_mail_sink, running.data / "mail", log=running.logs / "mailsink.log")
    sink = await _kept(household, begin, "mail")
    running.env["ROELAND_SMTP_URL"] = sink.url
    running.maildir, running.mail_control = sink.maildir, sink.control_url
    household.report(f"mail sink on 127.0.0.1:{sink.port}, mails in {sink.maildir}")


async def _twilio(running: Running, household: Household, given: Given) -> None:
    begin = partial(stand_ins.start_twilio, running.data / "sms", log=running.logs / "twilio.log")
    twilio = await _kept(household, begin, "twilio")
    running.env |= {
        "ROELAND_TWILIO_ACCOUNT_SID": twilio.account_sid,
        "ROELAND_TWILIO_AUTH_TOKEN": twilio.auth_token,
        "ROELAND_TWILIO_BASE_URL": twilio.url,
    }
    if not given.twilio_from and not given.twilio_messaging_service_sid:
        running.env["ROELAND_TWILIO_FROM"] = stand_ins.FROM
    running.twilio_control = twilio.control_url
    household.report(f"Twilio stand-in on 127.0.0.1:{twilio.port}, messages at {twilio.control_url}/messages")


async def _sinch(running: Running, household: Household) -> None:
    begin = partial(stand_ins.start_sinch, running.data / "sms", log=running.logs / "sinch.log")
    sinch = await _kept(household, begin, "sinch")
    running.env |= {
        "ROELAND_SINCH_SERVICE_PLAN_ID": sinch.service_plan,
        "ROELAND_SINCH_API_TOKEN": sinch.api_token,
        "ROELAND_SINCH_BASE_URL": sinch.url,
        "ROELAND_SINCH_FROM": stand_ins.FROM,
    }
    running.sinch_control = sinch.control_url
    household.report(f"Sinch stand-in on 127.0.0.1:{sinch.port}, messages at {sinch.control_url}/messages")


async def _kept(household: Household, begin: Callable[..., Awaitable[S]], name: str) -> S:
    """Start a stand-in at its usual ports, or free ones, and have it started again at the same ones when it ends."""
    made = await begin(port=PORTS[name], control_port=PORTS[f"{name}-control"])
    again = partial(begin, port=made.port, control_port=made.control_port, same_port=True)
    household.keep(made.program, _program_of(again), Layer.STAND_IN)
    return made


async def start_service(name: str, running: Running, household: Household) -> None:
    """Start one service and wait until it is ready."""
    health = f"127.0.0.1:{processes.free_port()}"
    env = {**running.environment, "ROELAND_HEALTH_ADDRESS": health}

    async def begin() -> Program:
        argv = [sys.executable, "-m", f"services.{name}"]
        return processes.start(name, argv, env=env, log=running.logs / f"{name}.log", pid_file=running.pid_file(name))

    program = await begin()
    household.keep(program, begin, Layer.SERVICE)
    await stand_ins.answers(program, f"http://{health}/readyz", within=READY_WITHIN)
    running.health[name] = f"http://{health}"


async def _admin(*arguments: str, running: Running) -> None:
    """Run a `roeland` command to its end."""
    name = "-".join(arguments)
    argv = [sys.executable, "-m", "services.admin", *arguments]
    log = running.logs / f"{name}.log"
    program = processes.start(name, argv, env=running.environment, log=log, pid_file=running.pid_file(name))
    try:
        code = await processes.ended(program, within=120)
    finally:
        await processes.stop(program, within=2)
    if code != 0:
        raise DevstackError(f"roeland {' '.join(arguments)} failed; the end of {log}:\n{processes.tail(log)}")


def _choose(running: Running, given: Given) -> None:
    """Settings that are nobody's server: what nobody set, and has no default that always works."""
    address = given.public_address
    if address is None:
        address = running.env["ROELAND_PUBLIC_ADDRESS"] = f"127.0.0.1:{processes.free_port(PORTS['public'])}"
    running.public_url = given.public_url
    if running.public_url is None:
        running.public_url = running.env["ROELAND_PUBLIC_URL"] = f"http://{address}"
    console = given.console_address
    if console is None:
        console = running.env["ROELAND_CONSOLE_ADDRESS"] = f"127.0.0.1:{processes.free_port(PORTS['console'])}"
    running.console_url = given.console_url or f"http://{console}"
    if given.mail_from is None:
        running.env["ROELAND_MAIL_FROM"] = "roeland@ccvo.example"


def _program_of(start: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Program]]:
    async def again() -> Program:
        program: Program = (await start()).program
        return program

    return again


async def together(*starts: Coroutine[Any, Any, None]) -> None:
    """Run all at once; when one fails the others are broken off, and cleaned up, before its error goes on."""
    tasks = [asyncio.create_task(start) for start in starts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
