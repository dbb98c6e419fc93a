"""The whole of Roeland on this machine: whatever the settings do not name is started here.

`up` is what `roeland up` calls. `stack` is the same as a context, for the demo and for tests.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from services.devstack import stack_files
from services.devstack.first_start import first_start
from services.devstack.jars import Reporter
from services.devstack.parts import start_servers, start_service, together
from services.devstack.running import Given, Running
from services.devstack.supervision import Household
from services.runtime.settings import data_dir

SERVICES: Final = ("editorial", "dispatch", "mail", "sms", "newsfeed", "situation", "public", "newsletter", "console")


async def up(*, report: Reporter, services: Sequence[str] = SERVICES, second_provider: bool = False) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP, then stop it. Raises `DevstackError` when it cannot be started."""
    task = asyncio.create_task(_until_cancelled(report, services, second_provider=second_provider))
    told = False

    def stop() -> None:
        nonlocal told
        if not told:  # a second Ctrl-C must not break off the stopping
            report("stopping …")
            task.cancel()
        told = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await task
    report("stopped")


async def _until_cancelled(report: Reporter, services: Sequence[str], *, second_provider: bool) -> None:
    async with stack(report=report, services=services, second_provider=second_provider) as running:
        report(f"console on {running.console_url}{first_start(running.logs / 'console.log')}")
        report(f"ready in {running.seconds:.1f} s; logs in {running.logs}; Ctrl-C stops everything")
        await asyncio.Event().wait()


@asynccontextmanager
async def stack(
    *,
    data: Path | None = None,
    report: Reporter = lambda line: None,
    services: Sequence[str] = SERVICES,
    prepare: bool = True,
    second_provider: bool = False,
) -> AsyncIterator[Running]:
    """Start what the settings do not name, make topics and tables (`prepare`), start the services, wait for all.
    `second_provider`: with a stand-in for it.

    `data` is the data folder (default: `ROELAND_DATA_DIR`); it survives. On leaving, everything that was started is
    stopped. Raises `DevstackError` when another stack runs on the same folder, or something cannot be started.
    """
    began = time.monotonic()
    folder = (data or data_dir()).absolute()
    with stack_files.alone(folder):
        running, household = Running(folder, folder / "logs"), Household(report)
        try:
            await start_servers(running, household, Given(), prepare=prepare, second_provider=second_provider)
            await together(*(start_service(name, running, household) for name in services))
            household.changed = lambda: _write(running, household)
            household.changed()
            household.watch()
            running.seconds = time.monotonic() - began
            yield running
        finally:
            await household.stop()


def _write(running: Running, household: Household) -> None:
    description = {
        "process": os.getpid(),
        "programs": {kept.program.name: kept.program.popen.pid for kept in household.kept},
        "logs": {kept.program.name: str(kept.program.log) for kept in household.kept},
        "health": running.health,
        "maildir": str(running.maildir) if running.maildir else None,
        "mail_control": running.mail_control,
        "twilio_control": running.twilio_control,
        "sinch_control": running.sinch_control,
        "public_url": running.public_url,
        "console_url": running.console_url,
    }
    stack_files.write(running.data, running.env, description)
