"""A whole Roeland, driven as its users drive it: `roeland up` in one process, `roeland …` in others."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from services.devstack.processes import free_port
from services.store.status import status
from tests.domain.messages import TOMORROW

AUTHOR, APPROVER = "author@ccvo.example", "approver@ccvo.example"


class Refused(AssertionError):
    """`roeland` ended with 1; the text is its answer."""


class Roeland:
    """A running stack and its command line. Kafka and PostgreSQL may be others'; sink and Twilio are its own."""

    def __init__(self, data: Path, env: dict[str, str]) -> None:
        self.data = data
        address = {
            "ROELAND_PUBLIC_ADDRESS": f"127.0.0.1:{free_port()}",  # two that start at once would both choose 8080
            "ROELAND_TAKE_BACK_SECONDS": "0",
        }
        self.env = {**os.environ, **address, **env, "ROELAND_DATA_DIR": str(data), "NO_COLOR": "1"}

    def run(self, *arguments: str, as_: str | None = None, seconds: float = 60) -> Any:
        """What `roeland … --json` prints; raises `Refused` when it ends with 1."""
        command = [sys.executable, "-m", "services.admin", *arguments, "--json", *(["--as", as_] if as_ else [])]
        ended = subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=seconds, check=False, cwd=self.data
        )
        if ended.returncode == 1:
            raise Refused(ended.stdout)
        assert ended.returncode == 0, f"{command} ended with {ended.returncode}: {ended.stdout}{ended.stderr}"
        return json.loads(ended.stdout)

    def description(self) -> dict[str, Any]:
        """What runs: `stack.json`."""
        found: dict[str, Any] = json.loads((self.data / "stack.json").read_text())
        return found

    def submit(self, message: dict[str, Any], *options: str, as_: str = AUTHOR) -> dict[str, Any]:
        """Submit a message; returns the answer of `message submit`."""
        file = self.data / f"message-{time.monotonic_ns()}.json"
        file.write_text(json.dumps(message))
        answer: dict[str, Any] = self.run("message", "submit", str(file), *options, as_=as_)
        return answer

    def approve(self, message_id: str, as_: str = APPROVER) -> dict[str, Any]:
        """Approve a message."""
        answer: dict[str, Any] = self.run("message", "approve", message_id, as_=as_)
        return answer

    def status(self, message_id: str) -> dict[str, Any]:
        """The status of a message."""
        answer: dict[str, Any] = self.run("message", "status", message_id)
        return answer

    def until(self, message_id: str, enough: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        """The status once it is enough; fails when that takes too long.

        Watched as `--watch` does, with the function behind `message status`: a process a look would be half the load.
        """
        deadline = time.monotonic() + seconds
        while not enough(found := asyncio.run(self._look(message_id))):
            assert time.monotonic() < deadline, f"after {seconds} s: {found}"
            time.sleep(0.05)
        return self.status(message_id) if found["state"] == "done" else found

    async def _look(self, message_id: str) -> dict[str, Any]:
        url = self.env["ROELAND_DATABASE_URL"]
        async with await psycopg.AsyncConnection.connect(url) as connection:
            found = await status(connection, UUID(message_id))
        assert found is not None
        return {"state": found.state, "channels": found.channels}

    def until_done(self, message_id: str, seconds: float = 60) -> dict[str, Any]:
        """The status once the message is done."""
        return self.until(message_id, lambda status: status["state"] == "done", seconds)

    def mails(self) -> list[EmailMessage]:
        """All mails that the sink keeps, by a standard parser."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(path.read_bytes()) for path in sorted((self._maildir() / "new").iterdir())]

    def texts(self) -> list[dict[str, Any]]:
        """All messages that the Twilio stand-in holds."""
        found: list[dict[str, Any]] = json.loads(self._control("twilio", "GET", "/messages"))
        return found

    def faults(self, peer: str, *rules: dict[str, Any]) -> None:
        """Put faults in force at `mail` or `twilio` (docs/devstack.md); none: it behaves again."""
        self._control(peer, "PUT" if rules else "DELETE", "/faults", list(rules) if rules else None)

    def clear(self) -> None:
        """Forget faults, mails and texts."""
        for peer, what in (("mail", "/mails"), ("twilio", "/messages")):
            self.faults(peer)
            self._control(peer, "DELETE", what)

    def metrics(self, service: str) -> str:
        """What a service says at /metrics."""
        with urllib.request.urlopen(self.description()["health"][service] + "/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    def ready(self, service: str) -> bool:
        """Whether a service says that it is ready."""
        try:
            with urllib.request.urlopen(self.description()["health"][service] + "/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self, service: str) -> None:
        """kill -9; the supervisor starts it again."""
        os.kill(self.description()["programs"][service], signal.SIGKILL)

    def log(self, service: str) -> str:
        """The log of a program."""
        return Path(self.description()["logs"][service]).read_text()

    def _maildir(self) -> Path:
        return Path(self.description()["maildir"])

    def _control(self, peer: str, method: str, path: str, body: object = None) -> bytes:
        request = urllib.request.Request(
            self.description()[f"{peer}_control"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: bytes = answer.read()
            return found


@contextlib.contextmanager
def roeland_up(data: Path, env: dict[str, str], *, seconds: float = 150) -> Iterator[Roeland]:
    """`roeland up` on this data folder, ready; stopped as by Ctrl-C on leaving."""
    data.mkdir(parents=True, exist_ok=True)
    roeland = Roeland(data, env)
    with (data / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.admin", "up"], env=roeland.env, stdout=log, stderr=log, cwd=data
        )
    try:
        deadline = time.monotonic() + seconds
        while not (data / "stack.json").exists():
            assert process.poll() is None, (data / "up.log").read_text()
            assert time.monotonic() < deadline, (data / "up.log").read_text()
            time.sleep(0.1)
        yield roeland
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        finally:
            process.kill()


def people(count: int, audiences: Sequence[str] = ("governors",), *, start: int = 0) -> str:
    """A contact file with so many contacts, their audiences dealt round, each with a mail address and a number."""
    header = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile\n"
    return header + "".join(
        f"c{n},Contact {n},Organisatie {n},rol,{audiences[n % len(audiences)]},,,nl,contact{n}@crowd.example,"
        f"+32470{n:06d}\n"
        for n in range(start, start + count)
    )


def message(incident: str, **fields: Any) -> dict[str, Any]:
    """A good message of this incident; fields replace what it has, None takes away."""
    basis: dict[str, Any] = {
        "incident": incident,
        "kind": "alert",
        "urgency": "urgent",
        "title": "Loonadministratie niet beschikbaar",
        "language": "nl",
        "audiences": ["governors"],
        "channels": ["mail", "sms", "newsfeed"],
        "key_messages": [{"text": "De lonen van november worden later gestort."}],
        "actions": ["Verwijs vragen door naar uw aanspreekpunt."],
        "unknown": ["Wanneer de dienst herstelt."],
        "next_update_at": TOMORROW,
    }
    return {name: value for name, value in {**basis, **fields}.items() if value is not None}
