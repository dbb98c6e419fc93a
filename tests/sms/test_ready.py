"""Ready is who can send: with two providers, while either answers."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.runtime import health
from services.runtime.health import Health
from services.sms.ready import OneOf
from services.sms.switch import Switch


def test_one_of_two_providers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts services anew when they are not ready must not stop the one that carries."""
    monkeypatch.setattr(health, "GRACE_SECONDS", 0.0)
    kept = Health("twilio")
    either = OneOf(kept, "twilio", ["twilio", "sinch"])
    either.down("twilio", "does not answer")
    assert kept.missing() == {"twilio": "not yet reached"}
    either.up("sinch")
    either.down("twilio", "does not answer")
    assert kept.missing() == {}
    either.down("sinch", "does not answer")
    assert kept.missing() == {"twilio": "sinch: does not answer; twilio: does not answer"}
    either.up("twilio")
    assert kept.missing() == {}


async def test_a_watch_that_fails_ends_the_service() -> None:
    """A provider that nobody asks any more stays away for ever; a service that ends is started again."""

    async def fails() -> None:
        raise ZeroDivisionError

    gate = SimpleNamespace(open=True, mending=False, opened=fails, closed_since=time.monotonic())
    trunks = [SimpleNamespace(provider=SimpleNamespace(name=name), gate=gate) for name in ("a", "b")]
    bell = SimpleNamespace(ring=lambda why: None, hush=lambda: None)
    switch = Switch(cast(Any, trunks), cast(Any, bell), after=1)
    with pytest.raises(ExceptionGroup):
        async with switch.watched():
            await asyncio.sleep(5)
