"""Keeping the stream running: it waits for Kafka, and is begun anew when it broke or hangs.

Faust does none of that by itself. What cannot be mended here ends the process, so that whoever supervises it knows.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from services.runtime.errors import Foreseen
from services.situation.presence import Presence
from services.situation.stillness import Stillness
from services.situation.stream import SESSION_SECONDS

LOOK_SECONDS: Final = 0.5
STOP_SECONDS: Final = 6.0
CRASHES: Final = 3
"""So many crashes in a row, while Kafka answers, within `CALM_SECONDS` of each start, end the process."""
CALM_SECONDS: Final = 30.0
STUCK: Final = "stuck"

log = structlog.get_logger(__name__)


async def keep_streaming(make_app: Callable[[], Any], presence: Presence, stuck_seconds: float) -> None:
    """Run the app for as long as it runs, one life after the other. Raises `Foreseen` when that does not help."""
    crashes = 0
    while True:
        await presence.there.wait()
        began = time.monotonic()
        why = await _one_life(make_app(), presence, stuck_seconds)
        log.warning("stream_begins_anew", why=why)
        calm = time.monotonic() - began >= CALM_SECONDS
        crashes = 0 if calm or not presence.there.is_set() else crashes + 1
        if crashes >= CRASHES:
            raise Foreseen(f"the stream broke {crashes} times in a row, last with {why}")
        await asyncio.sleep(1 if why != STUCK else SESSION_SECONDS + 2)


async def _one_life(app: Any, presence: Presence, stuck_seconds: float) -> str:
    """Start the app and stop it once it must be; returns why."""
    try:
        await app.start()
        return await _until_broken(app, presence, stuck_seconds)
    except Exception as problem:  # faust passes on whatever its Kafka client raised
        return type(problem).__name__
    finally:
        await _stop(app)


async def _until_broken(app: Any, presence: Presence, stuck_seconds: float) -> str:
    committed = Stillness()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = time.monotonic()
        if app.should_stop:
            return type(app.crash_reason).__name__
        behind = _behind(app) if presence.there.is_set() else {}
        committed.read(behind, now)
        if any(committed.seconds(partition, now) >= stuck_seconds for partition in behind):
            return STUCK


def _behind(app: Any) -> dict[Any, object]:
    """What should move: partitions of which more was read than is committed, with what is; or having none at all.

    Once some partitions stopped committing unnoticed. And a static member that comes back is given what it had, also
    when that was nothing because the topics were just gone; only being away for a while gets it out of that.
    """
    consumer = app.consumer
    if not consumer.assignment():
        return {"nothing assigned": True}
    return {
        partition: consumer._committed_offset[partition]
        for partition in consumer.assignment()
        if (read := consumer._read_offset[partition]) is not None
        and (consumer._committed_offset[partition] or 0) <= read
    }


async def _stop(app: Any) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await app.stop()
    except TimeoutError:
        raise Foreseen("the stream does not let go: a new process must take over") from None
