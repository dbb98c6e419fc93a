"""Ctrl-C, SIGTERM and SIGHUP: everything is stopped in order, and a second Ctrl-C does not break that off."""

import asyncio
import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from services.admin.answers import Refusal
from services.admin.demo_screen import Screen

T = TypeVar("T")
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def stoppable(work: Coroutine[Any, Any, T], screen: Screen) -> T:
    """Run `work`; a signal cancels it, once. Raises `Refusal` when it was."""
    task = asyncio.create_task(work)
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            screen.step("Interrupted: stopping everything")
            task.cancel()
        stopping = True

    _on_signals(stop)
    try:
        return await task
    except asyncio.CancelledError:
        raise Refusal("interrupted; everything is stopped") from None


async def until_interrupted() -> float:
    """Wait for the first signal, which then ends only this waiting; returns how many seconds that took."""
    began = time.monotonic()
    asked = asyncio.Event()
    _on_signals(asked.set)
    await asked.wait()
    return time.monotonic() - began


def _on_signals(act: Any) -> None:
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        with suppress(ValueError, RuntimeError):  # not in the main thread: somebody else's signals
            loop.add_signal_handler(number, act)
