"""What editorial does: it answers commands, proofs what was submitted, and publishes what it decided.

A command is one transaction. Its effects are in a savepoint, so that a refusal undoes them and is itself the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import structlog

from services.domain.commands import (
    Answer,
    ApproveHolding,
    ApproveMessage,
    ApproveNewsletter,
    Command,
    IncludeNewcomers,
    JudgeMessage,
    RejectMessage,
    ReleaseHolding,
    RevokeHolding,
    RevokeNewsletter,
    SubmitMessage,
    TakeBackMessage,
    TestMessage,
    Tolerant,
    WithdrawMessage,
    WriteEditorial,
)
from services.domain.events import EditionMade, Envelope, Unreadable
from services.domain.problems import Refused
from services.editorial import (
    author,
    calling,
    duty,
    edition,
    edition_overdue,
    glass,
    missed,
    outside,
    proof,
    telling,
    waiting,
)
from services.editorial.approve import approve
from services.editorial.authority import objection
from services.editorial.desk import Desk
from services.editorial.due import releasing
from services.editorial.edition_standing import approve_newsletter, revoke_newsletter
from services.editorial.editorials import write_editorial
from services.editorial.escalating import escalating
from services.editorial.holding import approve_holding, release_holding, revoke_holding
from services.editorial.judging import judge
from services.editorial.newcomers import include
from services.editorial.refusal import Refusal, of_problems
from services.editorial.reject import reject
from services.editorial.submit import submit
from services.editorial.take_back import take_back
from services.editorial.trial import test
from services.editorial.withdraw import withdraw
from services.runtime import commands, inbox, timers
from services.runtime.dead_letters import bury_in
from services.runtime.health import HANDLED
from services.runtime.kafka import consume
from services.runtime.origin import given_from
from services.runtime.postgres import AWAY, Connection, listen
from services.runtime.records import handler, unforeseen
from services.runtime.repeat import every, when_woken
from services.runtime.service import Service
from services.store import escalations, fallbacks, workers
from services.store.ledger import RETRY
from services.store.messages import EXPIRY
from services.store.tellings import EDITIONS_MISSED, OUTSIDE
from services.store.users import User, user_by_id

PROOFERS: Final = ("", "", "urgent/")
"""The proofs that go on at once, and which each of them may be: a small message does not wait for a large one, and an
urgent one not for two."""
PROOF_SECONDS: Final = 0.25
RELEASE_SECONDS: Final = 0.25
RELEASERS: Final = 2
"""The releases that go on at once: a message to a million holds up nobody else's hour."""
EDITION_SECONDS: Final = 1.0
"""How often editorial looks for editions that no event told of, and for those whose time is over."""
TELLING_SECONDS: Final = 0.5
ESCALATION_SECONDS: Final = 0.5
PUBLISH_AGAIN_SECONDS: Final = 5.0
PRUNE_SECONDS: Final = 3600.0

HANDLERS: Final[Mapping[type[Tolerant], Callable[[Connection, Any, User, Desk], Awaitable[Answer]]]] = {
    SubmitMessage: submit,
    ApproveMessage: approve,
    RejectMessage: reject,
    WithdrawMessage: withdraw,
    IncludeNewcomers: include,
    TakeBackMessage: take_back,
    TestMessage: test,
    JudgeMessage: judge,
    ApproveHolding: approve_holding,
    RevokeHolding: revoke_holding,
    ReleaseHolding: release_holding,
    ApproveNewsletter: approve_newsletter,
    RevokeNewsletter: revoke_newsletter,
    WriteEditorial: write_editorial,
}
"""What carries out which command, in the transaction of its answer."""

_OF_MESSAGES: Final[Mapping[str, telling.TellOfMessage]] = {
    duty.WAITS: duty.tell_next,
    calling.CALLS: calling.tell_on_duty,
}

TELLS: Final[Mapping[str, telling.Tell]] = {
    EDITIONS_MISSED: missed.tell,
    OUTSIDE: outside.tell,
    **{what: telling.of_message(tell) for what, tell in (*_OF_MESSAGES.items(), *author.TELLS.items())},
    **{what: telling.of_message(tell, once=True) for what, tell in glass.TELLS.items()},
}
"""What users are told, by what was asked for."""

log = structlog.get_logger(__name__)


