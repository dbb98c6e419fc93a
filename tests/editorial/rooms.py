"""Editorial and dispatch as real processes on a database and topics of their own, and what a test asks of them."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.request import urlopen
from uuid import UUID

import psycopg
from aiokafka import AIOKafkaProducer
from uuid_utils import uuid7

from services.domain.commands import Answer, ApproveMessage, Command, RejectMessage, SubmitMessage
from services.domain.states import State
from services.runtime import commands
from services.runtime.kafka import KafkaSettings
from services.runtime.postgres import DatabaseSettings, connect
from services.runtime.topics import create
from services.store import messages, workers
from services.store.ledger import Claim, Result, claim, settle
from tests import stack
from tests.domain.messages import sendable as content_of

PEOPLE = """
INSERT INTO users (email, roles) VALUES ('author@example.org', '{author}'), ('second@example.org', '{approver}'),
    ('manager@example.org', '{crisis-manager}'), ('auditor@example.org', '{auditor}');
INSERT INTO contact (external_id, name, language) VALUES
    ('g1', 'Gouverneur A', 'nl'), ('g2', 'Gouverneur B', 'nl'), ('g3', 'Gouverneur C', 'fr'),
    ('b1', 'Dienst A', 'nl'), ('b2', 'Dienst B', 'nl'), ('b3', 'Dienst C', 'nl');
INSERT INTO contact_audience (audience, contact) SELECT
    CASE WHEN external_id LIKE 'g%%' THEN 'governors' ELSE 'bcm-leads' END, id FROM contact;
INSERT INTO contact_audience (audience, contact) SELECT 'bcm-leads', id FROM contact WHERE external_id = 'g1';
INSERT INTO address (contact, channel, value) SELECT id, 'mail', CASE external_id
    WHEN 'b2' THEN 'G2@example.org' ELSE external_id || '@example.org' END FROM contact WHERE external_id <> 'b3';
