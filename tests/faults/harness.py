"""A crew: real services as processes, on a database and topics of their own, that tests kill, freeze, thaw and stop.

    crew.start("mail")                                  # python -m services.mail, ready
    message = await crew.release(people=200)            # planned, proofed and released in the tables
    await crew.until(lambda account: account.states.get("accepted", 0) > 50, message)
    crew.kill(mail)
    account = await crew.until_done(message)
    account.holds(bound=20)                             # the promise

The fixtures of `tests/faults/conftest.py` make one; tests/faults/README.md tells how to write a test with it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from services.devstack import stand_ins
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import AWAY, Connection
from services.runtime.topics import create
from services.store.alarms import CANNOT_SEND
from services.store.messages import Message
from tests import stack
from tests.faults import releasing
from tests.faults.accounts import Account, deliveries, entries, mails_of, taken, texts_of
from tests.faults.programs import HERE, Program

SETTINGS = {
    "beat_seconds": 0.25,
    "lease_seconds": 3,
    "fit_seconds": 2,
    "settle_seconds": 0.2,
    "sweep_seconds": 1,
    "smtp_timeout_seconds": 5,
    "smtp_answer_seconds": 5,
    "sms_settling_seconds": 0.3,
    "twilio_timeout_seconds": 3,
}
"""Waits cut short, in the same order of size as the real ones: fit before lease, settling within a timeout."""
LOOK_EVERY = 0.05


class Crew:
    """Services that run together. `env` names Kafka, PostgreSQL and the topics' prefix.

    Settings go over SETTINGS, or over Roeland's own defaults when not `hurried`.
    """

    def __init__(
        self,
        env: dict[str, str],
        folder: Path,
        *,
        sink: stack.Sink | None = None,
        twilio: stack.Twilio | None = None,
        background: stack.Background | None = None,
        hurried: bool = True,
        **settings: object,
    ) -> None:
        self.folder, self.sink, self.twilio = folder, sink, twilio
        self.env = {
            **_as_env(SETTINGS if hurried else {}),
            "ROELAND_DATA_DIR": str(folder / "data"),
            **env,
            **_peers(sink, twilio),
        }
        self.env |= _as_env(settings)
        self.programs: list[Program] = []
        self.troubles: list[str] = []
        """What was done to the services, in order; `forget` empties it."""
        self._background = background or stack.Background()
        self._marked: set[int] = set()
        self._topics = False

    def start(
        self,
        service: str,
        *,
        ready: bool = True,
        env: dict[str, str] | None = None,
        code: Path = HERE,
        **settings: object,
    ) -> Program:
        """`python -m services.<service>`; returns once it is ready. `code`: the folder of another version of it all."""
        self.make_topics()
        same = sum(program.service == service for program in self.programs)
        name = f"{service}-{same + 1}" if same else service
        self.folder.mkdir(parents=True, exist_ok=True)
        program = Program(service, name, {**self.env, **_as_env(settings), **(env or {})}, self.folder, code)
        self.programs.append(program)
        program.start()
        if ready:
            program.wait_ready()
        return program

    def restart(self, program: Program, *, ready: bool = True) -> None:
        """Start it once more, with the settings that it had."""
        program.start()
        if ready:
            program.wait_ready()

    def kill(self, program: Program) -> None:
        """kill -9. It stays dead unless the crew is `supervised`."""
        self.troubles.append(f"kill {program.name}")
        program.kill()

    def freeze(self, program: Program) -> None:
        """SIGSTOP."""
        self.troubles.append(f"freeze {program.name}")
        program.freeze()

    def thaw(self, program: Program) -> None:
        """SIGCONT."""
        program.thaw()

    def stop(self, program: Program) -> tuple[int, float]:
        """SIGTERM: exit code and seconds. No trouble: it must double nothing."""
        return program.stop()

    def slow_peers(self, seconds: float = 0.15) -> None:
        """Take so long over each mail and each SMS."""
        assert self.sink
        assert self.twilio
        self.sink.faults({"at": "mail", "do": "delay", "delay_seconds": seconds})
        self.twilio.faults({"at": "request", "do": "delay", "delay_seconds": seconds})

    def quick_peers(self) -> None:
        """Every peer is well."""
        assert self.sink
        assert self.twilio
        self.sink.no_faults()
        self.twilio.no_faults()

    def trouble(self, what: str) -> None:
        """Say that something else went wrong on purpose, so that doubts are to be expected."""
        self.troubles.append(what)

    def forget(self) -> None:
        """Begin anew: no troubles so far, and peers that behave and hold nothing."""
        self.troubles.clear()
        for peer in (self.sink, self.twilio):
            if peer is not None:
                peer.clear()

    @asynccontextmanager
    async def supervised(self) -> AsyncIterator[None]:
        """Whatever ends by itself or is killed is started again while inside, as systemd or Kubernetes would."""
        watching = asyncio.create_task(self._restart_ended())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            for program in self.programs:
                if program.wanted and not program.running:
                    program.start()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """A connection of the test's own, in autocommit."""
        async with await psycopg.AsyncConnection.connect(
            self.env["ROELAND_DATABASE_URL"], autocommit=True
        ) as connection:
            yield connection

    async def release(self, people: int = 200, channels: Sequence[str] = ("mail",), **about: Any) -> Message:
        """A message to so many new people; released and announced.

        `about` as in `proof`.
        """
        return await self.go(await self.proof(people, channels, **about))

    async def proof(
        self,
        people: int = 200,
        channels: Sequence[str] = ("mail",),
        *,
        lane: str = "urgent",
        kind: str = "alert",
        expires_at: datetime | None = None,
    ) -> Message:
        """The same, planned and proofed only; `go` releases it."""
        async with self.connect() as connection:
            author, _ = await releasing.users(connection)
            audience = f"crowd-{time.time_ns():x}"
            await releasing.crowd(connection, audience, people)
            message = await releasing.proof(
                connection, author, audience=audience, channels=channels, lane=lane, kind=kind, expires_at=expires_at
            )
        self.knows_by_mark(message)
        return message

    def knows_by_mark(self, message: Message) -> None:
        """Say that every text of this message holds `releasing.mark`; others are known by their numbers alone."""
        self._marked.add(message.number)

    async def go(self, message: Message) -> Message:
        """Release and announce a proofed message."""
        async with self.connect() as connection:
            _, approver = await releasing.users(connection)
            return await releasing.release(connection, message, approver)

    async def account(self, message: Message) -> Account:
        """How the message stands, with what the peers have."""
        async with self.connect() as connection:
            account = await taken(connection, message.number, self.troubles)
            told = await deliveries(connection, message.number)
            feeds = await entries(connection, message.number)
        mark = releasing.mark(message) if message.number in self._marked else None
        texts = texts_of(self.twilio, told, mark) if self.twilio else []
        mails: dict[str, list[str]] = {}
        arrivals = [at for at, _ in texts] + list(feeds.values())
        for at, address, message_id in mails_of(self.sink, message.id) if self.sink else []:
            mails.setdefault(address, []).append(message_id)
            arrivals.append(at)
        return replace(
            account,
            whole=True,
            told=told,
            mails=mails,
            texts=dict(Counter(number for _, number in texts)),
            feeds=frozenset(feeds),
            arrivals=tuple(sorted(arrivals)),
        )

    async def until(
        self,
        enough: Callable[[Account], object],
        message: Message,
        *,
        seconds: float = 60,
        every: float = LOOK_EVERY,
    ) -> Account:
        """The account (the ledger's side) once it is enough; fails after so many seconds. Waits out PostgreSQL."""
        deadline = time.monotonic() + seconds
        account = None
        while True:
            try:
                async with self.connect() as connection:
                    while not enough(account := await taken(connection, message.number, self.troubles)):
                        assert time.monotonic() < deadline, f"after {seconds} s: {account}\n{self.report()}"
                        await asyncio.sleep(every)
                return account
            except AWAY:
                assert time.monotonic() < deadline, f"PostgreSQL is away; before that: {account}\n{self.report()}"
                await asyncio.sleep(4 * LOOK_EVERY)

    async def until_done(self, message: Message, *, seconds: float = 60, every: float = LOOK_EVERY) -> Account:
        """The whole account once nothing is open any more."""
        await self.until(lambda account: account.done, message, seconds=seconds, every=every)
        return await self.account(message)

    async def until_alarm(self, channel: str, *, stands: bool, seconds: float = 20) -> None:
        """Wait until there is one alarm that nothing can be sent, of this channel, and it stands or is cleared."""
        async with self.connect() as connection:
            deadline = time.monotonic() + seconds
            while True:
                rows = await connection.execute(
                    "SELECT subject, cleared_at IS NULL FROM alarm WHERE kind = %s", (CANNOT_SEND,)
                )
                if (found := await rows.fetchall()) == [(channel, stands)]:
                    return
                assert time.monotonic() < deadline, f"alarms: {found}"
                await asyncio.sleep(LOOK_EVERY)

    def logged(self, event: str, service: str | None = None) -> list[dict[str, Any]]:
        """The log lines of this event, of all programs or those of one service, in all their lives."""
        chosen = [program for program in self.programs if service in (None, program.service)]
        return [line for program in chosen for line in program.logged(event)]

    def report(self, lines: int = 15) -> str:
        """The ends of the logs, for whoever finds out why a test failed."""
        return "\n".join(
            f"--- {program.name}, life {program.lives}:\n{program.tail(lines)}" for program in self.programs
        )

    def make_topics(self) -> None:
        """Make the topics, once."""
        if not self._topics:
            settings = KafkaSettings(
                kafka_bootstrap=self.env["ROELAND_KAFKA_BOOTSTRAP"],
                kafka_topic_prefix=self.env["ROELAND_KAFKA_TOPIC_PREFIX"],
            )
            self._background.run(create(settings))
            self._topics = True

    def end(self) -> None:
        """Leave nothing running."""
        for program in self.programs:
            program.end()

    async def _restart_ended(self) -> None:
        while True:
            for program in self.programs:
                if program.wanted and not program.running:
                    program.start()
            await asyncio.sleep(LOOK_EVERY)


@contextmanager
def crew_of(env: dict[str, str], folder: Path, **options: Any) -> Iterator[Crew]:
    """A crew that leaves nothing running."""
    crew = Crew(env, folder, **options)
    try:
        yield crew
    finally:
        crew.end()


def _as_env(settings: dict[str, Any]) -> dict[str, str]:
    return {f"ROELAND_{name.upper()}": str(value) for name, value in settings.items()}


def _peers(sink: stack.Sink | None, twilio: stack.Twilio | None) -> dict[str, str]:
    found = {"ROELAND_MAIL_FROM": "Crisiscentrum <crisis@ccvo.example>"}
    if sink is not None:
        found["ROELAND_SMTP_URL"] = sink.url
    if twilio is not None:
        found |= {
            "ROELAND_TWILIO_ACCOUNT_SID": twilio.account_sid,
            "ROELAND_TWILIO_AUTH_TOKEN": twilio.auth_token,
            "ROELAND_TWILIO_FROM": stand_ins.FROM,
            "ROELAND_TWILIO_BASE_URL": twilio.url,
        }
    return found
