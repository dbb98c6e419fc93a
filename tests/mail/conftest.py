"""A relay that misbehaves when told to, in the test's own loop; the loop is the one that services run on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop

from services.mail.trust import Trust
from tests.mail.relays import Relay, running


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What runs in production."""
    return {"uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    """A relay without login and without TLS."""
    async with running(tmp_path) as relay:
        yield relay


def believed() -> Trust:
    """A relay that has proved itself."""
    trust = Trust()
    trust.prove()
    return trust


def caught() -> Trust:
    """A relay that was caught lying: one command after the other, in the session that can pipeline."""
    trust = Trust()
    trust.silence(object())
    trust.silence(object())
    trust.silence(object())
    return trust


EVERY_WAY = pytest.mark.parametrize("way", ["plain", "pipelined", "trial", "caught"], indirect=True)
"""For what hangs on how commands are grouped. `trial` is how each relay is begun with; `caught`: it lied."""


@pytest.fixture(params=["plain", "pipelined"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both sessions; what a test says holds for each."""
    monkeypatch.setenv("ROELAND_SMTP_PIPELINING", str(request.param != "plain"))
    monkeypatch.setattr(
        "services.mail.relay.Trust", {"pipelined": believed, "caught": caught}.get(request.param, Trust)
    )
    return str(request.param)
