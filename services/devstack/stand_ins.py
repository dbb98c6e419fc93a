"""Starting the mail sink and the stand-ins for Twilio and Sinch, each in a process of its own."""

import asyncio
import json
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from services.devstack import processes
from services.devstack.processes import DevstackError, Program

START_WITHIN: Final = 20.0
"""Seconds."""

FROM: Final = "+15005550006"
"""Twilio's own magic number for a sender that works; it is nobody's."""


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A program in the place of a peer, that answers."""

    port: int
    control_port: int
    program: Program

    @property
    def url(self) -> str:
        """Where the peer would be: for the setting that says so."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def control_url(self) -> str:
        """Where `/faults` and what it holds are (`/mails`, `/messages`)."""
        return f"http://127.0.0.1:{self.control_port}"


@dataclass(frozen=True, kw_only=True)
class MailSink(StandIn):
    """A mail sink that answers."""

    maildir: Path

    @property
    def url(self) -> str:
        """For `ROELAND_SMTP_URL`."""
        return f"smtp://127.0.0.1:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Twilio(StandIn):
    """A Twilio stand-in that answers."""

    account_sid: str
    auth_token: str


@dataclass(frozen=True, kw_only=True)
class Sinch(StandIn):
    """A Sinch stand-in that answers."""

    service_plan: str
    api_token: str


async def start_mail_sink(
    data: Path,
    *,
    port: int | None = None,
    control_port: int | None = None,
    same_port: bool = False,
    login: tuple[str, str] | None = None,
    log: Path,
) -> MailSink:
    """Start the sink; its mails are in `data/maildir`. Ports: those, or free ones. `login`: user, password."""
    pid_file = _prepared(data, "mailsink")
    ports = [processes.free_port(wanted, no_other=same_port) for wanted in (port, control_port)]
    argv = ["--port", str(ports[0]), "--control-port", str(ports[1]), "--maildir", str(data / "maildir")]
    argv += ["--user", login[0], "--password", login[1]] if login else []
    program = await _start("mailsink", argv, ports[1], log=log, pid_file=pid_file)
    return MailSink(port=ports[0], control_port=ports[1], program=program, maildir=data / "maildir")


async def start_twilio(
    data: Path,
    *,
    port: int | None = None,
    control_port: int | None = None,
    same_port: bool = False,
    log: Path,
    pause: float = 1.5,
) -> Twilio:
    """Start the stand-in; its messages and its account are kept in `data`. Ports: those, or free ones.

    `pause`: seconds from one status of a message to the next.
    """
    pid_file = _prepared(data, "twilio")
    account_sid, auth_token = _account(data / "twilio.json", ("account_sid", "AC"), ("auth_token", ""))
    ports = [processes.free_port(wanted, no_other=same_port) for wanted in (port, control_port)]
    argv = ["--port", str(ports[0]), "--control-port", str(ports[1]), "--pause", str(pause)]
    argv += ["--keep", str(data / "messages.jsonl")]
    program = await _start(
        "twilio",
        [*argv, "--account-sid", account_sid, "--auth-token", auth_token],
        ports[1],
        log=log,
        pid_file=pid_file,
    )
    return Twilio(port=ports[0], control_port=ports[1], program=program, account_sid=account_sid, auth_token=auth_token)


async def start_sinch(
    data: Path,
    *,
    port: int | None = None,
    control_port: int | None = None,
    same_port: bool = False,
    log: Path,
    pause: float = 1.5,
) -> Sinch:
    """Start the stand-in; its batches and its account are kept in `data`. As `start_twilio`."""
    pid_file = _prepared(data, "sinch")
    service_plan, api_token = _account(data / "sinch.json", ("service_plan", ""), ("api_token", ""))
    ports = [processes.free_port(wanted, no_other=same_port) for wanted in (port, control_port)]
    argv = ["--port", str(ports[0]), "--control-port", str(ports[1]), "--pause", str(pause)]
    argv += ["--keep", str(data / "batches.jsonl"), "--service-plan", service_plan, "--api-token", api_token]
    program = await _start("sinch", argv, ports[1], log=log, pid_file=pid_file)
    return Sinch(port=ports[0], control_port=ports[1], program=program, service_plan=service_plan, api_token=api_token)


def _prepared(data: Path, name: str) -> Path:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    pid_file = data / f"{name}.pid"
    processes.end_leftover(pid_file)
    return pid_file


def _account(file: Path, *fields: tuple[str, str]) -> list[str]:
    """An account that stays the same over restarts: for each field its name, and how its value begins."""
    if not file.exists():
        made = {name: begin + secrets.token_hex(16) for name, begin in fields}
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
            json.dump(made, out)
    kept = json.loads(file.read_text())
    return [kept[name] for name, _ in fields]


async def _start(module: str, argv: list[str], control_port: int, *, log: Path, pid_file: Path) -> Program:
    program = processes.start(
        module, [sys.executable, "-m", f"services.devstack.{module}", *argv], log=log, pid_file=pid_file
    )
    try:
        await answers(program, f"http://127.0.0.1:{control_port}/faults", within=START_WITHIN)
    except BaseException:
        await processes.stop(program, within=1)
        raise
    return program


async def answers(program: Program, url: str, *, within: float) -> None:
    """Wait until `url` is answered with 200. Raises `DevstackError` when the program ends or the time is over."""
    deadline, last = time.monotonic() + within, "no answer"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while program.running and time.monotonic() < deadline:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
                    last = (await answer.text())[:500]
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.05)
    what = f"is not ready ({last})" if program.running else f"ended with {program.popen.returncode}"
    raise DevstackError(f"{program.name} {what}; the end of {program.log}:\n{processes.tail(program.log)}")
