"""Numbers that want no more SMS, as the worker heeds them; and the link by which an SMS is confirmed."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest
from pydantic import SecretStr

from services.domain.states import State
from services.domain.variants import slot
from services.runtime.postgres import DatabaseSettings, open_pool
from services.sms.callbacks import DeliveryName
from services.sms.opting_out import asked_in, told_in
from services.store import opt_outs
from tests.sms.jobs import BODY, NUMBERS, Sent, job, world
from tests.stack import Twilio
from tests.store.world import Person, add_people, add_user, connect, submit

pytestmark = pytest.mark.stack


async def test_a_number_that_opted_out_after_the_plan_is_not_sent_to(twilio: Twilio, database_url: str) -> None:
    """It fails for that; the others get theirs."""
    async with await connect(database_url) as connection:
        await opt_outs.add(connection, NUMBERS[:1], "reply")
    async with (
        open_pool(DatabaseSettings(database_url=SecretStr(database_url))) as pool,
        world(twilio, database_url, route={"opted_out": asked_in(pool)}) as here,
    ):
        sent = await here.carry(*NUMBERS[:3])
    assert sent.states == [State.FAILED, State.ACCEPTED, State.ACCEPTED]
    assert [each.reason for each in sent.results if each.state is State.FAILED] == ["opted-out"]
    assert sorted(each["to"] for each in twilio.messages()) == NUMBERS[1:3]


async def test_what_may_have_gone_before_it_opted_out_is_looked_up(twilio: Twilio, database_url: str) -> None:
    """Nobody may say that it failed if it arrived."""

    async def everybody(numbers: Sequence[str]) -> Collection[str]:
        return numbers

    async with world(twilio, database_url) as here:
        await here.carry(NUMBERS[0])
    async with world(twilio, database_url, route={"opted_out": everybody}) as here:
        sent = await here.carry(NUMBERS[0], doubts=1)
    assert sent.states == [State.ACCEPTED]
    assert len(twilio.messages()) == 1


async def test_what_the_provider_says_of_a_number_is_put_on_record(twilio: Twilio, database_url: str) -> None:
    """21610: told once for each claim, with the deliveries of just those numbers."""
    told: list[tuple[int, Sequence[int]]] = []

    async def tell(message: int, sequences: Sequence[int]) -> None:
        told.append((message, sequences))

    async with world(twilio, database_url, route={"refused_by": tell}) as here:
        sent = await here.carry("+15005550004", NUMBERS[1], "+15005550001")
    assert sent.states == [State.FAILED, State.ACCEPTED, State.FAILED]
    assert told == [(17, [1])]


async def test_the_number_of_such_a_delivery_is_found_and_kept(database_url: str) -> None:
    """Once, whoever says it again; and the record says that it was the provider."""
    number = "+32471999999"
    async with await connect(database_url) as connection:
        user = await add_user(connection, "opting@ccvo.example", "author")
        await add_people(connection, [Person("An", ["governors"], mobile=number)])
        message = await submit(connection, user, channels=["sms"])
        async with open_pool(DatabaseSettings(database_url=SecretStr(database_url))) as pool:
            tell = told_in(pool)
            await tell(message.number, [1])
            await tell(message.number, [1])
        row = await connection.execute("SELECT number, via FROM opt_out WHERE number = %s", (number,))
        assert await row.fetchall() == [(number, "provider")]


async def test_a_worker_that_is_stopped_while_it_asks_gives_all_back(twilio: Twilio, database_url: str) -> None:
    """Nothing was handed over, and each delivery has its result, once."""
    asks, sent = asyncio.Event(), Sent()

    async def never(_: Sequence[str]) -> Collection[str]:
        asks.set()
        await asyncio.Event().wait()
        return ()

    async with world(twilio, database_url, route={"opted_out": never}) as here:
        carrying = asyncio.create_task(here.carrier.carry_out(job(sent, *NUMBERS[:3])))
        await asks.wait()
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
    assert sent.states == [State.PLANNED] * 3


async def test_the_link_in_an_sms_is_its_readers_own(twilio: Twilio, database_url: str) -> None:
    """Each delivery another; filled where the mark stands."""

    def link(name: DeliveryName) -> str:
        return f"https://c.example/c/{name.message}-{name.sequence}"

    async with world(twilio, database_url, route={"confirm": link}) as here:
        sent = Sent()
        work = job(sent, *NUMBERS[:2])
        variant = replace(work.variants[1], text=f"{work.variants[1].text} Bevestig: {slot('confirm')}")
        await here.carrier.available()
        await here.carrier.carry_out(replace(work, variants={1: variant}))
    assert sorted((each["to"], each["body"]) for each in twilio.messages()) == [
        (NUMBERS[place], f"{BODY} Bevestig: https://c.example/c/17-{place + 1}") for place in range(2)
    ]