"""
AUTHOR, SECOND, MANAGER, AUDITOR = 1, 2, 3, 4


class Rooms:
    """One database, one set of topics, and the services that run on them."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env, self.folder = env, folder
        self.database = DatabaseSettings(database_url=env["ROELAND_DATABASE_URL"])
        self.kafka = KafkaSettings(
            kafka_bootstrap=env["ROELAND_KAFKA_BOOTSTRAP"], kafka_topic_prefix=env["ROELAND_KAFKA_TOPIC_PREFIX"]
        )

    @contextmanager
    def running(self, name: str) -> Iterator["subprocess.Popen[bytes]"]:
        """The service as a process, ready; its log is `<folder>/<name>.log`."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{name}"],
                env=os.environ | self.env | {"ROELAND_HEALTH_ADDRESS": address}, stderr=log,
            )  # fmt: skip
        try:
            _wait_ready(address, process)
            yield process
        finally:
            process.terminate()
            process.wait(10)

    def log(self, name: str) -> str:
        """What the service has logged."""
        return (self.folder / f"{name}.log").read_text()

    async def ask(self, body: Any, user: int, **more: Any) -> Answer:
        """Give a command, as a door does, and wait for the answer."""
        return await self.give(Command(id=UUID(str(uuid7())), user=user, given_at=datetime.now(UTC), body=body, **more))

    async def give(self, command: Command, *, seconds: float = 15) -> Answer:
        """Give this very command."""
        async with connect(self.database, autocommit=True) as connection:
            return await commands.give(connection, command, key="x", source="/test", seconds=seconds)

    async def submit(self, user: int = AUTHOR, *, again: bool = False, **fields: Any) -> tuple[UUID, Answer]:
        """Submit a small message for governors and BCM leads."""
        message_id = UUID(str(uuid7()))
        content = content_of(**fields).model_dump(mode="json")
        return message_id, await self.ask(SubmitMessage(message_id=message_id, content=content, again=again), user)

    async def proofed(self, user: int = AUTHOR, **fields: Any) -> UUID:
        """Submit a message that must be accepted, and wait for its proof."""
        message_id, answer = await self.submit(user, **fields)
        assert answer.done, answer
        await self.until("SELECT state = 'proofed' FROM message WHERE id = %s", message_id)
        return message_id

    async def approve(self, message_id: UUID, user: int = SECOND) -> Answer:
        """Approve as a second person."""
        return await self.ask(ApproveMessage(message_id=message_id), user)

    async def reject(self, message_id: UUID, user: int = SECOND) -> Answer:
        """Turn down."""
        return await self.ask(RejectMessage(message_id=message_id, reason="test"), user)

    async def released(self, **fields: Any) -> UUID:
        """Submit, proof, approve, and wait until it is announced."""
        message_id = await self.proofed(**fields)
        answer = await self.approve(message_id)
        assert answer.done, answer
        await self.until(
            "SELECT bool_and(announced_at IS NOT NULL) FROM batch WHERE planned > 0 AND message = %s",
            await self.number(message_id),
        )
        return message_id

    async def produce(self, value: bytes, topic: str = "messages") -> None:
        """Write a record as any outside system may."""
        async with AIOKafkaProducer(bootstrap_servers=self.env["ROELAND_KAFKA_BOOTSTRAP"]) as producer:
            await producer.send_and_wait(self.kafka.topic(topic), value, key=b"x")

    async def buried(self, reason: str) -> None:
        """Wait until there is a dead letter with this reason."""
        await self.until("SELECT EXISTS (SELECT FROM dead_letter WHERE reason LIKE %s)", f"%{reason}%")

    async def state(self, message_id: UUID) -> str:
        """The message's state."""
        return str(await self.one("SELECT state FROM message WHERE id = %s", message_id))

    async def halt(self, message_id: UUID, how: Literal["pause", "resume", "stop"]) -> None:
        """Pause, resume or stop, as the door does."""
        async with connect(self.database) as connection:
            message = await messages.find(connection, message_id, lock=True)
            assert message is not None
            if how == "stop":
                await messages.stop(connection, message, source="/test", how="stopped")
            else:
                await getattr(messages, how)(connection, message, source="/test")

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        async with connect(self.database, autocommit=True) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def one(self, query: str, *values: Any) -> Any:
        """The first value of the first row."""
        return (await self.rows(query, *values))[0][0]

    async def until(self, query: str, *values: Any, seconds: float = 8) -> None:
        """Wait until the query's first value is true."""
        end = time.monotonic() + seconds
        async with connect(self.database, autocommit=True) as connection:
            while time.monotonic() < end:
                row = await (await connection.execute(query.encode(), values)).fetchone()
                if row and row[0]:
                    return
                await asyncio.sleep(0.02)
        raise AssertionError(f"never came true: {query} {values}")

    async def number(self, message_id: UUID) -> int:
        """The message's number in the ledger."""
        return int(await self.one("SELECT number FROM message WHERE id = %s", message_id))

    async def claim(self, message_id: UUID) -> Claim | None:
        """Claim the mail batch of this message, as a worker does that has no other work."""
        number = await self.number(message_id)
        while (claimed := await self._claim_but(number)) is not None and claimed.ref.message != number:
            await self.settle(claimed, State.PLANNED)  # released after we looked, a notice: back it goes
        return claimed

    async def _claim_but(self, number: int) -> Claim | None:
        """Claim a mail batch while every message but this one that there is now is paused."""
        others = "SELECT number FROM message WHERE number <> %s AND paused_at IS NULL ORDER BY number FOR NO KEY UPDATE"
        async with connect(self.database) as connection:
            numbers = [row[0] for row in await (await connection.execute(others, (number,))).fetchall()]
            await connection.execute("UPDATE message SET paused_at = now() WHERE number = ANY(%s)", (numbers,))
            epoch = await workers.begin(connection, "mail")
            claimed = await claim(connection, epoch=epoch, channel="mail", lanes=["urgent"])
            await connection.execute("UPDATE message SET paused_at = NULL WHERE number = ANY(%s)", (numbers,))
            return claimed

    async def settle(
        self, claimed: Claim, states: dict[int, State] | State, *, retry_after: timedelta | None = None
    ) -> None:
        """Settle all of it: one state, or one by sequence."""
        results = [
            Result(
                d.sequence, d.attempt, states if isinstance(states, State) else states[d.sequence], at=datetime.now(UTC)
            )
            for d in claimed.deliveries
        ]
        async with connect(self.database) as connection:
            await settle(connection, claimed, results, finished=True, source="/test", retry_after=retry_after)

    async def recipients(self, message_id: UUID) -> set[str]:
        """External ids of the contacts in the plan on mail, those behind a shared address too."""
        return {row[0] for row in await self.rows(_RECIPIENTS, message_id, message_id)}


@contextmanager
def rooms(kafka: str, postgres: str, folder: Path) -> Iterator[Rooms]:
    """A database with a few people, and topics; the topics are deleted by whoever owns the prefix."""
    with stack.fresh_database(postgres) as url:
        env = {
            "ROELAND_KAFKA_BOOTSTRAP": kafka,
            "ROELAND_KAFKA_TOPIC_PREFIX": f"t{uuid7().hex[-8:]}.",
            "ROELAND_DATABASE_URL": url,
            "ROELAND_SWEEP_SECONDS": "1",
            "ROELAND_TAKE_BACK_SECONDS": "0",
            "ROELAND_DATA_DIR": str(folder / "data"),
        }
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(PEOPLE.replace("%%", "%").encode())
        made = Rooms(env, folder)
        asyncio.run(create(made.kafka))
        yield made


def _wait_ready(address: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "the service ended"
        try:
            with urlopen(f"http://{address}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the service never became ready")


_RECIPIENTS = """
SELECT c.external_id FROM delivery d JOIN message m ON m.number = d.message JOIN contact c ON c.id = d.contact
    WHERE m.id = %s
UNION SELECT c.external_id FROM shared_delivery s JOIN message m ON m.number = s.message
    JOIN contact c ON c.id = s.contact WHERE m.id = %s
"""