async def serve(service: Service, desk: Desk) -> None:
    """All that editorial does at the same time, for as long as it runs."""
    asked = {asyncio.Event(): only for only in PROOFERS}

    def wake() -> None:
        for each in asked:
            each.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(service.publish_outbox())
        group.create_task(_take_commands(service, desk))
        group.create_task(listen(service.database.url(), proof.ASKED, wake))
        for each, only in asked.items():
            group.create_task(_proofs(desk, each, only))
        for _ in range(RELEASERS):
            group.create_task(every(RELEASE_SECONDS, lambda: _release(desk), what="releases"))
        group.create_task(every(EDITION_SECONDS, lambda: edition.sweep(desk), what="editions"))
        group.create_task(every(EDITION_SECONDS, lambda: _end_editions(desk), what="editions that are too late"))
        group.create_task(_tell_users(service, desk))
        group.create_task(every(ESCALATION_SECONDS, lambda: _escalate(desk), what="escalation"))
        group.create_task(every(PUBLISH_AGAIN_SECONDS, lambda: _publish_again(desk), what="commands unanswered"))
        group.create_task(every(PRUNE_SECONDS, lambda: _prune(desk), what="prune"))


async def handle(event: Envelope, desk: Desk) -> None:
    """Answer one command, once. What nobody foresaw is refused, undone, and kept as a dead letter."""
    failure: str | None = None
    async with desk.pool.connection() as connection, connection.transaction():
        command = await commands.take(connection, event)
        if command is None:
            return
        try:
            by = await commands.vouched_for(connection, command)
            with given_from(event.source, by=by):
                async with connection.transaction():
                    answer = await _carry_out(connection, command, desk, vouched=by is not None)
        except Refusal as refusal:
            answer = refusal.answer
        except Refused as refused:
            answer = of_problems(refused)
        except AWAY:
            raise
        except Exception as problem:
            failure = unforeseen(problem)
            answer = Answer.refused("editorial failed on this command, and nothing was done: see its log")
        await commands.answer(connection, command.id, answer)
    HANDLED.labels(event.type).inc()
    log.info("answered", command=str(command.id), type=event.type, done=answer.done, user=command.user)
    if failure:
        raise Unreadable(failure)


async def _carry_out(connection: Connection, command: Command, desk: Desk, *, vouched: bool) -> Answer:
    user = await _authorised(connection, command, desk, vouched=vouched)
    carry_out = HANDLERS.get(type(command.body))
    if carry_out is None:
        raise Refusal(f"this version of editorial does not know {command.body.type}")
    return await carry_out(connection, command.body, user, desk)


async def _authorised(connection: Connection, command: Command, desk: Desk, *, vouched: bool) -> User:
    user = await user_by_id(connection, command.user)
    reason = objection(command, user, trusts_assertions=desk.trusts_assertions, vouched=vouched)
    if user is None or reason is not None:
        raise Refusal(reason or "there is no such user")
    return user


async def _take_commands(service: Service, desk: Desk) -> None:
    async def handled(event: Envelope) -> None:
        if event.type == EditionMade.TYPE:
            await edition.heard_of(event, desk)
        else:
            await handle(event, desk)

    bury = bury_in(service.pool, service.source)
    take = handler(handled, what="command")
    await consume(service.kafka, ["messages"], "editorial", take, bury=bury, health=service.health)


async def _proofs(desk: Desk, asked: asyncio.Event, only: str) -> None:
    fire = partial(timers.fire_due, desk.pool, proof.KIND, proof.proofing(desk), only=only)
    await when_woken(asked, PROOF_SECONDS, fire, what="proof")


async def _release(desk: Desk) -> None:
    await timers.fire_due(desk.pool, waiting.KIND, releasing(desk))


async def _escalate(desk: Desk) -> None:
    await timers.fire_due(desk.pool, escalations.KIND, escalating(desk))


async def _end_editions(desk: Desk) -> None:
    await timers.fire_due(desk.pool, edition_overdue.KIND, edition_overdue.ending(desk))


async def _tell_users(service: Service, desk: Desk) -> None:
    asked = asyncio.Event()
    fire = partial(timers.fire_due, desk.pool, telling.KIND, telling.telling(desk, TELLS))
    async with asyncio.TaskGroup() as group:
        group.create_task(listen(service.database.url(), telling.ASKED, asked.set))
        group.create_task(when_woken(asked, TELLING_SECONDS, fire, what="telling"))


async def _publish_again(desk: Desk) -> None:
    async with desk.pool.connection() as connection:
        if count := await commands.publish_again(connection):
            log.warning("commands_published_again", count=count)


async def _prune(desk: Desk) -> None:
    async with desk.pool.connection() as connection:
        await inbox.prune(connection)
        await workers.prune(connection)
        for kind in (proof.KIND, telling.KIND, waiting.KIND, edition_overdue.KIND, EXPIRY, RETRY, fallbacks.KIND):
            await timers.prune(connection, kind)
