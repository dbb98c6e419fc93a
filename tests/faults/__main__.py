"""`make faults`: everything at full length, and a long random mix; then it counts.

`python -m tests.faults [--seed N] [--minutes M] [--recipients N] [--json]`. Exit 1 when the promise broke. The
same seed does the same things at the same seconds; what they hit depends on the machine.
"""

import argparse
import asyncio
import json
import logging
import random
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import structlog

from services.devstack.processes import DevstackError
from tests.faults.accounts import Account, Broken
from tests.faults.schedule import SERVICES, Act, kills, mix
from tests.faults.stage import CONNECTIONS, Sent, Stage, stage

KILLS = 20
OUTAGE_SECONDS = 60.0
END_WITHIN = 600.0
"""Seconds after the last fault for everything to be recorded: the longest waits of a delivery are minutes."""
GROWTH = 1.2
"""The memory of a service after all this, to what it had after a message to two hundred. Seen: 1.03."""

COLUMNS = {
    "recipients": "people", "accepted_by_the_relay": "at relay", "accepted_by_twilio": "at Twilio",
    "recorded": "recorded", "possible_duplicates": "possible dup.", "second_mails": "2nd mails",
    "second_texts": "2nd texts", "lost": "lost", "seconds": "seconds",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One message, counted."""

    what: str
    recipients: int
    states: dict[str, int]
    accepted_by_the_relay: int
    accepted_by_twilio: int
    recorded: int
    """Contacts of mail and SMS that the ledger says were accepted (and delivered since)."""
    possible_duplicates: int
    second_mails: int
    second_texts: int
    lost: int
    seconds: float
    broken: str


async def play(on: Stage, given: argparse.Namespace) -> None:
    """Everything, in order."""
    outage = min(OUTAGE_SECONDS, given.minutes * 4)
    ends_at = time.monotonic() + given.minutes * 60
    await on.start()
    on.say("A message to 200 without faults")
    warm = await on.send("no faults", 200, "senior-officials")
    warm.bound = 0
    await on.settle(warm, END_WITHIN)
    before = dict(on.peaks)
    async with on.crew.supervised():
        await twenty_kills(on, given.seed, given.recipients)
        for outage_of in (on.kafka_away, on.postgres_away):
            name = outage_of.__name__.replace("_", " ")
            await during(on, f"{name} for {outage:.0f} s", outage_of(outage, kill=False), given.recipients // 10)
        await during(on, f"relay away for {outage:.0f} s", on.relay("away", outage), given.recipients // 10)
        await during(on, f"Twilio away for {outage:.0f} s", on.provider("away", outage), given.recipients // 10)
        await during(on, "everything killed at once", on.everything(), given.recipients // 10)
        left = max(ends_at - time.monotonic() - 60, given.minutes * 15)
        await random_mix(on, given.seed, left, given.recipients // 20)
    on.say(f"Memory (kB before, at most): { {name: (before[name], peak) for name, peak in on.peaks.items()} }")
    grown = {
        name: (before[name], peak) for name, peak in on.peaks.items() if name in before and peak > before[name] * GROWTH
    }
    assert not grown, f"memory grew (kB before, at most): {grown}"


async def twenty_kills(on: Stage, seed: int, recipients: int) -> None:
    """kill -9 twenty times while one message is being sent; each of a mail worker may double what was on its way."""
    plan, hit = kills(seed, KILLS), 0
    on.say(f"One message to {recipients}, and {KILLS} kills in the middle of it")
    sent = await on.send(f"{KILLS} kills", recipients, "governors")
    for share, name in plan:
        enough = partial(_share_is_out, share=share)
        await on.crew.until(enough, sent.message, seconds=END_WITHIN, every=0.2)
        await on.kill(name)
        left = (await on.crew.until(lambda _: True, sent.message)).open
        on.say(f"  {share:4.0%} out  kill -9 {name}, {left} still open")
        hit += left > 0
    on.say(f"  {hit} of {KILLS} kills while it was being sent")
    if hit < KILLS:
        on.wrong.append(f"{KILLS - hit} kills of {KILLS} came when all was sent")
    sent.bound = CONNECTIONS * sum(name.startswith("mail") for _, name in plan)
    report(on, sent, await on.settle(sent, END_WITHIN))


def _share_is_out(account: Account, share: float) -> bool:
    contacts = sum(account.states.values())
    return contacts - account.open >= share * contacts


async def during(on: Stage, what: str, trouble: Coroutine[Any, Any, None], recipients: int) -> None:
    """A message, and this in the middle of it."""
    on.say(f"A message to {recipients}; {what}")
    sent = await on.send(what, recipients, "local-governments")
    await on.crew.until(lambda account: account.states.get("accepted", 0) > recipients // 10, sent.message, every=0.2)
    await trouble
    report(on, sent, await on.settle(sent, END_WITHIN))


async def random_mix(on: Stage, seed: int, seconds: float, recipients: int) -> None:
    """Whatever the seed says; then all is well again, and every message must end by itself."""
    acts = mix(seed, seconds)
    on.say(f"{len(acts)} things at random in {seconds:.0f} s, messages to {recipients} each")
    began, first = time.monotonic(), len(on.sent)
    async with asyncio.TaskGroup() as under_way:
        for act in acts:
            await asyncio.sleep(max(0, began + act.at - time.monotonic()))
            on.say(f"  {act.at:6.1f} s  {act.what} {act.which}")
            under_way.create_task(carry_out(on, act, on.sent[first:], recipients))
    on.behave()
    on.say("All is well again; waiting until everybody is in a recorded state")
    for sent in on.sent[first:]:
        report(on, sent, await on.settle(sent, END_WITHIN))


async def carry_out(on: Stage, act: Act, sent: list[Sent], recipients: int) -> None:
    """One act of the mix."""
    meant = sent[int(act.draw * len(sent))] if sent else None
    match act.what:
        case "message":
            await on.send("in the mix", recipients, "bcm-leads", urgency="urgent" if act.draw < 0.5 else "routine")
        case "kill":
            await on.kill(act.which)
        case "freeze":
            await on.freeze(act.which, act.seconds)
        case "stop":
            await on.stop(act.which)
        case "relay":
            await on.relay(act.which, act.seconds)
        case "twilio":
            await on.provider(act.which, act.seconds)
        case "cut":
            await on.cut()
        case "kill postgres":
            await on.postgres_away(act.seconds, kill=True)
        case "kill kafka":
            await on.kafka_away(act.seconds, kill=True)
        case "halt" if meant:
            await on.halt(meant, "stop")
        case "pause" if meant:
            await on.halt(meant, "pause", act.seconds)
        case "correct" if meant:
            await on.correct(meant)


def report(on: Stage, sent: Sent, account: Account) -> None:
    """One line about what became of it."""
    line = counted(sent, account)
    on.say(
        f"  {line.what}: {account.channels}; at the relay {line.accepted_by_the_relay}, at Twilio"
        f" {line.accepted_by_twilio}; possible duplicates {line.possible_duplicates}, second copies"
        f" {line.second_mails} + {line.second_texts}, lost {line.lost}; {sent.seconds:.0f} s"
        + (f"; BROKEN: {line.broken}" if line.broken else "")
    )


def counted(sent: Sent, account: Account) -> Line:
    """A message, counted."""
    bound = account.second_copies if sent.bound is None else sent.bound
    broken = ""
    try:
        account.holds(bound=max(bound, account.possible_duplicates if sent.bound is None else 0))
    except Broken as problem:
        broken = str(problem).splitlines()[0]
    if late := sent.late():
        broken = f"{len(late)} later than a second after a halt: {max(late):.1f} s; {broken}"
    mails = sum(len(ids) for ids in account.mails.values())
    return Line(
        what=sent.what,
        recipients=account.message.recipients,
        states=account.states,
        accepted_by_the_relay=mails,
        accepted_by_twilio=sum(account.texts.values()),
        recorded=sum(
            counts.get(word, 0)
            for channel, counts in account.channels.items()
            for word in ("accepted", "delivered")
            if channel != "newsfeed"
        ),
        possible_duplicates=account.possible_duplicates,
        second_mails=mails - len(account.mails),
        second_texts=account.second_texts,
        lost=len(account.lost),
        seconds=round(sent.seconds, 1),
        broken=broken,
    )


def table(lines: list[Line], did: dict[str, int]) -> str:
    """What was done, and what was counted, for people."""
    rows = [[line.what[:34], *(str(getattr(line, name)) for name in COLUMNS)] for line in lines]
    sums = [str(sum(getattr(line, name) for line in lines)) for name in COLUMNS if name != "seconds"]
    done = ", ".join(f"{what}: {count}" for what, count in sorted(did.items()))
    shown = [["message", *COLUMNS.values()], *rows, ["all together", *sums, ""]]
    return "\n".join([f"Done: {done}", "", *(f"{row[0]:34}" + "".join(f"{c:>14}" for c in row[1:]) for row in shown)])


async def run(given: argparse.Namespace) -> int:
    """Play it and count; the exit code."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f}  {line}", file=sys.stderr, flush=True)

    say(f"seed {given.seed} (again: python -m tests.faults --seed {given.seed} --minutes {given.minutes:g}"
        f" --recipients {given.recipients})")  # fmt: skip
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else lambda: None)
    failed = ""
    with stage(say) as on:
        try:
            await play(on, given)
        except (AssertionError, ExceptionGroup, TimeoutError, DevstackError) as problem:
            failed = f"{type(problem).__name__}: {problem}"
            say(failed)
            say(on.crew.report())
        lines = [counted(sent, sent.account) for sent in on.sent if sent.account]
        broken = [f"{line.what}: {line.broken}" for line in lines if line.broken]
        broken += [*on.wrong, *([failed] if failed else [])]
        document = {
            "seed": given.seed,
            "minutes": given.minutes,
            "recipients": given.recipients,
            "held": not broken,
            "broken": broken,
            "did": on.done,
            "memory_kb": on.peaks,
            "messages": [asdict(line) for line in lines],
        }
    print(json.dumps(document) if given.json else f"{table(lines, document['did'])}\n\n{verdict(broken)}")
    return 1 if broken else 0


def verdict(broken: list[str]) -> str:
    """The last word."""
    return "The promise broke:\n" + "\n".join(broken) if broken else "The promise held."


def arguments() -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="the same things at the same moments; default: any")
    parser.add_argument("--minutes", type=float, default=18, help="about so long in all")
    parser.add_argument("--recipients", type=int, default=20_000, help="of the message with twenty kills")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    given = parser.parse_args()
    given.seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    return given


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    assert len(set(SERVICES)) == len(SERVICES)
    with suppress(asyncio.CancelledError):
        sys.exit(asyncio.run(run(arguments())))
    sys.exit(130)
