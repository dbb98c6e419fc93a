"""kill -9 of every service, again and again, in the middle of a message that goes the whole way."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from services.devstack import processes
from services.store.messages import Message
from tests.faults import door
from tests.faults.accounts import Account
from tests.faults.harness import Crew
from tests.faults.programs import Program

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(280)]

BEFORE = ("editorial", "public", "newsfeed")
"""Killed at any moment from the command on: their part is over soon."""
SENDING = ("mail", "sms", "dispatch", "situation")
"""Killed while the message is being sent."""
SERVICES = BEFORE + SENDING
CHANNELS = ("mail", "sms", "newsfeed")
PEOPLE = 400
CONNECTIONS = 20
SLOW = 0.25
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


async def killed_at_random(crew: Crew, services: tuple[str, ...], within: float, chance: random.Random) -> None:
    """kill -9 of each of these, at moments that chance decides, spread over so many seconds."""
    moments = sorted(chance.uniform(0, within) for _ in services)
    for before, moment, service in zip([0.0, *moments], moments, chance.sample(services, len(services)), strict=False):
        await asyncio.sleep(moment - before)
        crew.kill(program_of(crew, service))


async def killed_in_mid_message(
    crew: Crew, message: Message, services: tuple[str, ...], chance: random.Random
) -> list[int]:
    """kill -9 of each of these once a share of the message, by chance, is out; how much was open at each kill."""
    left = []
    shares = sorted(chance.uniform(0.05, 0.6) for _ in services)
    for share, service in zip(shares, chance.sample(services, len(services)), strict=True):
        enough = 2 * PEOPLE * share
        await crew.until(lambda account, enough=enough: accepted(account) > enough, message)
        crew.kill(program_of(crew, service))
        left.append((await crew.until(lambda _: True, message)).open)
    return left


def program_of(crew: Crew, service: str) -> Program:
    """The service's process."""
    return next(program for program in crew.programs if program.service == service)


def accepted(account: Account) -> int:
    """How many were told."""
    return account.states.get("accepted", 0) + account.states.get("delivered", 0)


@pytest.mark.parametrize("seed", [4])
async def test_kill_9_of_each_service_at_random_moments_loses_nothing(everyone: Crew, crew: Crew, seed: int) -> None:
    """From the author's command on: whoever dies is started again, and nobody mends anything by hand.

    SMS never come twice, for they are looked up. Mail comes twice at most for what was on its way at each kill.
    """
    chance = random.Random(seed)
    crew.slow_peers(SLOW)
    async with crew.supervised():
        killing = asyncio.create_task(killed_at_random(crew, BEFORE, 3, chance))
        message = await door.approved(crew, PEOPLE, CHANNELS)
        await killing
        left = await killed_in_mid_message(crew, message, SENDING, chance)
        crew.quick_peers()
        account = await crew.until_done(message)
    assert all(left), f"open when each was killed: {left}"
    assert len(crew.troubles) == len(SERVICES)
    account.holds(bound=CONNECTIONS)
    assert set(account.texts.values()) == {1}
    assert accepted(account) == 2 * PEOPLE + 1


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
