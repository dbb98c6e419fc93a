"""A stream that broke is begun anew, and one that cannot be mended ends the process."""

import asyncio
from typing import Any

import pytest

from services.runtime.errors import Foreseen
from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings
from services.situation import streaming
from services.situation.presence import Presence


class Broken:
    """Stands in for a Faust app that crashes after it has started, as it does when a commit fails."""

    lives = 0
    stops = 0

    def __init__(self) -> None:
        Broken.lives += 1
        self.should_stop, self.crash_reason = False, ValueError("never said: it may hold a record")

    async def start(self) -> None:
        """Start, and crash at once."""
        self.should_stop = True

    async def stop(self) -> None:
        """Stop."""
        Broken.stops += 1


async def test_a_stream_that_crashes_again_and_again_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that lives on without its stream would look well and know nothing; its supervisor must hear of it."""
    monkeypatch.setattr(streaming, "LOOK_SECONDS", 0.01)
    presence = Presence(KafkaSettings(kafka_bootstrap="127.0.0.1:1"), ["outcomes"], Health("kafka"))
    presence.there.set()
    make_app: Any = Broken
    with pytest.raises(Foreseen) as broken:
        async with asyncio.timeout(10):
            await streaming.keep_streaming(make_app, presence, stuck_seconds=60)
    assert str(broken.value) == "the stream broke 3 times in a row, last with ValueError"
    assert (Broken.lives, Broken.stops) == (3, 3)
