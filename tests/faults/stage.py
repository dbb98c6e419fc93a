"""All of Roeland on servers of its own, and everything that may be done to it: what `make faults` plays on."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

import psycopg

from services.devstack import processes
from services.domain.commands import RejectMessage
from services.runtime.postgres import AWAY, until_there
from services.store import messages, migrate
from services.store.messages import Message
from tests import stack
from tests.faults import door, releasing
from tests.faults.accounts import Account
from tests.faults.harness import Crew, crew_of
from tests.faults.programs import STOPPED_WITHIN, Program
from tests.faults.schedule import RELAY_FAULTS, SERVICES, TWILIO_FAULTS
from tests.faults.servers import Servers, own_servers

CHANNELS = ("mail", "sms", "newsfeed")
CONNECTIONS = 20
SLOW = [{"at": "mail", "do": "delay", "delay_seconds": 0.08}]
SLOW_TWILIO = [{"at": "request", "do": "delay", "delay_seconds": 0.08}]
"""Peers take this long, so that a message is under way for a while."""

Say = Callable[[str], None]


@dataclass
class Sent:
    """A message, why it was sent, and what became of it."""

    what: str
    message: Message
    since: float
    bound: int | None = None
    """Second copies that may be; None: those that are counted."""
    account: Account | None = None
    seconds: float = 0
    halts: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    """Since when, and until when, it might not go on."""

    def late(self) -> list[float]:
        """Seconds after a halt, of what arrived later than a second after it all the same."""
        return [
            each for since, until in self.halts for each in (self.account.late(since, until) if self.account else [])
        ]


class Stage:
    """Everything that runs, and everything that is sent."""

    def __init__(self, crew: Crew, servers: Servers, sink: stack.Sink, twilio: stack.Twilio, say: Say) -> None:
        self.crew, self.servers, self.sink, self.twilio, self.say = crew, servers, sink, twilio, say
        self.sent: list[Sent] = []
        self.done: dict[str, int] = {}
        """How often each thing was done."""
        self.wrong: list[str] = []
        """What no message shows."""
        self.peaks: dict[str, int] = {}
        """Resident memory of each service at its highest, in kB."""
        self._busy: set[str] = set()
        self._by_name: dict[str, Program] = {}

    async def start(self) -> None:
        """Every service, ready; and peers that take their time."""
        address = f"127.0.0.1:{processes.free_port()}"
        for name in SERVICES:
            service = name.partition("-")[0]
            self._by_name[name] = self.crew.start(
                service, ready=False, public_address=address, public_url=f"http://{address}"
            )
        self.behave()
        for program in self.crew.programs:
            await asyncio.to_thread(program.wait_ready)

    def behave(self) -> None:
        """Both peers do what they should, slowly."""
        self.sink.faults(*SLOW)
        self.twilio.faults(*SLOW_TWILIO)

    async def send(self, what: str, people: int, audience: str, **fields: Any) -> Sent:
        """A message the whole way, to be accounted for at the end."""
        message = await door.approved(self.crew, people, CHANNELS, audience=audience, **fields)
        sent = Sent(what, message, time.monotonic())
        self.sent.append(sent)
        return sent

    async def settle(self, sent: Sent, seconds: float) -> Account:
        """Wait until nothing of it is open, and take its account."""
        sent.account = await self.crew.until_done(sent.message, seconds=seconds, every=0.5)
        sent.seconds = time.monotonic() - sent.since
        self.measure()
        return sent.account

    def did(self, what: str) -> None:
        """Say and count it."""
        self.done[what] = self.done.get(what, 0) + 1
        self.crew.trouble(what)

    def measure(self) -> None:
        """Note how much memory each service had at most."""
        for name, program in self._by_name.items():
            if program.running:
                self.peaks[name] = max(self.peaks.get(name, 0), program.resident(peak=True))

    async def kill(self, name: str) -> None:
        """kill -9 of one service, as soon as it runs; the supervisor starts it again."""
        program = self._by_name[name]
        async with asyncio.timeout(60):
            while not program.running:  # noqa: ASYNC110  (Popen has no event)
                await asyncio.sleep(0.05)
        if name not in self._busy:
            self.measure()
            self.did(f"kill {name.partition('-')[0]}")
            program.kill()

    async def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT so much later."""
        program = self._by_name[name]
        if not program.running or name in self._busy:
            return
        self._busy.add(name)
        self.did("freeze")
        program.freeze()
        await asyncio.sleep(seconds)
        if program.running:
            program.thaw()
        self._busy.discard(name)

    async def stop(self, name: str) -> None:
        """SIGTERM, which must be obeyed within ten seconds; then it is started again."""
        program = self._by_name[name]
        if not program.running or name in self._busy:
            return
        self._busy.add(name)
        self.did("stop")
        code, seconds = await asyncio.to_thread(program.stop)
        self.say(f"  {name} stopped in {seconds:.1f} s with {code}")
        if code or seconds > STOPPED_WITHIN:
            self.wrong.append(f"{name} took {seconds:.1f} s for SIGTERM, and ended with {code}")
        program.start()
        self._busy.discard(name)

    async def relay(self, fault: str, seconds: float) -> None:
        """The relay misbehaves for a while."""
        await self._peer("relay", fault, seconds)

    async def provider(self, fault: str, seconds: float) -> None:
        """Twilio misbehaves for a while."""
        await self._peer("twilio", fault, seconds)

    async def _peer(self, name: str, fault: str, seconds: float) -> None:
        peer: stack.StandIn = self.sink if name == "relay" else self.twilio
        rules, slow = (RELAY_FAULTS[fault], SLOW) if name == "relay" else (TWILIO_FAULTS[fault], SLOW_TWILIO)
        if name in self._busy:
            return
        self._busy.add(name)
        self.did(f"{name} {fault}")
        await asyncio.to_thread(peer.faults, *rules, *slow)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(peer.faults, *slow)
        self._busy.discard(name)

    async def kafka_away(self, seconds: float, *, kill: bool) -> None:
        """Kafka killed, or shut down; started again so much later."""
        if "kafka" in self._busy:
            return
        self._busy.add("kafka")
        self.did("kill kafka" if kill else "kafka away")
        await asyncio.to_thread(self.servers.kill_kafka if kill else self.servers.stop_kafka)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.servers.start_kafka)
        self._busy.discard("kafka")

    async def postgres_away(self, seconds: float, *, kill: bool) -> None:
        """PostgreSQL killed, or shut down; started again so much later."""
        if "postgres" in self._busy:
            return
        self._busy.add("postgres")
        self.did("kill postgres" if kill else "postgres away")
        await asyncio.to_thread(self.servers.kill_postgres if kill else self.servers.stop_postgres)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.servers.start_postgres)
        self._busy.discard("postgres")

    async def cut(self) -> None:
        """Every connection to PostgreSQL is ended by it."""
        self.did("connections cut")
        try:
            async with await psycopg.AsyncConnection.connect(self.servers.postgres.admin_url, autocommit=True) as admin:
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
        except AWAY:
            pass

    async def everything(self) -> None:
        """Kafka, PostgreSQL and all services killed in one moment; what was killed comes back."""
        self.measure()
        self.did("everything killed")
        for program in self._by_name.values():
            if program.running:
                program.kill()
        await asyncio.gather(self.postgres_away(0, kill=True), self.kafka_away(0, kill=True))

    async def halt(self, sent: Sent, how: Literal["stop", "pause"], seconds: float = 0) -> None:
        """Stop a message, or pause it and let it go on so much later; as `roeland` does it."""
        self.did(how)
        await until_there(partial(self._halt, sent, how), what=how)
        if how == "pause":
            await asyncio.sleep(seconds)
            await until_there(partial(self._halt, sent, "resume"), what="resume")

    async def _halt(self, sent: Sent, how: str) -> None:
        if how == "resume":
            sent.halts = [(since, until or datetime.now(UTC)) for since, until in sent.halts]
        async with self.crew.connect() as connection, connection.transaction():
            message = await messages.find(connection, sent.message.id, lock=True)
            assert message
            if message.state != "released":
                return
            if how == "stop":
                await messages.stop(connection, message, source=releasing.SOURCE, how="stopped")
            else:
                act = messages.pause if how == "pause" else messages.resume
                await act(connection, message, source=releasing.SOURCE)
        if how != "resume":
            sent.halts.append((datetime.now(UTC), None))

    async def correct(self, sent: Sent) -> Sent | None:
        """Put a message right: submitted, which pauses it, and approved, which stops it. None when it was refused."""
        self.did("correction")
        fields = {"kind": "correction", "corrects": str(sent.message.id), "audiences": ()}
        try:
            message_id = await door.submitted(self.crew, 0, CHANNELS, **fields)
        except AssertionError as refused:
            if "put right already" in str(refused):  # by another act of the mix
                return None
            raise
        await door.proofed(self.crew, message_id)
        try:
            message = await door.approve(self.crew, message_id)
            sent.halts.append((datetime.now(UTC), None))
        except AssertionError:  # it reached someone more since the proof
            await door.give(self.crew, RejectMessage(message_id=message_id), user=1)
            await self.halt(sent, "stop")
            return None
        made = Sent(f"corrects {sent.message.number}", message, time.monotonic())
        self.sent.append(made)
        return made


@contextmanager
def stage(say: Say) -> Iterator[Stage]:
    """A stage of one's own; nothing is left running."""
    background = stack.Background()
    with (
        own_servers(background) as servers,
        stack.mail_sink(background) as sink,
        stack.twilio_stand_in(background) as twilio,
        stack.folder("roeland-faults-") as folder,
    ):
        migrate.migrate(servers.postgres.url)
        env = {
            "ROELAND_KAFKA_BOOTSTRAP": servers.kafka.bootstrap,
            "ROELAND_KAFKA_TOPIC_PREFIX": "roeland.",
            "ROELAND_DATABASE_URL": servers.postgres.url,
            "ROELAND_TAKE_BACK_SECONDS": "0",
        }
        options = {"sink": sink, "twilio": twilio, "background": background, "hurried": False}
        with crew_of(env, folder, smtp_connections=CONNECTIONS, sms_connections=CONNECTIONS, **options) as crew:
            yield Stage(crew, servers, sink, twilio, say)
