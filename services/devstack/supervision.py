"""Keeping programs running: what crashes is started again, more patiently each time, and reported."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from services.devstack import processes
from services.devstack.jars import Reporter
from services.devstack.processes import DevstackError, Program

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_AFTER: Final = 60.0
"""Seconds of running after which the pause begins small again."""


class Layer(IntEnum):
    """What stands on what; a stack is stopped from the top."""

    SERVER = 0
    STAND_IN = 1
    SERVICE = 2


@dataclass
class Kept:
    """A program and how to start it again, on the same ports."""

    program: Program
    again: Callable[[], Awaitable[Program]]
    layer: Layer
    stop_within: float


@dataclass
class Household:
    """All programs of a stack."""

    report: Reporter
    changed: Callable[[], None] = lambda: None
    kept: list[Kept] = field(default_factory=list)
    _watchers: list["asyncio.Task[None]"] = field(default_factory=list)

    def keep(self, program: Program, again: Callable[[], Awaitable[Program]], layer: Layer) -> None:
        """Take charge of a program that runs; watching begins with `watch`."""
        self.kept.append(Kept(program, again, layer, 15.0 if layer is Layer.SERVER else 12.0))

    def watch(self) -> None:
        """Start again whatever ends from now on."""
        self._watchers = [asyncio.create_task(_watch(kept, self.report, self.changed)) for kept in self.kept]

    async def stop(self) -> None:
        """End all, layer by layer from the top."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for group in _last_first(self.kept):
            obeyed = await asyncio.gather(*(processes.stop(kept.program, within=kept.stop_within) for kept in group))
            for kept, ended in zip(group, obeyed, strict=True):
                if not ended:
                    self.report(f"{kept.program.name} did not stop within {kept.stop_within:.0f} s and was killed")


async def _watch(kept: Kept, report: Reporter, changed: Callable[[], None]) -> None:
    pause, began = FIRST_PAUSE, time.monotonic()
    while True:
        while kept.program.running:  # noqa: ASYNC110  (Popen belongs to no loop, on purpose)
            await asyncio.sleep(0.2)
        if time.monotonic() - began > STEADY_AFTER:
            pause = FIRST_PAUSE
        name, code = kept.program.name, kept.program.popen.returncode
        report(f"{name} ended with {code}; starting it again in {pause:g} s (its log: {kept.program.log})")
        await asyncio.sleep(pause)
        pause, began = min(pause * 2, LONGEST_PAUSE), time.monotonic()
        try:
            kept.program = await kept.again()
        except DevstackError as problem:
            report(str(problem))
        else:
            report(f"{name} runs again")
            changed()


def _last_first(kept: list[Kept]) -> list[list[Kept]]:
    layers = sorted({one.layer for one in kept}, reverse=True)
    return [[one for one in kept if one.layer == layer] for layer in layers]
