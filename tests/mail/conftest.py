"""A relay that misbehaves when told to, in the test's own loop; the loop is the one that services run on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio
import uvloop

from tests.mail.relays import Relay, running


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What runs in production."""
    return {"uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    """A relay without login and without TLS."""
    async with running(tmp_path) as relay:
        yield relay
