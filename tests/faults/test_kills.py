"""kill -9 of every service, again and again, in the middle of a message that goes the whole way."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from services.devstack import processes
from tests.faults import door
from tests.faults.harness import Crew
from tests.faults.programs import Program

pytestmark = [pytest.mark.stack, pytest.mark.timeout(280)]

SERVICES = ("editorial", "dispatch", "mail", "sms", "newsfeed", "public", "situation")
CHANNELS = ("mail", "sms", "newsfeed")
PEOPLE = 400
CONNECTIONS = 20
SLOW = 0.4
"""Seconds that the peers take, so that a message is in mid-send for a while."""


@pytest.fixture(scope="module")
def everyone(module_crew: Crew) -> Iterator[Crew]:
    """All services of Roeland, ready."""
    address = f"127.0.0.1:{processes.free_port()}"
    ways = {"public_address": address, "public_url": f"http://{address}", "smtp_connections": CONNECTIONS}
    for service in SERVICES:
        module_crew.start(service, ready=False, **ways)
    for program in module_crew.programs:
        program.wait_ready()
    yield module_crew
    module_crew.end()


async def killed_at_random(crew: Crew, victims: list[Program], within: float, seed: int) -> None:
    """kill -9 of each of these, at moments that the seed decides, spread over so many seconds."""
    chance = random.Random(seed)
    chance.shuffle(victims)
    moments = sorted(chance.uniform(0, within) for _ in victims)
    for before, moment, program in zip([0.0, *moments], moments, victims, strict=False):
        await asyncio.sleep(moment - before)
        if program.running:
            crew.kill(program)


@pytest.mark.parametrize("seed", [4])
async def test_kill_9_of_each_service_at_random_moments_loses_nothing(everyone: Crew, crew: Crew, seed: int) -> None:
    """From the author's command on: whoever dies is started again, and nobody mends anything by hand.

    SMS never come twice, for they are looked up. Mail comes twice at most for what was on its way at each kill.
    """
    crew.slow_peers(SLOW)
    async with crew.supervised():
        killing = asyncio.create_task(killed_at_random(crew, list(crew.programs), 5, seed))
        message = await door.approved(crew, PEOPLE, CHANNELS)
        await killing
        crew.quick_peers()
        account = await crew.until_done(message)
    account.holds(bound=CONNECTIONS)
    assert set(account.texts.values()) == {1}
    assert account.states["accepted"] + account.states.get("delivered", 0) == 2 * PEOPLE + 1


@pytest.mark.long
async def test_all_services_killed_at_once_go_on_where_they_were(everyone: Crew, crew: Crew) -> None:
    """All services gone in one moment, while both peers are in the middle of it."""
    crew.slow_peers(SLOW)
    async with crew.supervised():
        message = await door.approved(crew, PEOPLE, CHANNELS)
        await crew.until(lambda account: account.channels["mail"].get("accepted", 0) > PEOPLE // 4, message)
        for program in crew.programs:
            crew.kill(program)
        crew.quick_peers()
        account = await crew.until_done(message)
    account.holds(bound=CONNECTIONS)
    assert set(account.texts.values()) == {1}
